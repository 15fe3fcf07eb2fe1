// SPDX-License-Identifier: MIT
// Weighted scoring (procmailsc(5)).
#include "procmail/rc-engine.h"

#include <math.h>

double rc_decimal(const char *text, const char **end_r)
{
    char *end;
    double value = g_ascii_strtod(text, &end);
    *end_r = end;
    return isnan(value) ? 0 : value;
}

void rc_score_program(struct rc_score *score, double weight, double exponent, bool negated,
                      int status)
{
    if (status < 0)
        return;
    if (!negated) {
        score->total += status ? exponent : weight;
        return;
    }
    for (int matches = status; matches > 0; matches--) {
        score->total += weight;
        if (score->total >= RC_SCORE_MAX || score->total <= RC_SCORE_MIN)
            break;
        weight *= exponent;
    }
}

void rc_score_size(struct rc_score *score, double weight, double exponent, bool below, double limit,
                   double size)
{
    double divisor = below ? size : limit, dividend = below ? limit : size;
    if (divisor != 0)
        score->total += weight * pow(dividend / divisor, exponent);
    else
        score->total = below && limit <= 0 ? RC_SCORE_MIN : RC_SCORE_MAX;
}
