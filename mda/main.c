// SPDX-License-Identifier: MIT
// The table of commands, and the one place where an outcome becomes an exit code.
#include "base/error.h"

int main(void)
{
    return 75;
}
