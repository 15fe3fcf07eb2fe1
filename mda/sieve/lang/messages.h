// SPDX-License-Identifier: MIT
// All that the engine says of a script or of a run of it: one table of codes and texts. A message
// says what is wrong and, where that is not plain, what would be right; its position is told beside
// it. The first letter is what it amounts to: E an error, W a warning, I a remark. Codes are never
// given to another message: people look them up, and suites test for them.
//
//   1xx reading the script   2xx what it says   3xx extensions   4xx running   5xx test suites
#pragma once

#include <glib.h>

// X(code, name, text): the name is for the program, the text a printf format.
#define SIEVE_MESSAGES(X)                                                                          \
    X(E101, NUL_IN_COMMENT, "this comment holds a NUL byte; a script is text without any")         \
    X(W102, COMMENT_AT_END, "the last line, a comment, has no line end")                           \
    X(E103, COMMENT_OPEN, "the comment that /* opens in line %u is never closed by */")            \
    X(E104, NAME_TOO_LONG, "no %s is this long: \"%.29s...\"")                                     \
    X(E105, NUMBER_TOO_BIG, "this number is above the largest one, %" G_GUINT64_FORMAT)            \
    X(E106, STRING_OPEN, "the script ends inside this %s; is its end missing?")                    \
    X(E107, STRING_OPEN_SINCE,                                                                     \
      "the script ends inside the %s that began in line %u; is its end missing?")                  \
    X(E108, NUL_IN_STRING, "the %s that began in line %u holds a NUL byte")                        \
    X(E109, BARE_CR_IN_STRING, "the %s that began in line %u holds a CR without LF")               \
    X(E110, STRING_TOO_LONG, "the %s that began in line %u has more than %u bytes")                \
    X(E111, TEXT_OPEN,                                                                             \
      "the script ends behind \"text:\"; the text and a line of one \".\" are missing")            \
    X(E112, TEXT_NOT_ALONE, "'%c' stands behind \"text:\"; the text begins on the next line")      \
    X(E113, STRAY_CHARACTER, "nothing in Sieve begins with '%c' here")                             \
    X(E114, STRAY_BYTE, "nothing in Sieve begins with the byte 0x%02x")                            \
    X(E115, LIST_NOT_CLOSED,                                                                       \
      "behind an item the %s goes on with ',' or is closed, but here is %s")                       \
    X(E116, LIST_WANTS_STRING, "after '%s' a list has its next string in quotes, not %s")          \
    X(E117, TOO_MANY_ARGUMENTS, "%s has more arguments than any command takes")                    \
    X(E118, TESTS_TOO_DEEP, "tests inside of tests go %u levels deep at most")                     \
    X(E119, LIST_WANTS_TEST, "after '%s' a test has to begin, with its name, not %s")              \
    X(E120, TESTS_LOST, "the tests of %s could not be read")                                       \
    X(E121, BLOCKS_TOO_DEEP, "blocks inside of blocks go %u levels deep at most")                  \
    X(E122, BLOCK_NOT_CLOSED, "this block lacks its '}': %s stands here")                          \
    X(E123, COMMAND_NOT_ENDED,                                                                     \
      "a command ends with ';' or has a block in '{' and '}', but here comes %s; is a ';' "        \
      "missing?")                                                                                  \
    X(E124, SCRIPT_TOO_COMPLEX, "a script has at most %u commands and tests")                      \
    X(E125, SCRIPT_TOO_BIG_EVER, "the script has more than %u bytes")                              \
    X(E126, NOT_A_COMMAND, "a command has to begin here, not %s")                                  \
    X(E127, SCRIPT_TOO_BIG,                                                                        \
      "the script is larger than max_script_size, %" G_GINT64_FORMAT " bytes")                     \
    X(E199, STAGE_FAILED, "the script cannot be used: its %s has errors")                          \
    X(E201, EXTENSION_NEEDS, "%s works together with %s only: require both")                       \
    X(E202, TAG_GROUP_TWICE, "a second %s%s is given, by :%s, and %s is a %s that takes one")      \
    X(E203, TAG_TWICE, ":%s is given twice; the %s %s takes it once")                              \
    X(E204, RELATION_WANTED,                                                                       \
      "behind :%s stands how to compare, \"gt\", \"ge\", \"lt\", \"le\", \"eq\" or \"ne\", but "   \
      "here is %s")                                                                                \
    X(E205, TAG_VALUE_MISSING, ":%s of the %s %s wants %s behind it, and nothing is there")        \
    X(E206, TAG_VALUE_WRONG, ":%s of the %s %s wants %s behind it, not %s")                        \
    X(E207, KEY_WANTED, "behind :%s the %s %s has the string to compare with, but here is %s")     \
    X(E208, NO_SUCH_TAG,                                                                           \
      "there is no :%s in the %s %s; is it misspelt, or its extension not required?")              \
    X(E209, TAG_BEHIND_VALUE, ":%s stands behind a value; the tags of the %s %s come first")       \
    X(E210, ONE_OR_TWO_ARGUMENTS, "the %s %s takes at %s; %s")                                     \
    X(E211, ARGUMENT_COUNT, "the %s %s takes %d argument(s) besides its tags, and has %d")         \
    X(E212, ARGUMENT_WRONG, "the %s %s wants %s for argument %d, the %s, not %s")                  \
    X(E213, COLON_FORGOTTEN, "the tag :%s lacks its colon in the %s %s")                           \
    X(E214, SEMICOLON_FORGOTTEN, "a ';' is missing behind the %s %s")                              \
    X(E215, NO_TEST_WANTED, "no test belongs behind the %s %s")                                    \
    X(E216, TEST_MISSING, "the %s %s needs a test behind it")                                      \
    X(E217, ONE_TEST_WANTED,                                                                       \
      "the %s %s takes one test; join several by allof (...) or anyof (...)")                      \
    X(E218, TEST_LIST_MISSING, "the %s %s needs tests in parentheses behind it")                   \
    X(E219, TEST_LIST_WANTED, "the test of the %s %s belongs in parentheses")                      \
    X(E220, BLOCK_MISSING, "%s needs a block in '{' and '}' behind it")                            \
    X(E221, NO_BLOCK_WANTED, "%s takes no block in '{' and '}'")                                   \
    X(E222, NO_SUCH_VERB, "there is no %s \"%s\"; is it misspelt, or its extension not required?") \
    X(E223, VERB_MISPLACED, "the %s \"%s\" cannot stand where a %s belongs")                       \
    X(E224, ELSE_WITHOUT_IF, "%s belongs right behind the block of an if or elsif")                \
    X(E225, REDIRECT_OFF, "this site allows no redirect (max_redirects is 0)")                     \
    X(E226, REDIRECT_ADDRESS, "redirect cannot send to \"%s\": %s")                                \
    X(E411, REDIRECT_NO_LIST, "redirect cannot send to the list \"%s\": there is none")            \
    X(E227, REQUIRE_CORE,                                                                          \
      "\"%s\" is no extension but a %s that is always there; take it out of the require")          \
    X(E228, NO_SUCH_EXTENSION,                                                                     \
      "there is no extension \"%s\" here; `backstop sieve extensions` lists them")                 \
    X(E229, REQUIRE_LATE, "require belongs before all other commands, outside of any block")       \
    X(E230, REQUIRE_VALUE, "require takes the name of an extension or a list of names, not %s")    \
    X(I231, FOREIGN_WORD, "'%s' is %s; %s")                                                        \
    X(E232, NO_SUCH_COMPARATOR, "there is no comparator \"%s\"")                                   \
    X(E233, REGEX_COMPARATOR,                                                                      \
      ":regex compares by i;octet or i;ascii-casemap, no other comparator")                        \
    X(E234, BAD_REGEX, "\"%s\" is no regular expression: %s")                                      \
    X(E235, LIST_COMPARATOR, ":list asks a list of the site, which takes no comparator")           \
    X(E236, COMPARATOR_NO_PARTS,                                                                   \
      "the comparator %s cannot look for a part of a value, so not with :%s")                      \
    X(W409, REGEX_GIVEN_UP, "a regular expression took too long and counts as not matching")       \
    X(E237, NOT_UNICODE, "0x%08x is no character of Unicode")                                      \
    X(E238, GLOBAL_NAME,                                                                           \
      "a name behind \"global.\" is one word that begins with a letter; this has %s")              \
    X(E239, ENVIRONMENT_NAME,                                                                      \
      "no part of a name behind \"env.\" begins with a digit, as \"%s\" does")                     \
    X(E240, NO_SUCH_NAMESPACE,                                                                     \
      "there are no variables called \"%s.NAME\"; is include not required?")                       \
    X(E241, MATCH_VALUE_RANGE, "${%u} is beyond the last match value, ${%d}")                      \
    X(E242, MATCH_VALUE_SET,                                                                       \
      "match values such as ${1} come from :matches and :regex; they cannot be set")               \
    X(E243, VARIABLE_NAME, "\"%s\" cannot name a variable: letters, digits and _, no digit first") \
    X(E244, ENVIRONMENT_SET, "\"env.%s\" is read only")                                            \
    X(E245, SUITE_SET, "\"tst.%s\" is read only")                                                  \
    X(E246, TOO_MANY_VARIABLES, "the variable \"%s\" is one too many: a script has at most %u")    \
    X(E247, NO_ADDRESS_FIELD, "\"%s\" is no header field of addresses; test it with header")       \
    X(W248, FIELD_NAME, "\"%s\" cannot be the name of a header field")                             \
    X(E249, SIZE_WITHOUT_TAG, "size needs :over or :under")                                        \
    X(E250, SIZE_BOTH_TAGS, "size takes :over or :under, not both")                                \
    X(W301, ZONE, "\"%s\" is no time zone; one is \"+hhmm\" or \"-hhmm\"")                         \
    X(W302, DATE_PART, "there is no date part \"%s\"")                                             \
    X(W303, ZONE_LOCAL, "\"%s\" is no time zone; the local one is taken")                          \
    X(E304, INDEX_ZERO, ":index of the %s %s counts from 1")                                       \
    X(E305, LAST_ALONE, ":last of the %s %s needs :index beside it")                               \
    X(I306, DEBUG_LOG, "debug_log: %s")                                                            \
    X(E307, FEEDBACK_TYPE, "\"%s\" is no feedback type: one is a word such as abuse")              \
    X(E308, REPORT_ADDRESS, "report cannot be sent to \"%s\": %s")                                 \
    X(E309, DUPLICATE_TAGS, ":%s and :%s exclude each other in the duplicate test")                \
    X(E310, DUPLICATE_BOTH,                                                                        \
      "vnd.dovecot.duplicate is the old form of duplicate: require only one of them")              \
    X(E311, EDIT_NAME, "%s: \"%s\" cannot be the name of a header field")                          \
    X(W312, EDIT_FORBIDDEN,                                                                        \
      "%s: %s \"%s\" may not be changed at this site; it will stay as it is")                      \
    X(E313, EDIT_TOO_LONG, "addheader: the value \"%.80s...\" is too long, with %zu bytes")        \
    X(E399, EDIT_NUL, "addheader: the value holds a NUL byte, which no header field may")          \
    X(E314, ADD_NAME, "addheader: \"%s\" cannot be the name of a header field")                    \
    X(W315, ADD_FORBIDDEN, "addheader: \"%s\" may not be added at this site; nothing was")         \
    X(E316, EDIT_INDEX_ZERO, ":index of %s counts from 1")                                         \
    X(E317, EDIT_LAST_ALONE, ":last of %s needs :index beside it")                                 \
    X(E318, DELETE_NAME, "deleteheader: \"%s\" cannot be the name of a header field")              \
    X(W319, DELETE_FORBIDDEN, "deleteheader: \"%s\" may not be deleted at this site; it stays")    \
    X(E320, IMPORTANCE, ":importance of notify is \"1\", \"2\" or \"3\", not \"%s\"")              \
    X(E321, NOTIFY_FROM, "notify cannot send from \"%s\": %s")                                     \
    X(E322, OPTION_LINE_END, "the notify option \"%s\" has a line end in its value")               \
    X(E323, OPTION_NAME, "the notify option \"%s\" is not NAME=VALUE")                             \
    X(E324, NOTIFY_OFF, "this site allows no notify (notify_max_notifications is 0)")              \
    X(E325, NOTIFY_METHOD, "notify: %s")                                                           \
    X(E326, OPTION_INVALID, "the notify option \"%s\" is not NAME=VALUE in one line")              \
    X(E327, NOTIFY_BOTH, "notify is the old form of enotify: require only one of them")            \
    X(E328, OLD_NOTIFY_ADDRESS, "notify cannot send to \"%s\" of its :options: %s")                \
    X(E329, OLD_NOTIFY_METHOD, "the old notify sends by :method \"mailto\" alone")                 \
    X(W330, OLD_NOTIFY_NOBODY, "notify has no :options, so nobody is told")                        \
    X(E331, FCC_TAG_NEEDS, ":%s of %s needs require \"%s\"")                                       \
    X(E332, FCC_TAG_ALONE, ":%s of %s goes with :fcc alone")                                       \
    X(E333, ENVELOPE_PART, "the envelope has no part \"%s\"")                                      \
    X(E334, ENVELOPE_NO_ADDRESS, ":%s takes an address apart, and the envelope's \"%s\" is none")  \
    X(E335, ENVELOPE_ZONE,                                                                         \
      ":zone of the envelope test is an offset such as \"+0100\", not \"%s\"")                     \
    X(E336, DSN_RET, ":ret is \"FULL\" or \"HDRS\", not \"%s\"")                                   \
    X(E337, DSN_NOTIFY, ":notify is \"NEVER\" or some of \"SUCCESS,FAILURE,DELAY\", not \"%s\"")   \
    X(E338, DELIVERBY_ALONE, ":%s of redirect needs :bytimerelative or :bytimeabsolute beside it") \
    X(E339, DELIVERBY_MODE, ":bymode is \"notify\" or \"return\", not \"%s\"")                     \
    X(E340, DELIVERBY_TIME,                                                                        \
      ":bytimeabsolute is a date such as \"2026-01-31T12:00:00Z\", not \"%s\"")                    \
    X(E341, FOLDER_NOT_UTF8, "fileinto: the folder \"%s\" is not written in UTF-8")                \
    X(E342, LOOPS_TOO_DEEP, "foreverypart goes %u levels deep at most")                            \
    X(E343, BREAK_NO_SUCH_LOOP, "break: no foreverypart around it has :name \"%s\"")               \
    X(E344, BREAK_OUTSIDE, "break belongs inside of a foreverypart")                               \
    X(E345, EXTRACTTEXT_OUTSIDE, "extracttext belongs inside of a foreverypart")                   \
    X(E346, FLAGS_NONE, "the %s %s needs flags, or a variable and flags")                          \
    X(E347, FLAGS_FIRST, "the %s %s begins with a variable's name or with its flags, not with %s") \
    X(E348, FLAGS_VARIABLE,                                                                        \
      "with two arguments the %s %s begins with a variable's name, not with %s")                   \
    X(E349, FLAGS_NO_VARIABLES, "the %s %s can name a variable only with require \"variables\"")   \
    X(E350, FLAGS_SECOND, "the %s %s has its flags behind the variable, not %s")                   \
    X(E351, FLAGS_TOO_MANY, "the %s %s takes two arguments, and has %u")                           \
    X(W352, FLAG_INVALID, "\"%s\" is no IMAP flag; %s leaves it out (told once)")                  \
    X(E353, FLAGS_BOTH, "imapflags is the old form of imap4flags: require only one of them")       \
    X(E354, INCLUDE_LOCATION, "include takes :personal or :global, once")                          \
    X(E355, INCLUDE_MISSING, "there is no %s script \"%s\" to include")                            \
    X(E356, INCLUDE_UNREADABLE, "the %s script \"%s\" cannot be read: %s")                         \
    X(E357, INCLUDE_VARIABLE, "include wants the script's name as it is, without variables")       \
    X(E358, INCLUDE_NAME, "\"%s\" cannot name a script")                                           \
    X(E359, INCLUDES_TOO_DEEP, "scripts include each other %d levels deep at most")                \
    X(E360, INCLUDE_CIRCLE, "this script is included already by one that includes it")             \
    X(E361, TOO_MANY_INCLUDES, "\"%s\" is one too many: at most %u scripts are included")          \
    X(E362, INCLUDE_FAULTY, "cannot %s \"%s\", which is included here")                            \
    X(E410, INCLUDES_NESTED, "scripts include each other too deep")                                \
    X(E363, GLOBAL_VARIABLE_NAME, "\"%s\" cannot name a variable")                                 \
    X(E364, GLOBAL_USED_LOCALLY, "\"%s\" is in use already as a variable of this script alone")    \
    X(E365, TOO_MANY_GLOBALS, "the global variable \"%s\" is one too many: there are at most %u")  \
    X(E366, IMPORT_LATE, "%s, the old form of global, belongs right behind the requires")          \
    X(E367, GLOBAL_NO_VARIABLES, "%s needs require \"variables\"")                                 \
    X(W368, MAILBOX_NOT_UTF8, "%s: the folder \"%s\" is not written in UTF-8")                     \
    X(W369, ANNOTATION, "%s: \"%s\" cannot be an annotation: %s")                                  \
    X(E370, SPECIAL_USE_TAG, "\":specialuse\" takes an attribute such as \"\\Junk\", not \"%s\"")  \
    X(E371, SPECIAL_USE_NONE, "specialuse_exists needs attributes, or a folder and attributes")    \
    X(E372, SPECIAL_USE_FIRST,                                                                     \
      "specialuse_exists begins with a folder or with its attributes, not with %s")                \
    X(E373, SPECIAL_USE_FOLDER,                                                                    \
      "with two arguments specialuse_exists begins with a folder, not with %s")                    \
    X(E374, SPECIAL_USE_SECOND, "specialuse_exists has its attributes behind the folder, not %s")  \
    X(E375, SPECIAL_USE, "specialuse_exists takes attributes such as \"\\Junk\", not \"%s\"")      \
    X(E376, MIME_TAGS, "of :type, :subtype, :contenttype and :param the %s test takes one")        \
    X(E377, MIME_TAG_ALONE, ":%s of the %s %s needs :mime beside it")                              \
    X(E378, PROGRAM_VARIABLE, "the %s %s wants its program's name as it is, without variables")    \
    X(E379, PROGRAM_NAME, "%s: \"%s\" cannot name a program")                                      \
    X(E380, PROGRAM_LINE_END, "%s: an argument of the program has a line end")                     \
    X(E381, PIPE_CALL, "pipe: \"%s\" is no program, or an argument is not fit for one")            \
    X(E382, PROGRAM_CALL, "%s: \"%s\" is no program, or an argument is not fit for one")           \
    X(E383, PROGRAM_FAILED, "%s: %s")                                                              \
    X(W384, PROGRAM_SAID_NO, "%s: %s")                                                             \
    X(E385, OUTPUT_NO_VARIABLES, ":output of the execute %s needs require \"variables\"")          \
    X(E386, TOO_MANY_CHANGES, "%s: more than %d changes of the message in one run")                \
    X(E387, REPLACE_TAGS, ":%s does not go together with :mime, which brings a header of its own") \
    X(E388, REPLACE_FROM, "replace: \"%s\" of :from is no address")                                \
    X(W389, REPLACE_FROM_IGNORED, "replace: \"%s\" of :from is no address; the old sender stays")  \
    X(E390, PART_NOT_FOUND, "replace: the MIME part is not to be found in the message")            \
    X(W391, VERDICT_HEADER, "\"%s\" is not HEADER: REGEX: %s")                                     \
    X(E392, PERCENT_ALONE, "spamtest takes :percent only with require \"spamtestplus\"")           \
    X(W393, SPAMTEST_BOTH, "spamtestplus has all of spamtest: require only one of them")           \
    X(W394, SECONDS_LOW,                                                                           \
      ":%s %" G_GUINT64_FORMAT " is below what this site allows; the least is taken")              \
    X(W395, SECONDS_HIGH,                                                                          \
      ":%s %" G_GUINT64_FORMAT " is above what this site allows; the most is taken")               \
    X(E396, VACATION_FROM, "vacation cannot answer from \"%s\": %s")                               \
    X(W397, VACATION_ADDRESS, "vacation leaves out \"%s\" of its :addresses: %s")                  \
    X(E398, MODIFIERS, ":%s and :%s of set exclude each other")                                    \
    X(E401, ACTION_TWICE, "%s is asked for a second time; the first was in %s")                    \
    X(E402, ACTION_CONFLICT, "%s cannot be done: %s in %s %s")                                     \
    X(E403, TOO_MANY_ACTIONS, "too many actions: this is number %u, and max_actions is %u")        \
    X(E404, TOO_MANY_OF_KIND, "too many actions of the kind %s: this is number %u of at most %u")  \
    X(E405, CPU_TIME, "the script was stopped: it used more processor time than max_cpu_time")     \
    X(E420, LIBSIEVE_ERROR, "libsieve: %s")                                                        \
    X(W421, LIBSIEVE_REMARK, "libsieve: %s")                                                       \
    X(E422, LIBSIEVE_EXTENSION,                                                                    \
      "the libsieve engine does not have the extension \"%s\"; the script needs [sieve] engine = " \
      "backstop")                                                                                  \
    X(E423, LIBSIEVE_CONFLICT, "reject does not go together with the script's other actions")      \
    X(E501, TEST_IN_TEST, "a test block cannot stand inside of another")                           \
    X(E502, NO_SUCH_OBJECT, "a suite cannot set \"%s\"")                                           \
    X(E503, MESSAGE_TAG, "the test_message %s takes either :smtp or :folder")                      \
    X(E504, RELOAD_EXTENSION, "there is no extension \"%s\" to configure")                         \
    X(E505, BINARY, "cannot %s the program \"%s\"")                                                \
    X(E506, SCRIPT_MISSING, "there is no script \"%s\"")                                           \
    X(I507, NOT_SENT, "no %s: %s")                                                                 \
    X(E508, PIPE_FAILED, "pipe: %s")                                                               \
    X(E509, FOLDER_NAME, "cannot store into the folder \"%s\": %s")                                \
    X(E510, FOLDER_MISSING, "cannot store into the folder \"%s\": there is none \"%s\"")

#define SIEVE_MESSAGE_TEXT(code, name, text)                                                       \
    static const char MSG_##name[] G_GNUC_UNUSED = #code " " text;
SIEVE_MESSAGES(SIEVE_MESSAGE_TEXT)
#undef SIEVE_MESSAGE_TEXT
