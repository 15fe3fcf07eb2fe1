// SPDX-License-Identifier: MIT
// The sources of evidence on reports that are filled in by hand: who said what about which trail,
// and the cases in which the sources contradict each other.
#include "answer/answerable.h"
#include "evidence/batv.h"
#include "evidence/case-lookup.h"
#include "evidence/evidence.h"
#include "evidence/handover.h"
#include "evidence/keys.h"
#include "evidence/stamp.h"
#include "judge/verdict.h"
#include "ledger/ledger.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NETWORK_OFF "evidence.disabled=dkim spf dnsbl sent-folder"

struct fixture {
    char *directory;
    struct conf *conf;
    struct report *report;
    struct message *message;
    struct envelope envelope;
    bool rehearsal;
};

static void set(struct fixture *fixture, const char *assignment)
{
    GError *err = NULL;
    assert_true(conf_assign(fixture->conf, assignment, "test", &err));
}

static void use_message(struct fixture *fixture, const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_clear_pointer(&fixture->message, message_free);
    fixture->message = message_new(bytes);
}

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    fixture->directory = g_dir_make_tmp("backstop-u-evidence.XXXXXX", NULL);
    fixture->conf = conf_new(fixture->directory);
    fixture->report = report_new();
    fixture->report->class = BOUNCE_DSN_FAILURE;
    fixture->envelope.sender = g_strdup("");
    fixture->envelope.recipient = g_strdup("alice@example.org");
    use_message(fixture, "From: MAILER-DAEMON@mx.example.net\nTo: alice@example.org\n\nfailed\n");
    g_autofree char *where = g_strdup_printf("state.directory=%s", fixture->directory);
    set(fixture, where);
    set(fixture, NETWORK_OFF);
    set(fixture, "identity.domains=example.org");
    *state = fixture;
    return 0;
}

static void remove_files(const char *directory)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(directory);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    remove_files(fixture->directory);
    g_free(fixture->directory);
    conf_free(fixture->conf);
    report_free(fixture->report);
    message_free(fixture->message);
    envelope_clear(&fixture->envelope);
    g_free(fixture);
    return 0;
}

static void add_hop(struct fixture *fixture, const char *from, const char *name,
                    const char *address, const char *by)
{
    struct received_hop *hop = original_add_hop(&fixture->report->original);
    hop->from = g_strdup(from);
    hop->name = g_strdup(name);
    hop->address = g_strdup(address);
    hop->by = g_strdup(by);
    hop->raw = g_strdup_printf("from %s (%s [%s]) by %s with ESMTP", from, name, address, by);
    fixture->report->original.full = true;
}

static void fail_at(struct fixture *fixture, const char *final, const char *original)
{
    struct report_recipient *recipient = report_add_recipient(fixture->report);
    recipient->final = g_strdup(final);
    recipient->original = g_strdup(original);
}

static void add_field(struct fixture *fixture, const char *field)
{
    g_ptr_array_add(fixture->report->original.fields, g_strdup(field));
}

static GArray *collect(struct fixture *fixture)
{
    const struct evidence_case evidence_case = {
        .message = fixture->message,
        .envelope = &fixture->envelope,
        .report = fixture->report,
        .conf = fixture->conf,
        .deadline = deadline_in(5000),
        .rehearsal = fixture->rehearsal,
    };
    return evidence_collect(&evidence_case);
}

static enum verdict judge(struct fixture *fixture)
{
    g_autoptr(GArray) findings = collect(fixture);
    return verdict_decide((const struct finding *)(void *)findings->data, findings->len);
}

// Asserts what SOURCE says.
static void says(struct fixture *fixture, const char *source, enum says wanted, enum weight weight)
{
    g_autoptr(GArray) findings = collect(fixture);
    for (guint i = 0; i < findings->len; i++) {
        const struct finding *finding = &g_array_index(findings, struct finding, i);
        if (strcmp(finding->source, source) != 0)
            continue;
        if (finding->says != wanted || finding->weight != weight)
            fail_msg("%s says %s %s: %s", source, says_name(finding->says),
                     weight_name(finding->weight), finding->because);
        assert_non_null(finding->because);
        return;
    }
    fail_msg("%s was not asked", source);
}

static void use_relays(struct fixture *fixture)
{
    set(fixture, "identity.relays=mail.example.org");
    set(fixture, "identity.networks=192.0.2.0/28 2001:db8:1::/48");
}

static void record(struct fixture *fixture, const char *id, gint64 when, const char *sender,
                   const char *recipient)
{
    GError *err = NULL;
    g_autoptr(Ledger) ledger = NULL;
    const char *recipients[] = {recipient, NULL};
    const struct sent_message message = {
        .message_id = id, .time = when, .sender = sender, .recipients = recipients};
    assert_true(ledger_open(fixture->conf, LEDGER_WRITE, deadline_in(1000), &ledger, &err));
    assert_true(ledger_record(ledger, &message, &err));
}

// trail ------------------------------------------------------------------------------------------

static void test_trail_silent_without_relays(void **state)
{
    add_hop(*state, "a.example.net", "a.example.net", "198.51.100.7", "mx.example.net");
    says(*state, "trail", SAYS_NOTHING, WEIGHT_NONE);
}

static void test_trail_ours(void **state)
{
    use_relays(*state);
    add_hop(*state, "mail.example.org", "mail.example.org", "192.0.2.3", "mx.example.net");
    says(*state, "trail", SAYS_OURS, WEIGHT_STRONG);
}

static void test_trail_ours_v6(void **state)
{
    use_relays(*state);
    add_hop(*state, "whatever", NULL, "IPv6:2001:db8:1::5", "mx.example.net");
    says(*state, "trail", SAYS_OURS, WEIGHT_STRONG);
}

static void test_trail_behind_internal_hops(void **state)
{
    use_relays(*state);
    add_hop(*state, "localhost", "localhost", "127.0.0.1", "store.example.net");
    add_hop(*state, "mx.example.net", "mx.example.net", "203.0.113.1", "store.example.net");
    add_hop(*state, "mail.example.org", "mail.example.org", "192.0.2.3", "mx.example.net");
    says(*state, "trail", SAYS_OURS, WEIGHT_STRONG);
}

// Nobody can tell from networks which hosts our names are: our own server reports on what a user of
// it or a stranger had handed in.
static void test_trail_networks_alone(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "identity.networks=192.0.2.0/28");
    add_hop(fixture, "laptop", "dsl-7.isp.example", "198.51.100.7", "mail.example.org");
    says(fixture, "trail", SAYS_NOTHING, WEIGHT_NONE);
    struct received_hop *hop = g_ptr_array_index(fixture->report->original.received, 0);
    g_free(hop->raw);
    hop->raw = g_strdup("from laptop by mail.example.org with ESMTPSA");
    says(fixture, "trail", SAYS_OURS, WEIGHT_HINT);
    g_free(hop->by);
    hop->by = g_strdup("mx.example.net");
    says(fixture, "trail", SAYS_FORGED, WEIGHT_STRONG);
    // Known by name, the same hosts are told apart.
    set(fixture, "identity.relays=mail.example.org");
    g_free(hop->by);
    hop->by = g_strdup("mail.example.org");
    says(fixture, "trail", SAYS_OURS, WEIGHT_STRONG);
}

// A host that looks no names up writes what the client said, and that may be anyone's.
static void test_trail_greeting(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "identity.relays=mail.example.org");
    add_hop(fixture, "mail.example.org", NULL, "198.51.100.7", "mx.example.net");
    says(fixture, "trail", SAYS_OURS, WEIGHT_HINT);
    struct received_hop *hop = g_ptr_array_index(fixture->report->original.received, 0);
    hop->name = g_strdup("mail.example.org");
    says(fixture, "trail", SAYS_OURS, WEIGHT_STRONG);
}

static void test_trail_stranger(void **state)
{
    use_relays(*state);
    add_hop(*state, "mail.example.org", "unknown", "198.51.100.7", "mx.example.net");
    says(*state, "trail", SAYS_FORGED, WEIGHT_STRONG);
}

static void test_trail_cut_is_no_proof(void **state)
{
    struct fixture *fixture = *state;
    use_relays(fixture);
    add_hop(fixture, "x.example.com", "x.example.com", "198.51.100.7", "mx.example.net");
    fixture->report->original.full = false;
    says(fixture, "trail", SAYS_FORGED, WEIGHT_HINT);
}

// A made-up line below the real one names our relay.
static void test_trail_made_up(void **state)
{
    use_relays(*state);
    fail_at(*state, "bob@example.net", NULL);
    add_hop(*state, "spam.example.com", "dsl-7.isp.example.com", "198.51.100.7", "mx.example.net");
    add_hop(*state, "mail.example.org", "mail.example.org", "192.0.2.3", "mx.elsewhere.example");
    says(*state, "trail", SAYS_FORGED, WEIGHT_STRONG);
}

// Our relay gave it to the forwarder that the recipient uses.
static void test_trail_forwarded(void **state)
{
    use_relays(*state);
    fail_at(*state, "bob@far.example.com", "bob@alias.example.net");
    add_hop(*state, "out.alias.example.net", "out.alias.example.net", "203.0.113.9",
            "mx.far.example.com");
    add_hop(*state, "mail.example.org", "mail.example.org", "192.0.2.3", "in.alias.example.net");
    says(*state, "trail", SAYS_OURS, WEIGHT_STRONG);
}

static void test_trail_our_own_report(void **state)
{
    use_relays(*state);
    add_hop(*state, "desk.example.org", "unknown", "10.1.2.3", "mail.example.org");
    says(*state, "trail", SAYS_OURS, WEIGHT_STRONG);
}

// It came into our relay from outside and went on to an alias.
static void test_trail_came_in(void **state)
{
    use_relays(*state);
    add_hop(*state, "x.example.com", "x.example.com", "198.51.100.7", "mail.example.org");
    says(*state, "trail", SAYS_OURS, WEIGHT_HINT);
}

static void test_trail_qmail_names_nobody(void **state)
{
    use_relays(*state);
    struct fixture *fixture = *state;
    original_add_hop(&fixture->report->original)->raw = g_strdup("(qmail 1 invoked by uid 0)");
    fixture->report->original.full = true;
    says(fixture, "trail", SAYS_NOTHING, WEIGHT_NONE);
}

// ledger -----------------------------------------------------------------------------------------

#define ID "<m1@mail.example.org>"
#define WHEN 1795230468
#define DATE "Sat, 21 Nov 2026 03:07:48 +0000"

static void use_original(struct fixture *fixture, const char *id, const char *date, const char *to)
{
    fixture->report->original.message_id = g_strdup(id);
    fixture->report->original.date = g_strdup(date);
    fixture->report->original.to = g_strdup(to);
}

static void test_ledger_absent(void **state)
{
    use_original(*state, ID, DATE, "bob@example.net");
    set(*state, "ledger.complete=yes");
    says(*state, "ledger", SAYS_NOTHING, WEIGHT_NONE); // no ledger
    record(*state, "<other@example.org>", WHEN - 86400, NULL, "x@example.net");
    says(*state, "ledger", SAYS_FORGED, WEIGHT_PROOF);
    set(*state, "ledger.complete=no");
    says(*state, "ledger", SAYS_NOTHING, WEIGHT_NONE);
}

static void test_ledger_began_later(void **state)
{
    use_original(*state, ID, DATE, "bob@example.net");
    set(*state, "ledger.complete=yes");
    record(*state, "<other@example.org>", WHEN + 60, NULL, "x@example.net");
    says(*state, "ledger", SAYS_NOTHING, WEIGHT_NONE);
}

static void test_ledger_hit(void **state)
{
    use_original(*state, "<M1@Mail.Example.ORG>", DATE, "bob@example.net");
    fail_at(*state, "bob@example.net", NULL);
    record(*state, ID, WHEN, "alice@example.org", "Bob@example.net");
    says(*state, "ledger", SAYS_OURS, WEIGHT_PROOF);
}

static void test_ledger_copied_id(void **state)
{
    use_original(*state, ID, "Thu, 19 Nov 2026 01:00:00 +0000", "carol@example.com");
    fail_at(*state, "carol@example.com", NULL);
    record(*state, ID, WHEN, "alice@example.org", "bob@example.net");
    record(*state, "<old@example.org>", WHEN - 864000, "alice@example.org", "bob@example.net");
    says(*state, "ledger", SAYS_OURS, WEIGHT_HINT);
    set(*state, "ledger.complete=yes");
    says(*state, "ledger", SAYS_FORGED, WEIGHT_STRONG);
}

static void test_ledger_copied_id_and_recipient(void **state)
{
    use_original(*state, ID, "Thu, 19 Nov 2026 01:00:00 +0000", "bob@example.net");
    fail_at(*state, "bob@example.net", NULL);
    record(*state, ID, WHEN, "alice@example.org", "bob@example.net");
    says(*state, "ledger", SAYS_OURS, WEIGHT_HINT);
}

static void test_ledger_forward(void **state)
{
    use_original(*state, ID, DATE, "bob@alias.example.net");
    fail_at(*state, "b4711@far.example.com", NULL);
    record(*state, ID, WHEN, "alice@example.org", "bob@alias.example.net");
    set(*state, "ledger.complete=yes");
    says(*state, "ledger", SAYS_OURS, WEIGHT_HINT);
    assert_int_not_equal(judge(*state), VERDICT_BACKSCATTER);
}

static void test_ledger_blind_copy_forwarded(void **state)
{
    use_original(*state, ID, DATE, "undisclosed-recipients:;");
    fail_at(*state, "b4711@far.example.com", NULL);
    record(*state, ID, WHEN, "alice@example.org", "bob@alias.example.net");
    set(*state, "ledger.complete=yes");
    says(*state, "ledger", SAYS_OURS, WEIGHT_HINT);
}

static void test_ledger_list(void **state)
{
    struct fixture *fixture = *state;
    g_free(fixture->envelope.recipient);
    fixture->envelope.recipient = g_strdup("news-bounces+bob=alias.example.net@example.org");
    use_original(fixture, ID, DATE, "news@example.org");
    fail_at(fixture, "b4711@far.example.com", NULL);
    record(fixture, ID, WHEN, "news-bounces@example.org", "bob@alias.example.net");
    set(fixture, "ledger.complete=yes");
    says(fixture, "correspondent", SAYS_OURS, WEIGHT_HINT);
    assert_int_not_equal(judge(fixture), VERDICT_BACKSCATTER);
}

static void test_ledger_answer(void **state)
{
    struct fixture *fixture = *state;
    fixture->report->class = BOUNCE_AUTO_REPLY;
    use_message(fixture, "From: Bob <bob@example.net>\nTo: alice@example.org\n\naway\n");
    g_ptr_array_add(fixture->report->original.references, g_strdup(ID));
    record(fixture, ID, WHEN, "alice@example.org", "bob@example.net");
    says(fixture, "ledger", SAYS_OURS, WEIGHT_PROOF);
}

static void test_ledger_bounce_of_bounce(void **state)
{
    struct fixture *fixture = *state;
    use_original(fixture, "<20261121@mail.example.org>", DATE, "x@example.net");
    fixture->report->original.from = g_strdup("MAILER-DAEMON@example.org");
    fail_at(fixture, "x@example.net", NULL);
    record(fixture, ID, WHEN - 86400, NULL, "bob@example.net");
    set(fixture, "ledger.complete=yes");
    says(fixture, "ledger", SAYS_NOTHING, WEIGHT_NONE);
    assert_int_not_equal(judge(fixture), VERDICT_BACKSCATTER);
}

// A file that is there and is no database, and one behind a symbolic link.
static void test_ledger_broken(void **state)
{
    struct fixture *fixture = *state;
    use_original(fixture, ID, DATE, "bob@example.net");
    set(fixture, "ledger.complete=yes");
    g_autofree char *path = g_build_filename(fixture->directory, "ledger.sqlite", NULL);
    g_autofree char *other = g_build_filename(fixture->directory, "other", NULL);
    assert_true(g_file_set_contents(path, "rubbish, and a lot of it", -1, NULL));
    says(fixture, "ledger", SAYS_NOTHING, WEIGHT_NONE);
    g_unlink(path);
    record(fixture, "<other@example.org>", 0, NULL, "x@example.net");
    says(fixture, "ledger", SAYS_FORGED, WEIGHT_PROOF);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    says(fixture, "ledger", SAYS_NOTHING, WEIGHT_NONE);
}

// correspondent ----------------------------------------------------------------------------------

static void test_correspondent(void **state)
{
    struct fixture *fixture = *state;
    fail_at(fixture, "bob@example.net", NULL);
    record(fixture, ID, WHEN, "alice@example.org", "bob@example.net");
    says(fixture, "correspondent", SAYS_OURS, WEIGHT_STRONG);
    use_original(fixture, "<x@example.org>", DATE, NULL);
    says(fixture, "correspondent", SAYS_OURS, WEIGHT_HINT);
}

static void test_correspondent_stranger(void **state)
{
    struct fixture *fixture = *state;
    fail_at(fixture, "stranger@example.com", NULL);
    record(fixture, ID, WHEN, "alice@example.org", "bob@example.net");
    says(fixture, "correspondent", SAYS_NOTHING, WEIGHT_NONE);
    set(fixture, "ledger.complete=yes");
    says(fixture, "correspondent", SAYS_SUSPECT, WEIGHT_HINT);
    // Who names a mail of ours got it.
    use_original(fixture, ID, DATE, NULL);
    says(fixture, "correspondent", SAYS_FORGED, WEIGHT_HINT);
    use_original(fixture, "<x@example.org>", DATE, NULL);
    says(fixture, "correspondent", SAYS_SUSPECT, WEIGHT_HINT);
    // The host that reports belongs to someone we write to: it may have forwarded.
    fixture->report->reporting_mta = g_strdup("mx1.example.net");
    says(fixture, "correspondent", SAYS_FORGED, WEIGHT_HINT);
}

static void test_correspondent_daemon_is_nobody(void **state)
{
    struct fixture *fixture = *state;
    fixture->report->class = BOUNCE_AUTO_REPLY;
    record(fixture, ID, WHEN, "alice@example.org", "bob@example.net");
    set(fixture, "ledger.complete=yes");
    says(fixture, "correspondent", SAYS_NOTHING, WEIGHT_NONE);
}

// recipient, marks, msgid ------------------------------------------------------------------------

static void test_recipient(void **state)
{
    says(*state, "recipient", SAYS_NOTHING, WEIGHT_NONE);
    use_message(*state, "To: a@x.example, b@x.example, c@x.example, d@x.example\n\n");
    says(*state, "recipient", SAYS_SUSPECT, WEIGHT_HINT);
    set(*state, "identity.never-sends=info@* alice@example.org");
    says(*state, "recipient", SAYS_FORGED, WEIGHT_PROOF);
}

static void test_marks(void **state)
{
    static const char *const spam[] = {
        "X-Spam-Flag: YES",
        "X-Spam-Status: Yes, score=12.3 required=5.0\n\ttests=A",
        "X-MS-Exchange-Organization-SCL: 9",
        "X-Forefront-Antispam-Report: CIP:192.0.2.9;SFV:SPM;SCL:5",
        "X-Proofpoint-Spam-Details: rule=spam policy=default score=100",
        "X-Spamd-Result: default: True [15.20 / 15.00]",
    };
    static const char *const ham[] = {
        "X-Spam-Flag: NO",
        "X-Spam-Status: No, score=-1",
        "X-MS-Exchange-Organization-SCL: -1",
        "X-Spamd-Result: default: False [1.20 / 15.00]",
        "Subject: X-Spam-Flag: YES",
    };
    struct fixture *fixture = *state;
    GPtrArray *fields = fixture->report->original.fields;
    for (gsize i = 0; i < G_N_ELEMENTS(ham); i++)
        add_field(fixture, ham[i]);
    says(fixture, "marks", SAYS_NOTHING, WEIGHT_NONE);
    for (gsize i = 0; i < G_N_ELEMENTS(spam); i++) {
        g_ptr_array_set_size(fields, 0);
        add_field(fixture, spam[i]);
        says(fixture, "marks", SAYS_SUSPECT, WEIGHT_HINT);
    }
    g_ptr_array_set_size(fields, 0);
    g_ptr_array_add(fixture->report->refused_as, g_strdup("some-rule"));
    says(fixture, "marks", SAYS_SUSPECT, WEIGHT_HINT);
}

static void test_msgid(void **state)
{
    struct fixture *fixture = *state;
    use_original(fixture, ID, DATE, NULL);
    says(fixture, "msgid", SAYS_NOTHING, WEIGHT_NONE);
    set(fixture, "identity.message-id=@mail\\.example\\.org>$");
    says(fixture, "msgid", SAYS_OURS, WEIGHT_STRONG);
    set(fixture, "identity.message-id=^<[0-9]+@mail\\.example\\.org>$");
    says(fixture, "msgid", SAYS_FORGED, WEIGHT_STRONG);
    fixture->report->reporting_mta = g_strdup("mail.example.org");
    says(fixture, "msgid", SAYS_NOTHING, WEIGHT_NONE);
    set(fixture, "identity.message-id=(((");
    says(fixture, "msgid", SAYS_NOTHING, WEIGHT_NONE);
}

// batv, stamp ------------------------------------------------------------------------------------

static char *write_keys(struct fixture *fixture, const char *text)
{
    char *path = g_build_filename(fixture->directory, "keys", NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void test_batv(void **state)
{
    g_autofree char *path = write_keys(*state, "# old\n1 first secret\n\n2 second secret\n");
    g_autoptr(GPtrArray) keys = NULL;
    assert_true(keys_read(path, &keys, NULL));
    const gint64 now = 20780 * G_GINT64_CONSTANT(86400);
    g_autofree char *tagged = batv_sign(keys, "Alice@example.org", now, 7);
    assert_true(g_str_has_prefix(tagged, "prvs=2787"));
    assert_int_equal(batv_verify(keys, tagged, now, 7), BATV_VALID);
    assert_int_equal(batv_verify(keys, tagged, now + 7 * 86400, 7), BATV_VALID);
    assert_int_equal(batv_verify(keys, tagged, now + 8 * 86400, 7), BATV_EXPIRED);
    assert_int_equal(batv_verify(keys, "alice@example.org", now, 7), BATV_UNTAGGED);
    assert_int_equal(batv_verify(keys, "prvs=2787000000=alice@example.org", now, 7), BATV_INVALID);
    assert_int_equal(batv_verify(keys, "prvs=5787123456=alice@example.org", now, 7), BATV_INVALID);
    assert_int_equal(batv_verify(keys, "prvs=junk=alice@example.org", now, 7), BATV_INVALID);
    // Signed again it stays as it is, and the days wrap at a thousand.
    g_autofree char *again = batv_sign(keys, tagged, now, 7);
    assert_string_equal(again, tagged);
    const gint64 late = 20998 * G_GINT64_CONSTANT(86400);
    g_autofree char *wrapped = batv_sign(keys, "a@example.org", late, 7);
    assert_true(g_str_has_prefix(wrapped, "prvs=2005"));
    assert_int_equal(batv_verify(keys, wrapped, late + 3 * 86400, 7), BATV_VALID);
    // The variants: hexadecimal in upper case, and "/" with the user first.
    g_autofree char *tag = g_strndup(tagged + 5, 10);
    g_autofree char *upper = g_ascii_strup(tag, -1);
    g_autofree char *shouted = g_strdup_printf("PRVS=%s=Alice@example.org", upper);
    assert_int_equal(batv_verify(keys, shouted, now, 7), BATV_VALID);
    g_autofree char *turned = g_strdup_printf("prvs=Alice/%s@example.org", tag);
    assert_int_equal(batv_verify(keys, turned, now, 7), BATV_VALID);
}

static void test_batv_source(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = write_keys(fixture, "0 secret\n");
    g_autofree char *assignment = g_strdup_printf("batv.key-file=%s", path);
    says(fixture, "batv", SAYS_NOTHING, WEIGHT_NONE);
    set(fixture, assignment);
    says(fixture, "batv", SAYS_NOTHING, WEIGHT_NONE);
    set(fixture, "batv.required=yes");
    says(fixture, "batv", SAYS_FORGED, WEIGHT_PROOF);
    set(fixture, "batv.exempt=ali*@example.org");
    says(fixture, "batv", SAYS_NOTHING, WEIGHT_NONE);
    set(fixture, "batv.exempt=");
    // What answers the header, not the envelope, cannot bear a tag.
    fixture->report->class = BOUNCE_MDN;
    says(fixture, "batv", SAYS_NOTHING, WEIGHT_NONE);
    fixture->report->class = BOUNCE_DSN_FAILURE;
    g_autoptr(GPtrArray) keys = NULL;
    assert_true(keys_read(path, &keys, NULL));
    g_free(fixture->envelope.recipient);
    fixture->envelope.recipient =
        batv_sign(keys, "alice@example.org", g_get_real_time() / G_USEC_PER_SEC, 7);
    says(fixture, "batv", SAYS_OURS, WEIGHT_PROOF);
    fixture->envelope.recipient[12] ^= 1;
    says(fixture, "batv", SAYS_FORGED, WEIGHT_PROOF);
}

static void test_stamp(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = write_keys(fixture, "2026-10 old\n2026-11 new\n");
    g_autofree char *assignment = g_strdup_printf("stamp.key-file=%s", path);
    g_autoptr(GPtrArray) keys = NULL;
    set(fixture, assignment);
    assert_true(keys_read(path, &keys, NULL));
    g_autofree char *stamp = stamp_make(keys, "Alice <alice@example.org>", DATE, ID);
    assert_true(g_str_has_prefix(stamp, "1; k=2026-11; s="));
    add_hop(fixture, "x.example", "x.example", "198.51.100.7", "mx.example.net");
    add_field(fixture, "From: \"Alice M.\"\n <Alice@Example.org>");
    add_field(fixture, "Date:  Sat, 21 Nov 2026\n 03:07:48 +0000");
    add_field(fixture, "Message-ID: " ID);
    says(fixture, "stamp", SAYS_NOTHING, WEIGHT_NONE);
    set(fixture, "stamp.required=yes");
    says(fixture, "stamp", SAYS_FORGED, WEIGHT_STRONG);
    g_autofree char *field = g_strdup_printf("X-Backstop-Sent: %s", stamp);
    add_field(fixture, field);
    says(fixture, "stamp", SAYS_OURS, WEIGHT_PROOF);
    g_ptr_array_set_size(fixture->report->original.fields, 0);
    add_field(fixture, field);
    add_field(fixture, "From: alice@example.org");
    add_field(fixture, "Date: " DATE);
    add_field(fixture, "Message-ID: <other@mail.example.org>");
    says(fixture, "stamp", SAYS_NOTHING, WEIGHT_NONE);
    // Each of the three counts.
    assert_true(stamp_verify(keys, stamp, "alice@example.org", DATE, ID));
    assert_false(stamp_verify(keys, stamp, "bob@example.org", DATE, ID));
    assert_false(stamp_verify(keys, stamp, "alice@example.org", "Sun" DATE, ID));
    assert_false(stamp_verify(keys, stamp, "alice@example.org", DATE, "<2@example.org>"));
}

// Without an envelope the header tells to whom the report was sent; dma writes the failed recipient
// into it.
static void test_addressee_in_header(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "identity.never-sends=alice@example.org");
    g_clear_pointer(&fixture->envelope.recipient, g_free);
    use_message(fixture, "X-Original-To: <bob@example.net>\nFrom: MAILER-DAEMON <>\n"
                         "To: alice@example.org\n\nfailed\n");
    says(fixture, "recipient", SAYS_NOTHING, WEIGHT_NONE);
    fail_at(fixture, "Bob@example.net", NULL);
    says(fixture, "recipient", SAYS_FORGED, WEIGHT_PROOF);
    use_message(fixture, "X-Original-To: alice@example.org\nTo: x@example.org\n\nfailed\n");
    says(fixture, "recipient", SAYS_FORGED, WEIGHT_PROOF);
}

// Copies: whoever got a mail of ours has its return path, its stamp and its Message-ID
// --------------

// A mail that a stranger sent comes back from one of his victims, with TO in its header.
static void sent_by_stranger(struct fixture *fixture, const char *to, const char *victim)
{
    use_relays(fixture);
    add_hop(fixture, "dsl-7.isp.example", "dsl-7.isp.example", "198.51.100.7", "mx.example.net");
    fixture->report->original.message_id = g_strdup(ID);
    fixture->report->original.date = g_strdup(DATE);
    fixture->report->original.to = g_strdup(to);
    fail_at(fixture, victim, NULL);
}

static void arrive_tagged(struct fixture *fixture)
{
    g_autofree char *path = write_keys(fixture, "0 secret\n");
    g_autofree char *assignment = g_strdup_printf("batv.key-file=%s", path);
    g_autoptr(GPtrArray) keys = NULL;
    set(fixture, assignment);
    assert_true(keys_read(path, &keys, NULL));
    g_free(fixture->envelope.recipient);
    fixture->envelope.recipient =
        batv_sign(keys, "alice@example.org", g_get_real_time() / G_USEC_PER_SEC, 7);
}

static void test_batv_copied(void **state)
{
    struct fixture *fixture = *state;
    arrive_tagged(fixture);
    sent_by_stranger(fixture, "victim@example.net", "victim@example.net");
    // Nothing but the trail is against it: a forwarder may have taken the Received lines out.
    says(fixture, "batv", SAYS_OURS, WEIGHT_PROOF);
    set(fixture, "ledger.complete=yes");
    record(fixture, "<one@example.org>", WHEN, "alice@example.org", "friend@example.com");
    says(fixture, "batv", SAYS_OURS, WEIGHT_HINT);
    assert_int_equal(judge(fixture), VERDICT_BACKSCATTER);
    // The ledger knows the mail: it came back by a way that hides ours.
    record(fixture, ID, WHEN, "alice@example.org", "victim@example.net");
    says(fixture, "batv", SAYS_OURS, WEIGHT_PROOF);
    assert_int_equal(judge(fixture), VERDICT_GENUINE);
}

static void test_batv_copied_with_id(void **state)
{
    struct fixture *fixture = *state;
    arrive_tagged(fixture);
    sent_by_stranger(fixture, "friend@example.com", "friend@example.com");
    set(fixture, "ledger.complete=yes");
    record(fixture, ID, WHEN - 3 * 86400, "alice@example.org", "friend@example.com");
    says(fixture, "batv", SAYS_OURS, WEIGHT_HINT);
    assert_int_equal(judge(fixture), VERDICT_BACKSCATTER);
}

static void test_batv_through_our_relay(void **state)
{
    struct fixture *fixture = *state;
    arrive_tagged(fixture);
    use_relays(fixture);
    add_hop(fixture, "mail.example.org", "mail.example.org", "192.0.2.3", "mx.example.net");
    fixture->report->original.to = g_strdup("friend@example.com");
    fail_at(fixture, "victim@example.net", NULL);
    set(fixture, "ledger.complete=yes");
    record(fixture, "<one@example.org>", WHEN, "alice@example.org", "friend@example.com");
    says(fixture, "batv", SAYS_OURS, WEIGHT_PROOF);
}

static void test_batv_own_host_reports(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = write_keys(fixture, "0 secret\n");
    g_autofree char *assignment = g_strdup_printf("batv.key-file=%s", path);
    set(fixture, assignment);
    set(fixture, "batv.required=yes");
    fixture->report->reporting_mta = g_strdup("mx.example.net");
    says(fixture, "batv", SAYS_FORGED, WEIGHT_PROOF);
    g_free(fixture->report->reporting_mta);
    fixture->report->reporting_mta = g_strdup("mail.example.org");
    says(fixture, "batv", SAYS_NOTHING, WEIGHT_NONE);
    g_free(fixture->report->reporting_mta);
    fixture->report->reporting_mta = g_strdup("smtp.provider.example");
    set(fixture, "identity.relays=smtp.provider.example");
    says(fixture, "batv", SAYS_NOTHING, WEIGHT_NONE);
}

static void test_stamp_replayed(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = write_keys(fixture, "k secret\n");
    g_autofree char *assignment = g_strdup_printf("stamp.key-file=%s", path);
    g_autoptr(GPtrArray) keys = NULL;
    set(fixture, assignment);
    assert_true(keys_read(path, &keys, NULL));
    g_autofree char *stamp = stamp_make(keys, "alice@example.org", DATE, ID);
    g_autofree char *field = g_strdup_printf("X-Backstop-Sent: %s", stamp);
    sent_by_stranger(fixture, "friend@example.com", "victim@example.net");
    add_field(fixture, field);
    add_field(fixture, "From: alice@example.org");
    add_field(fixture, "Date: " DATE);
    add_field(fixture, "Message-ID: " ID);
    says(fixture, "stamp", SAYS_OURS, WEIGHT_HINT);
    assert_int_equal(judge(fixture), VERDICT_BACKSCATTER);
    // It failed at the addressee himself.
    fail_at(fixture, "friend@example.com", NULL);
    says(fixture, "stamp", SAYS_OURS, WEIGHT_PROOF);
}

// wave -------------------------------------------------------------------------------------------

static void spam_report(struct fixture *fixture, int number, const char *subject)
{
    g_autofree char *text = g_strdup_printf(
        "From: MAILER-DAEMON@mx%d.example.net\nTo: alice@example.org\n\nfailed %d\n", number,
        number);
    use_message(fixture, text);
    g_free(fixture->report->original.subject);
    fixture->report->original.subject = g_strdup(subject);
}

static void test_wave(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "wave.begin=4");
    // One mail sent, to show that it is known how much was.
    record(fixture, "<one@example.org>", WHEN, "alice@example.org", "friend@example.com");
    for (int i = 0; i < 3; i++) {
        g_autofree char *subject = g_strdup_printf("Re: Cheap watches %d!", i * 17);
        spam_report(fixture, i, subject);
        says(fixture, "wave", SAYS_NOTHING, WEIGHT_NONE);
        says(fixture, "wave", SAYS_NOTHING, WEIGHT_NONE); // the same one counts once
    }
    spam_report(fixture, 3, "cheap watches 99");
    says(fixture, "wave", SAYS_SUSPECT, WEIGHT_HINT);
    spam_report(fixture, 4, "The minutes of our meeting");
    says(fixture, "wave", SAYS_NOTHING, WEIGHT_NONE);
    assert_int_equal(judge(fixture), VERDICT_UNKNOWN);
}

// Who only asks makes no wave.
static void test_wave_rehearsed(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "wave.begin=3");
    record(fixture, "<one@example.org>", WHEN, "alice@example.org", "friend@example.com");
    fixture->rehearsal = true;
    for (int i = 0; i < 6; i++) {
        spam_report(fixture, i, "Cheap watches");
        says(fixture, "wave", SAYS_NOTHING, WEIGHT_NONE);
    }
    fixture->rehearsal = false;
    spam_report(fixture, 6, "Cheap watches");
    says(fixture, "wave", SAYS_NOTHING, WEIGHT_NONE);
}

// Where nothing is recorded, a mailing of one's own looks the same.
static void test_wave_unknown(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "wave.begin=3");
    for (int i = 0; i < 6; i++) {
        spam_report(fixture, i, "Newsletter");
        says(fixture, "wave", SAYS_NOTHING, WEIGHT_NONE);
    }
}

static void test_wave_of_our_own_mailing(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "wave.begin=3");
    for (int i = 0; i < 5; i++) {
        g_autofree char *id = g_strdup_printf("<n%d@example.org>", i);
        g_autofree char *to = g_strdup_printf("reader%d@example.net", i);
        record(fixture, id, WHEN, "alice@example.org", to);
    }
    for (int i = 0; i < 6; i++) {
        spam_report(fixture, i, "Newsletter");
        says(fixture, "wave", SAYS_NOTHING, WEIGHT_NONE);
    }
}

// What may be answered ---------------------------------------------------------------------------

static void test_answerable(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *header;
        bool may;
    } rows[] = {
        {"", true},
        {"Auto-Submitted: no\n", true},
        {"Auto-Submitted: No (by hand)\n", true},
        {"Auto-Submitted: notified\n", false},
        {"X-Auto-Response-Suppress: RN, NRN\n", true},
        {"Auto-Submitted: auto-generated\n", false},
        {"Precedence: Bulk\n", false},
        {"List-Id: <x.example.org>\n", false},
        {"X-Auto-Response-Suppress: OOF\n", false},
        {"Authentication-Results: mx.example.org; spf=fail smtp.mailfrom=b@example.net\n", false},
        {"Authentication-Results: mx.example.org; spf=fail; dmarc=pass\n", true},
        {"Authentication-Results: mx.example.org; dkim=fail; spf=pass\n", true},
        {"Authentication-Results: elsewhere.example; spf=fail\n", true},
    };
    set(fixture, "answer.trusted=mx.example.org");
    g_free(fixture->envelope.sender);
    fixture->envelope.sender = g_strdup("bob@example.net");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat(rows[i].header, "From: b@example.net\n\nhi\n", NULL);
        use_message(fixture, text);
        const char *why_not =
            answerable_why_not(fixture->conf, fixture->message, &fixture->envelope, false);
        if ((why_not == NULL) != rows[i].may)
            fail_msg("%s: %s", rows[i].header, why_not ? why_not : "answered");
    }
    use_message(fixture, "From: b@example.net\n\nhi\n");
    assert_non_null(answerable_why_not(fixture->conf, fixture->message, &fixture->envelope, true));
    static const char *const robots[] = {"", "MAILER-DAEMON@example.net", "no-reply@example.net",
                                         "x-bounces+y@example.net", "owner-list@example.net"};
    for (gsize i = 0; i < G_N_ELEMENTS(robots); i++) {
        g_free(fixture->envelope.sender);
        fixture->envelope.sender = g_strdup(robots[i]);
        assert_non_null(
            answerable_why_not(fixture->conf, fixture->message, &fixture->envelope, false));
    }
}

static void test_disabled_and_spent(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, "evidence.disabled=trail ledger");
    g_autoptr(GArray) findings = collect(fixture);
    for (guint i = 0; i < findings->len; i++)
        assert_string_not_equal(g_array_index(findings, struct finding, i).source, "trail");
    const struct evidence_case spent = {
        .message = fixture->message,
        .envelope = &fixture->envelope,
        .report = fixture->report,
        .conf = fixture->conf,
        .deadline = deadline_in(0),
    };
    g_autoptr(GArray) none = evidence_collect(&spent);
    for (guint i = 0; i < none->len; i++)
        assert_int_equal(g_array_index(none, struct finding, i).says, SAYS_NOTHING);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(trail_silent_without_relays),
        T(trail_ours),
        T(trail_ours_v6),
        T(trail_behind_internal_hops),
        T(trail_networks_alone),
        T(trail_greeting),
        T(trail_stranger),
        T(trail_cut_is_no_proof),
        T(trail_made_up),
        T(trail_forwarded),
        T(trail_our_own_report),
        T(trail_came_in),
        T(trail_qmail_names_nobody),
        T(ledger_absent),
        T(ledger_began_later),
        T(ledger_hit),
        T(ledger_copied_id),
        T(ledger_copied_id_and_recipient),
        T(ledger_forward),
        T(ledger_blind_copy_forwarded),
        T(ledger_list),
        T(ledger_answer),
        T(ledger_bounce_of_bounce),
        T(ledger_broken),
        T(correspondent),
        T(correspondent_stranger),
        T(correspondent_daemon_is_nobody),
        T(recipient),
        T(marks),
        T(msgid),
        T(batv),
        T(batv_source),
        T(addressee_in_header),
        T(batv_copied),
        T(batv_copied_with_id),
        T(batv_through_our_relay),
        T(batv_own_host_reports),
        T(stamp),
        T(stamp_replayed),
        T(wave),
        T(wave_rehearsed),
        T(wave_unknown),
        T(wave_of_our_own_mailing),
        T(answerable),
        T(disabled_and_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
