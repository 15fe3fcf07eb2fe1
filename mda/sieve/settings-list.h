// SPDX-License-Identifier: MIT
// The settings of Dovecot and Pigeonhole, 2.3 and 2.4, that are known here, one a row:
//   X(name without "sieve_", kind, other names of it, what it does)
// A * stands for a word without "/". Kinds: SWITCH, NUMBER, SIZE, TIME, TEXT; INSTEAD: known there,
// done otherwise here or not at all, and the text says what to do about it. The manual's table is
// made from this (backstop sieve settings).
#pragma once

#define SIEVE_SCORE_SETTINGS(X, TEST, most)                                                        \
    X(TEST "_status_header", TEXT, "", "Header: regex, where a filter left its verdict.")          \
    X(TEST "_status_type", TEXT, "", "score, strlen or text: what the verdict looks like.")        \
    X(TEST "_score_max_value", TEXT, TEST "_max_value", "The score that counts as " most ".")      \
    X(TEST "_score_max_header", TEXT, TEST "_max_header", "Header: regex, where that stands.")     \
    X(TEST "_text_value/*", TEXT, TEST "_text_value*", "The verdict that stands for this number.")

#define SIEVE_PROGRAM_SETTINGS(X, KIND)                                                            \
    X(KIND "_bin_dir", TEXT, "", "The directory of the programs that vnd.dovecot." KIND " calls.") \
    X(KIND "_exec_timeout", TIME, "", "How long one may run (10s; 0: no limit).")                  \
    X(KIND "_input_eol", TEXT, "", "crlf or lf: how the lines that it reads end.")                 \
    X(KIND "_socket_dir", INSTEAD, "",                                                             \
      "programs are started here, not asked through a socket: " KIND "_bin_dir")

#define SIEVE_SETTING_LIST(X)                                                                      \
    X("extensions", TEXT, "",                                                                      \
      "What scripts may require: names, or +name and -name from what is there.")                   \
    X("global_extensions", TEXT, "",                                                               \
      "Of these, what only the site's scripts may require: before, after, default, :global.")      \
    X("max_script_size", SIZE, "", "How long a script may be (1M; 0: no limit but ours, 16M).")    \
    X("max_cpu_time", TIME, "", "Processor time of one run (30s; 0: no limit).")                   \
    X("max_actions", NUMBER, "", "Actions of one run (32; 0: no limit).")                          \
    X("max_redirects", NUMBER, "", "Redirects of one run (4; 0: none).")                           \
    X("redirect_envelope_from", TEXT, "",                                                          \
      "Sender of what is redirected: sender, recipient, orig_recipient, user_email, postmaster, "  \
      "<address>.")                                                                                \
    X("redirect_duplicate_period", TIME, "",                                                       \
      "How long a message is not redirected to one address again (12h; 0: no memory).")            \
    X("user_email", TEXT, "", "The user's own address, for answers.")                              \
    X("postmaster_address", TEXT, "", "Who refusals and reports are from.")                        \
    X("recipient_delimiter", TEXT, "subaddress_sep", "What parts user and :detail (+).")           \
    X("variables_max_scope_count", NUMBER, "variables_max_scope_size", "Variables (255).")         \
    X("variables_max_value_size", SIZE, "variables_max_variable_size", "Bytes of one (4k).")       \
    X("include_max_nesting_depth", NUMBER, "", "How deep includes may go (10).")                   \
    X("include_max_includes", NUMBER, "", "Scripts that one may include (255).")                   \
    X("vacation_min_period", TIME, "", "The shortest time between two answers (1d).")              \
    X("vacation_max_period", TIME, "", "The longest (0: no limit).")                               \
    X("vacation_default_period", TIME, "", "The time when the script says none (7d).")             \
    X("vacation_default_subject", TEXT, "", "The subject when there is none to answer to.")        \
    X("vacation_default_subject_template", TEXT, "", "The subject: Auto: %{subject}.")             \
    X("vacation_max_subject_codepoints", NUMBER, "", "Characters of a subject (256).")             \
    X("vacation_use_original_recipient", SWITCH, "",                                               \
      "The address before aliases is the user's own too.")                                         \
    X("vacation_check_recipient", SWITCH, "", "Answer only what names the user (yes).")            \
    X("vacation_dont_check_recipient", SWITCH, "", "The contrary, as Dovecot 2.3 spells it.")      \
    X("vacation_send_from_recipient", SWITCH, "", "Answers have the recipient as their sender.")   \
    X("vacation_to_header_ignore_envelope", SWITCH, "",                                            \
      "To names the header's sender even when the envelope has another one.")                      \
    X("duplicate_default_period", TIME, "", "How long duplicate remembers (7d).")                  \
    X("duplicate_max_period", TIME, "", "The longest that it may be told to.")                     \
    X("editheader_max_header_size", SIZE, "", "Bytes of a field that is added (2048).")            \
    X("editheader_protected", TEXT, "", "Fields that are neither added nor deleted.")              \
    X("editheader_forbid_add", TEXT, "", "Fields that are not added.")                             \
    X("editheader_forbid_delete", TEXT, "", "Fields that are not deleted.")                        \
    X("editheader_header", TEXT, "", "The keys of the next three (Dovecot 2.4).")                  \
    X("editheader_header/*/name", TEXT, "", "A field; else the key is its name.")                  \
    X("editheader_header/*/forbid_add", SWITCH, "", "It is not added.")                            \
    X("editheader_header/*/forbid_delete", SWITCH, "", "It is not deleted.")                       \
    X("notify_mailto_envelope_from", TEXT, "", "Sender of notifications; as for redirect.")        \
    X("notify_max_notifications", NUMBER, "", "Notifications of one run (10).")                    \
    X("report_from", TEXT, "", "Sender of abuse reports; as for redirect.")                        \
    X("environment/*", TEXT, "env_* environment/*/value",                                          \
      "The item vnd.dovecot.config.NAME of the environment test.")                                 \
    X("extlists_list", TEXT, "", "The keys of the next two; or [sieve] lists.")                    \
    X("extlists_list/*/name", TEXT, "", "The name of a list.")                                     \
    X("extlists_list/*/dict/file/path", TEXT, "", "Its file.")                                     \
    X("extlists_list/*/max_lookup_size", NUMBER, "", "Accepted, without effect.")                  \
    X("metadata", TEXT, "", "File of annotations; or [sieve] metadata.")                           \
    X("special_use", TEXT, "", "FOLDER=\\Attribute ...; or [store] special-use.")                  \
    SIEVE_SCORE_SETTINGS(X, "spamtest", "10")                                                      \
    SIEVE_SCORE_SETTINGS(X, "virustest", "5")                                                      \
    SIEVE_PROGRAM_SETTINGS(X, "pipe")                                                              \
    SIEVE_PROGRAM_SETTINGS(X, "filter")                                                            \
    SIEVE_PROGRAM_SETTINGS(X, "execute")                                                           \
    X("sieve", INSTEAD, "dir active", "the user's script is named by [sieve] scripts")             \
    X("before", INSTEAD, "before*", "this is [sieve] before")                                      \
    X("after", INSTEAD, "after*", "this is [sieve] after")                                         \
    X("default", INSTEAD, "default_name", "this is [sieve] default")                               \
    X("global", INSTEAD, "global_dir global_path", "this is [sieve] global")                       \
    X("discard", INSTEAD, "", "there is no script for discarded mail here")                        \
    X("plugins", INSTEAD, "plugin_dir",                                                            \
      "there are no plugins: extprograms is switched on by *_bin_dir, the rest is built in")       \
    X("user_log", INSTEAD, "", "errors go into SCRIPT.log beside the script")                      \
    X("trace_dir", INSTEAD, "trace_level trace_debug trace_addresses",                             \
      "a trace is what backstop sieve run --trace prints")                                         \
    X("quota_max_scripts", INSTEAD, "quota_max_storage quota_script_count quota_storage_size",     \
      "this is for ManageSieve")                                                                   \
    X("resource_usage_timeout", INSTEAD, "", "each run has its own limit: max_cpu_time")           \
    X("storage", INSTEAD, "storage_* script script_*",                                             \
      "scripts are named by [sieve] before, scripts, default, after")                              \
    X("implicit_extensions", INSTEAD, "", "every extension that is used must be required")
