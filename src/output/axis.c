#include "output/axis.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

static const double most_value = 1e30;
static const double least_span = 1e-4;   /* of an axis, in parts of its larger end; */
static const double pad = 0.05;          /* what is less is widened by so much of it */
static const double least_ratio = 1e-12; /* of the ends of a logarithmic one */

bool axis_takes(double value)
{
    return isfinite(value) && value > -most_value && value < most_value;
}

double axis_log10(double value)
{
    const double ln10 = 2.302585092994046, root10 = 3.1622776601683795;
    double whole = 0.0, sum = 0.0;
    while (value >= 10.0) value /= 10.0, whole += 1.0;
    while (value < 1.0) value *= 10.0, whole -= 1.0;
    if (value > root10) value /= root10, whole += 0.5;
    /* ln m = 2 artanh z, z = (m-1)/(m+1) < 0.52: Abramowitz and Stegun, 4.1.27 */
    const double z = (value - 1.0) / (value + 1.0);
    double power = z;
    for (int k = 1; k < 40; k += 2, power *= z * z) sum += power / k;
    return whole + 2.0 * sum / ln10;
}

Axis axis_of(double low, double high, bool is_log, double from, double to)
{
    const double size = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
    const double least = size > 0.0 ? least_span * size : 1.0;
    if (is_log && low < least_ratio * high) low = least_ratio * high;
    if (is_log && high - low < least) {
        low /= 2.0;
        high *= 2.0;
    } else if (high - low < least) {
        low -= size > 0.0 ? pad * size : 1.0;
        high += size > 0.0 ? pad * size : 1.0;
    }
    return (Axis){.low = low, .high = high, .is_log = is_log, .from = from, .to = to};
}

double axis_place(const Axis *axis, double value)
{
    if (!(value > axis->low)) return axis->from;
    if (!(value < axis->high)) return axis->to;
    const double share = axis->is_log ? axis_log10(value / axis->low) / axis_log10(axis->high / axis->low)
                                      : (value - axis->low) / (axis->high - axis->low);
    return axis->from + share * (axis->to - axis->from);
}

/* The least of 1, 2 and 5 times a power of ten that divides the span into at most `most` parts. */
static double round_step(double span, double most)
{
    double step = 1.0;
    while (span / step > most) step *= 10.0;
    while (span / step * 10.0 <= most) step /= 10.0;
    if (span / step * 5.0 <= most) return step / 5.0;
    return span / step * 2.0 <= most ? step / 2.0 : step;
}

static size_t linear_ticks(const Axis *axis, size_t most, double *tick)
{
    const double round = round_step(axis->high - axis->low, (double)(most - 1));
    const double step = axis->is_whole && round < 1.0 ? 1.0 : round, slack = 1e-9 * step;
    int64_t multiple = (int64_t)(axis->low / step) - 1; /* the division may be rounded towards zero */
    while ((double)multiple * step < axis->low - slack) multiple++;
    size_t count = 0;
    for (; count < most && (double)multiple * step <= axis->high + slack; multiple++)
        tick[count++] = (double)multiple * step;
    return count;
}

/* The ticks of one kind: factors times every nth power of ten. Returns how many there are, perhaps more than most. */
static size_t log_ticks(const Axis *axis, const double *factor, size_t factors, int every, size_t most, double *tick)
{
    double power = 1.0;
    while (power > axis->low) power /= 10.0;
    while (power * 10.0 <= axis->low) power *= 10.0;
    size_t count = 0;
    for (int n = 0; power <= axis->high; n++, power *= 10.0)
        for (size_t i = 0; n % every == 0 && i < factors; i++) {
            const double value = factor[i] * power;
            if (value < axis->low * (1.0 - 1e-9) || value > axis->high * (1.0 + 1e-9)) continue;
            if (count < most) tick[count] = value;
            count++;
        }
    return count;
}

size_t axis_ticks(const Axis *axis, size_t most, double tick[AXIS_MOST_TICKS])
{
    static const double factor[] = {1.0, 2.0, 5.0};
    if (!axis->is_log) return linear_ticks(axis, most, tick);
    size_t count = log_ticks(axis, factor, 3, 1, most, tick);
    for (int every = 1; count > most; every++) count = log_ticks(axis, factor, 1, every, most, tick);
    return count >= 2 ? count : linear_ticks(axis, most, tick);
}

const char *axis_label(double tick, char label[AXIS_LABEL_SIZE])
{
    const double size = fabs(tick);
    if (size >= 1e6 && size < 1e9)
        snprintf(label, AXIS_LABEL_SIZE, "%.6gM", tick / 1e6);
    else if (size >= 1e4 && size < 1e6)
        snprintf(label, AXIS_LABEL_SIZE, "%.6gk", tick / 1e3);
    else
        snprintf(label, AXIS_LABEL_SIZE, "%.6g", tick);
    return label;
}
