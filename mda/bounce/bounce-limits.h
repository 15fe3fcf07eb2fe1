// SPDX-License-Identifier: MIT
// How much of a message the judge looks at. Reaching one of these is noted in the report.
#pragma once

#define BOUNCE_MAX_TEXT_BYTES (192 * 1024)      // of what the report says in words
#define BOUNCE_MAX_PART_BYTES (512 * 1024)      // of one part
#define BOUNCE_MAX_ORIGINAL_BYTES (1024 * 1024) // of the returned original, header and body
#define BOUNCE_MAX_RECIPIENTS 500
#define BOUNCE_MAX_HOPS 200
#define BOUNCE_MAX_FIELDS 2000
#define BOUNCE_MAX_REFERENCES 200
