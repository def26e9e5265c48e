// SPDX-License-Identifier: Apache-2.0
#include "user/core/trend.h"

#include <math.h>

#define NS_PER_SECOND 1e9
#define SAMPLE_MIN_S 0.5
#define SMOOTHING_S 15.0
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
	trend->value = value;
	trend->at_ns = now_ns;
}

double trend_seconds_to(const struct trend *trend, double value, double limit)
{
	double seconds;

	if (value >= limit)
		return 0;
	if (trend->rate <= 0)
		return NAN;
	seconds = (limit - value) / trend->rate;
	return seconds <= HORIZON_S ? seconds : NAN;
}
