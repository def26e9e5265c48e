// SPDX-License-Identifier: Apache-2.0
#include "user/core/flow.h"

#define NS_PER_SECOND 1000000000ULL
#define SAMPLES (FLOW_PERIODS + 1)
#define EARLY_NS (NS_PER_SECOND / 2) /* ticks come about once a second */

static void ring_add(struct flow_ring *ring, unsigned int period_s,
		     const struct flow_counts *counts, uint64_t now_ns)
{
	uint64_t due_ns = ring->at_ns[ring->newest] + period_s * NS_PER_SECOND;

	if (ring->count && now_ns + EARLY_NS < due_ns)
		return;
	if (ring->count)
		ring->newest = (uint8_t)((ring->newest + 1) % SAMPLES);
	if (ring->count < SAMPLES)
		ring->count++;
	ring->at_ns[ring->newest] = now_ns;
	ring->samples[ring->newest] = *counts;
}

void flow_add(struct flow *flow, const struct flow_counts *counts, uint64_t now_ns)
{
	ring_add(&flow->minute, FLOW_MINUTE_PERIOD_S, counts, now_ns);
	ring_add(&flow->hour, FLOW_HOUR_PERIOD_S, counts, now_ns);
}

/* The sample so many periods ago. */
static unsigned int ago(const struct flow_ring *ring, unsigned int periods)
{
	return (ring->newest + SAMPLES - periods) % SAMPLES;
}

struct flow_summary flow_last(const struct flow_ring *ring, unsigned int periods)
{
	const struct flow_counts *last = &ring->samples[ring->newest];
	struct flow_summary sum = { 0 };
	const struct flow_counts *first;

	if (ring->count < 2)
		return sum;
	if (periods > ring->count - 1U)
		periods = ring->count - 1U;
	first = &ring->samples[ago(ring, periods)];
	sum.periods = (uint8_t)periods;
	sum.seconds = (double)(ring->at_ns[ring->newest] - ring->at_ns[ago(ring, periods)]) /
		      NS_PER_SECOND;
	sum.opened = last->opened - first->opened;
	sum.closed = last->closed - first->closed;
	sum.waited = last->waited - first->waited;
	sum.growth = (int32_t)(last->level - first->level);
	sum.level = last->level;
	sum.waited_ever = last->waited;
	for (unsigned int i = 0; i < periods; i++) {
		const struct flow_counts *after = &ring->samples[ago(ring, i)];
		const struct flow_counts *before = &ring->samples[ago(ring, i + 1)];

		sum.rising += after->level > before->level;
		sum.falling += after->level < before->level;
		sum.opening += after->opened != before->opened;
		sum.waiting += after->waited != before->waited;
	}
	return sum;
}
