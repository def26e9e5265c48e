// SPDX-License-Identifier: Apache-2.0
#include "user/core/trend.h"

#include <math.h>

#define NS_PER_SECOND 1e9
#define SAMPLE_MIN_S 0.5
#define SMOOTHING_S 15.0
#define KNOWN_S 5.0 /* growth over less foretells nothing */
#define HORIZON_S 86400.0

void trend_add(struct trend *trend, double value, uint64_t now_ns)
{
	double elapsed =
		now_ns > trend->at_ns ? (double)(now_ns - trend->at_ns) / NS_PER_SECOND : 0;
	double weight;

	if (!trend->at_ns) {
		*trend = (struct trend){ .at_ns = now_ns, .value = value };
		return;
	}
	if (elapsed < SAMPLE_MIN_S)
		return;
	weight = 1 - exp(-elapsed / SMOOTHING_S);
	trend->rate += weight * ((value - trend->value) / elapsed - trend->rate);
	trend->seen += weight * (1 - trend->seen);
	trend->value = value;
	trend->at_ns = now_ns;
}

/* Of what it was since the first sample: a load that just began is not half a load. */
static double unbiased_rate(const struct trend *trend)
{
	/* A little less, for samples do not come to the nanosecond. */
	double enough = 1 - exp(-0.95 * KNOWN_S / SMOOTHING_S);

	return trend->seen >= enough ? trend->rate / trend->seen : 0;
}

double trend_seconds_to(const struct trend *trend, double value, double limit)
{
	double rate = unbiased_rate(trend);
	double seconds;

	if (value >= limit)
		return 0;
	if (rate <= 0)
		return NAN;
	seconds = (limit - value) / rate;
	return seconds <= HORIZON_S ? seconds : NAN;
}
