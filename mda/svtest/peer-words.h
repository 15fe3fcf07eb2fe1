// SPDX-License-Identifier: MIT
// Suites of other engines ask for errors in the words of theirs. By our codes: the words, in no
// order, that a suite may use for the same fault and that our own text has not.
#pragma once

#define PEER_WORDS(X)                                                                              \
    X(E101, "bracket character encountered hash")                                                  \
    X(W102, "crlf file hash newline")                                                              \
    X(E103, "before bracket file started")                                                         \
    X(E104, "encountered impossibly")                                                              \
    X(E105, "exceeds integer limits")                                                              \
    X(E106, "before file")                                                                         \
    X(E107, "before file started")                                                                 \
    X(E108, "character encountered started")                                                       \
    X(E109, "carriage-return character found started stray")                                       \
    X(E110, "longer started")                                                                      \
    X(E111, "before file multi-line string")                                                       \
    X(E112, "after character invalid multiline string")                                            \
    X(E113, "character starting unexpected")                                                       \
    X(E114, "character starting unexpected")                                                       \
    X(E115, "expecting found")                                                                     \
    X(E116, "expecting found")                                                                     \
    X(E117, "many")                                                                                \
    X(E118, "cannot deeper nest than")                                                             \
    X(E119, "expecting found identifier list")                                                     \
    X(E120, "accept command failed more")                                                          \
    X(E121, "cannot command deeper nest than")                                                     \
    X(E122, "compound expected found")                                                             \
    X(E123, "beginning compound expected found")                                                   \
    X(E125, "large sieve")                                                                         \
    X(E126, "file found presumed unexpected")                                                      \
    X(E127, "sieve")                                                                               \
    X(E199, "failed")                                                                              \
    X(E201, "cannot extension used without")                                                       \
    X(E202, "argument duplicate encountered")                                                      \
    X(E203, "argument duplicate encountered")                                                      \
    X(E204, "argument being constant found match-type requires string")                            \
    X(E205, "found parameters requires were")                                                      \
    X(E206, "found parameter requires")                                                            \
    X(E207, "additional argument found key-string match-type parameter requires")                  \
    X(E208, "argument first occurrence once only reported tagged unknown")                         \
    X(E209, "arguments encountered positional tagged unexpected validating while")                 \
    X(E210, "expects")                                                                             \
    X(E211, "positional requires specified")                                                       \
    X(E212, "expects found")                                                                       \
    X(E213, "before colon missing")                                                                \
    X(E214, "after semicolon")                                                                     \
    X(E215, "accepts specified sub-tests")                                                         \
    X(E216, "none requires specified sub-test")                                                    \
    X(E217, "list requires specified sub-test tests")                                              \
    X(E218, "list none requires specified sub-tests")                                              \
    X(E219, "list requires single specified sub-tests")                                            \
    X(E220, "command missing requires")                                                            \
    X(E221, "accept anyway command does specified")                                                \
    X(E222, "first occurrence once only reported unknown")                                         \
    X(E223, "attempted")                                                                           \
    X(E224, "command elseif follow must")                                                          \
    X(E225, "action local policy prohibits")                                                       \
    X(E226, "address invalid specified")                                                           \
    X(E227, "available capability command known sieve")                                            \
    X(E228, "capability command require unknown")                                                  \
    X(E229, "beginning file level only placed")                                                    \
    X(E230, "accepts argument command found single string")                                        \
    X(E232, "unknown")                                                                             \
    X(E233, "comparators match only supports type")                                                \
    X(E234, "invalid match regex")                                                                 \
    X(E235, "allow does match type")                                                               \
    X(E236, "does matching required specified sub-string support type")                            \
    X(E237, "encoded invalid substitution")                                                        \
    X(E238, "encountered invalid namespace variable within")                                       \
    X(E239, "dovecot encountered environment invalid namespace numeric variable within")           \
    X(E240, "namespace referring unknown")                                                         \
    X(E241, "index range")                                                                         \
    X(E242, "assign variable")                                                                     \
    X(E243, "invalid")                                                                             \
    X(E244, "assign cannot dovecot environment variable")                                          \
    X(E245, "assign cannot test variable")                                                         \
    X(E246, "declaration exceeds implicit limit variables")                                        \
    X(E247, "allowed specified")                                                                   \
    X(W248, "invalid specified")                                                                   \
    X(E249, "either requires specified test")                                                      \
    X(E250, "exactly found more must specified tags test were")                                    \
    X(W301, "argument specified timezone valid")                                                   \
    X(W302, "known specified")                                                                     \
    X(W303, "argument specified timezone using valid")                                             \
    X(E304, "cannot zero")                                                                         \
    X(E305, "cannot specified without")                                                            \
    X(E307, "invalid report specified")                                                            \
    X(E308, "address invalid specified")                                                           \
    X(E309, "arguments conflicting specified")                                                     \
    X(E310, "cannot deprecated extension together used with")                                      \
    X(E311, "command invalid specified")                                                           \
    X(W312, "command denied field forbidden header modification specified")                        \
    X(E313, "action command large specified")                                                      \
    X(E314, "action invalid specified")                                                            \
    X(W315, "action adding denied field forbidden modification specified")                         \
    X(E316, "cannot command zero")                                                                 \
    X(E317, "cannot command specified without")                                                    \
    X(E318, "action invalid specified")                                                            \
    X(W319, "action deleting denied field forbidden modification specified")                       \
    X(E320, "command invalid value")                                                               \
    X(E321, "address command invalid mailto method specified")                                     \
    X(E322, "command specified with")                                                              \
    X(E323, "command invalid specified")                                                           \
    X(E324, "command local policy prohibits")                                                      \
    X(E325, "action command")                                                                      \
    X(E326, "action invalid")                                                                      \
    X(E327, "cannot deprecated extension together used with")                                      \
    X(E328, "address invalid mailto method specified")                                             \
    X(E329, "command deprecated extension notification only supports")                             \
    X(W330, "command hence recipients specified")                                                  \
    X(E331, "command extension requires")                                                          \
    X(E332, "cannot command specified without")                                                    \
    X(E333, "specified supported test")                                                            \
    X(E334, "non-address specified tested while with")                                             \
    X(E335, "takes")                                                                               \
    X(E336, "takes")                                                                               \
    X(E337, "takes")                                                                               \
    X(E338, "cannot command specified without")                                                    \
    X(E339, "takes")                                                                               \
    X(E340, "takes")                                                                               \
    X(E341, "command invalid name specified")                                                      \
    X(E342, "exceeds limit loop nested nesting")                                                   \
    X(E343, "command inside loop named placed")                                                    \
    X(E344, "command loop placed")                                                                 \
    X(E345, "command loop placed")                                                                 \
    X(E346, "argument expects found least none")                                                   \
    X(E347, "argument either expects first found string-list")                                     \
    X(E348, "first found must second specified string")                                            \
    X(E349, "active allows extension specification when")                                          \
    X(E350, "arguments expects found list second specified string when")                           \
    X(E351, "positional requires specified")                                                       \
    X(W352, "command first ignored invalid only reported specified will")                          \
    X(E353, "cannot deprecated extension together used with")                                      \
    X(E354, "cannot location multiple tags times")                                                 \
    X(E355, "does exist included")                                                                 \
    X(E356, "access failed included")                                                              \
    X(E357, "argument command constant requires string value")                                     \
    X(E358, "include invalid")                                                                     \
    X(E359, "cannot deeper includes nest than")                                                    \
    X(E360, "circular")                                                                            \
    X(E361, "allowed failed includes more than")                                                   \
    X(E362, "failed script")                                                                       \
    X(E363, "identifier invalid")                                                                  \
    X(E364, "conflicts declaration earlier global local with")                                     \
    X(E365, "declaration exceeds limit variables")                                                 \
    X(E366, "after beginning commands deprecated export file import level only placed")            \
    X(E367, "active command extension requires that")                                              \
    X(W368, "invalid mailbox name specified test")                                                 \
    X(W369, "invalid name specified test")                                                         \
    X(E370, "flag invalid special-use specified")                                                  \
    X(E371, "argument expects found least none test")                                              \
    X(E372, "argument either expects first flags found mailbox special-use string-list test")      \
    X(E373, "first found mailbox must second specified string test")                               \
    X(E374, "arguments expects flags found list second special-use specified string test when")    \
    X(E375, "flag invalid special-use specified test")                                             \
    X(E376, "arguments exclusive more mutually specified than")                                    \
    X(E377, "cannot specified without")                                                            \
    X(E378, "argument constant program-name requires string")                                      \
    X(E379, "command invalid")                                                                     \
    X(E380, "command contains specified")                                                          \
    X(E381, "action invalid name")                                                                 \
    X(E382, "action invalid name")                                                                 \
    X(E383, "action")                                                                              \
    X(W384, "action")                                                                              \
    X(E385, "active allows argument extension only specification when")                            \
    X(E387, "cannot command replace specified")                                                    \
    X(E388, "command invalid specified")                                                           \
    X(W389, "ignored invalid")                                                                     \
    X(W391, "invalid specification")                                                               \
    X(E392, "accepts active argument extension when")                                              \
    X(W393, "extensions same should specified time")                                               \
    X(W394, "minimum specified under value")                                                       \
    X(W395, "maximum over specified value")                                                        \
    X(E396, "action address invalid specified")                                                    \
    X(W397, "action ignored invalid item specified")                                               \
    X(E398, "command conflict equal having modifiers precedence specified")                        \
    X(E401, "action allowed duplicate here previously triggered")                                  \
    X(E402, "action conflicts other with")                                                         \
    X(E403, "exceeds limit policy total")                                                          \
    X(E404, "exceeds limit policy")                                                                \
    X(E405, "aborted execution much")                                                              \
    X(W409, "given takes")                                                                         \
    X(E410, "includes nested")                                                                     \
    X(E411, "action")                                                                              \
    X(E423, "conflicts")                                                                           \
    X(E501, "command nested specified tests")                                                      \
    X(E502, "object testsuite unknown")                                                            \
    X(E503, "exactly requires tags")                                                               \
    X(E504, "unknown")                                                                             \
    X(E505, "binary failed")                                                                       \
    X(E506, "found sieve")                                                                         \
    X(E508, "failed message program")                                                              \
    X(E509, "failed mailbox")                                                                      \
    X(E510, "doesn exist failed mailbox")
