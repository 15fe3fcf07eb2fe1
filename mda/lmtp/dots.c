// SPDX-License-Identifier: MIT
#include "lmtp/dots.h"

#include "base/narrow.h"

#include <string.h>

static void put(GByteArray *out, char byte)
{
    g_byte_array_append(out, (const guint8 *)&byte, 1);
}

static enum dots_state in_text(char byte, GByteArray *out)
{
    if (byte == '\r')
        return DOTS_CR;
    put(out, byte);
    return DOTS_TEXT;
}

static enum dots_state behind_cr(char byte, GByteArray *out)
{
    if (byte == '\n') {
        put(out, '\n');
        return DOTS_LINE_START;
    }
    put(out, '\r');
    return in_text(byte, out);
}

static enum dots_state next_state(enum dots_state state, char byte, GByteArray *out, bool *end_r)
{
    switch (state) {
    case DOTS_LINE_START:
        return byte == '.' ? DOTS_DOT : in_text(byte, out);
    case DOTS_DOT: // it is dropped, whatever follows
        return byte == '\r' ? DOTS_DOT_CR : in_text(byte, out);
    case DOTS_DOT_CR:
        *end_r = byte == '\n';
        return *end_r ? DOTS_LINE_START : behind_cr(byte, out);
    case DOTS_CR:
        return behind_cr(byte, out);
    case DOTS_TEXT:
    default:
        return in_text(byte, out);
    }
}

gsize dots_decode(struct dots *dots, const char *data, gsize size, GByteArray *out, bool *end_r)
{
    gsize at = 0;
    *end_r = false;
    while (at < size && !*end_r) {
        if (dots->state == DOTS_TEXT) {
            const char *cr = memchr(data + at, '\r', size - at);
            gsize plain = cr ? (gsize)(cr - data) - at : size - at;
            g_byte_array_append(out, (const guint8 *)data + at, size_narrow(plain));
            at += plain;
            if (at == size)
                break;
        }
        dots->state = next_state(dots->state, data[at++], out, end_r);
    }
    return at;
}
