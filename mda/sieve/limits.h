// SPDX-License-Identifier: MIT
// How far a script may go. Scripts are written by users and run on hostile mail: what is counted
// here ends the run with the implicit keep (RFC 5228 §2.10.5, §10), never with the mail lost. The
// sizes are those of Dovecot's engine, so that no script that ran there stops here.
#pragma once

#define SIEVE_MAX_SCRIPT (1024 * 1024)           // bytes of one script, unless a setting says other
#define SIEVE_MAX_SCRIPT_EVER (16 * 1024 * 1024) // whatever it says
#define SIEVE_MAX_IDENTIFIER 32                  // characters
#define SIEVE_MAX_STRING (1024 * 1024)           // bytes of one string in a script
#define SIEVE_MAX_ARGUMENTS 32                   // of one command
#define SIEVE_MAX_NESTING 32                     // blocks in blocks, tests in tests
#define SIEVE_MAX_NODES 100000                   // commands and tests of one script
#define SIEVE_MAX_DIAGNOSTICS 200                // reported for one script
#define SIEVE_MAX_MATCH_VALUES 32                // ${0} … ${31}
#define SIEVE_MAX_VARIABLES 255                  // in one scope
#define SIEVE_MAX_VARIABLE_NAME 64               // characters
#define SIEVE_MAX_VARIABLE (4 * 1024)            // bytes of one value
#define SIEVE_MAX_LOOPS 4                        // foreverypart in foreverypart
#define SIEVE_MAX_REPLACEMENTS 100              // messages that enclose and replace make in one run
#define SIEVE_MAX_INCLUDE_DEPTH 10              // include in include
#define SIEVE_MAX_INCLUDES 255                  // scripts in one program
#define SIEVE_MAX_SCRIPT_NAME 255               // bytes
#define SIEVE_MAX_ACTIONS 32                    // of one run
#define SIEVE_MAX_REDIRECTS 4                   // of one run
#define SIEVE_MAX_NOTIFICATIONS 10              // of one run
#define SIEVE_MAX_CPU_SECONDS 30                // of one run
#define SIEVE_MAX_HEADER (1024 * 1024)          // bytes of one header value that are looked at
#define SIEVE_MAX_BODY (512 * 1024 * 1024)      // bytes of one body part that are looked at
#define SIEVE_MAX_GLOB_STEPS (64 * 1024 * 1024) // comparisons of one :matches
