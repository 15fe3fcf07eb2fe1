// SPDX-License-Identifier: MIT
// libFuzzer: what comes out of the judge's pipe, which a judge in another's hands may fill with
// anything. It is refused, or makes a header that is one field.
// Run in the build directory:  tests/fuzz/fuzz-judge DIR
#define judge_in_child fuzz_judge_in_child
#define judge_if_automatic fuzz_judge_if_automatic
#include "judge/judge-child.c"

#include <fcntl.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_one_field(const char *header)
{
    g_assert(g_str_has_prefix(header, "X-Backstop:"));
    for (const char *end = strchr(header, '\n'); end; end = strchr(end + 1, '\n'))
        g_assert(!end[1] || end[1] == '\t' || end[1] == ' ');
    g_assert(!strchr(header, '\r'));
}

static GString *heard(const uint8_t *data, size_t size)
{
    struct child judge = {.fed = {-1, -1}};
    const struct deadline deadline = deadline_in(1000);
    GString *answer = g_string_new(NULL);
    g_assert(pipe2(judge.heard, O_CLOEXEC) == 0);
    g_assert(write(judge.heard[1], data, MIN(size, 60000)) >= 0);
    close(judge.heard[1]);
    judge.heard[1] = -1;
    const char *why = hear(&judge, &deadline, answer);
    g_assert(answer->len <= ANSWER_MAX_BYTES && (!why || *why));
    child_close(&judge);
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct judged judged = {0};
    g_autoptr(GString) answer = heard(data, size);
    if (!parse_answer(answer->str, &judged))
        return 0;
    g_assert((judged.class == BOUNCE_NONE) == (judged.verdict == VERDICT_NONE));
    g_autofree char *header = judge_header(&judged);
    if (*header)
        must_be_one_field(header);
    judged_clear(&judged);
    return 0;
}
