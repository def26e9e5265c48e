// SPDX-License-Identifier: Apache-2.0
#include "user/core/verdict.h"

#define NS_PER_SECOND 1000000000ULL
#define STAYS_NS (20 * NS_PER_SECOND)
#define LEAK_STAYS_NS (60 * NS_PER_SECOND)
#define LEAK_PERIODS 6
#define LEAK_GROWTH_MIN 8
#define LEAK_SOON_S 600
#define CHURN_PERIODS 6
#define CHURN_PERIODS_MIN 3
#define STEADY_S 30
#define RATE_S 10

/* Parts of a capacity: a verdict is come to at one, and given up below the other. */
struct threshold {
	double enter;
	double leave;
};

static const struct threshold full = { VIEW_SHARE_WARNING, 0.70 };
static const struct threshold leaked = { 0.20, 0.15 };
static const struct threshold leaked_soon = { 0.05, 0.04 }; /* gone within LEAK_SOON_S */
static const struct threshold bound = { 0.10, 0.07 };
static const struct threshold churned = { 0.50, 0.40 };
static const struct threshold churning = { 0.80, 0.65 }; /* where the rate leads to */
static const struct threshold dominant = { 0.50, 0.35 }; /* part of what is used */
static const double critical = VIEW_SHARE_CRITICAL;

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICT__COUNT] = {
		[VERDICT_LEAK] = "leak",
		[VERDICT_UDP_LEAK] = "udp_leak",
		[VERDICT_CHURN] = "churn",
		[VERDICT_BIND_BEFORE_CONNECT] = "bind_before_connect",
		[VERDICT_LISTEN_COLLISION] = "listen_collision",
		[VERDICT_NARROW_RANGE] = "narrow_range",
		[VERDICT_NEAR_EXHAUSTION] = "near_exhaustion",
	};

	return verdict < VERDICT__COUNT && names[verdict] ? names[verdict] : "none";
}

static struct flow_summary last_minute(const struct numbers *numbers, unsigned int periods)
{
	return numbers->flow ? flow_last(&numbers->flow->minute, periods)
			     : (struct flow_summary){ 0 };
}

/* Nothing is over no threshold. */
static bool over(double part, double whole, const struct threshold *threshold, bool stands)
{
	return part > 0 && part >= whole * (stands ? threshold->leave : threshold->enter);
}

/* --- leak ------------------------------------------------------------------------------------ */

static bool nothing_closes(const struct flow_summary *sum, uint32_t level)
{
	return sum->closed * 10ULL <= (sum->opened > level ? sum->opened : level);
}

static bool only_grows(const struct flow_summary *sum)
{
	return sum->periods >= LEAK_PERIODS && sum->rising + 1 >= sum->periods && !sum->falling &&
	       sum->growth >= LEAK_GROWTH_MIN && sum->closed * 10ULL <= sum->opened;
}

struct flow_summary verdict_growth(const struct numbers *numbers)
{
	struct flow_summary minute = last_minute(numbers, LEAK_PERIODS);
	struct flow_summary hour;

	if (!numbers->flow || only_grows(&minute))
		return minute;
	hour = flow_last(&numbers->flow->hour, LEAK_PERIODS);
	return only_grows(&hour) ? hour : minute;
}

static bool ends_soon(const struct numbers *numbers, const struct flow_summary *sum)
{
	double left = numbers->capacity > numbers->used ? numbers->capacity - numbers->used : 0;

	return sum->growth > 0 && left * sum->seconds / sum->growth <= LEAK_SOON_S;
}

/* When nothing is left, a leak can grow no more. */
static bool is_stuck_full(const struct numbers *numbers)
{
	struct flow_summary minute = last_minute(numbers, LEAK_PERIODS);

	return over(numbers->used, numbers->capacity, &full, false) &&
	       nothing_closes(&minute, numbers->mine);
}

bool verdict_leaks(const struct numbers *numbers, bool stands)
{
	struct flow_summary sum = verdict_growth(numbers);

	if (stands && is_stuck_full(numbers))
		return true;
	if (!only_grows(&sum) || numbers->mine * 10ULL < sum.level * 9ULL)
		return false;
	return over(numbers->mine, numbers->capacity, &leaked, stands) ||
	       (over(numbers->mine, numbers->capacity, &leaked_soon, stands) &&
		ends_soon(numbers, &sum));
}

/* --- churn ----------------------------------------------------------------------------------- */

double verdict_waiting_rate(const struct numbers *numbers)
{
	struct flow_summary sum = last_minute(numbers, FLOW_PERIODS);
	double present = (double)numbers->waiting / TIME_WAIT_S;
	double counted = sum.seconds >= RATE_S ? sum.waited / sum.seconds : 0;

	return counted > present ? counted : present;
}

static double used_soon(const struct numbers *numbers)
{
	return verdict_waiting_rate(numbers) * TIME_WAIT_S + numbers->active;
}

/* Who opens fast enough finds nothing but TIME_WAIT for most of a minute, and so neither opens nor
 * closes. Who was refused before all that was closed, as at the end of a leak, is no such one. */
static bool goes_on_in_vain(const struct numbers *numbers)
{
	struct flow_summary sum = last_minute(numbers, 1);
	uint32_t fresh = numbers->waited_ever - sum.waited_ever + sum.waited;

	return numbers->refusing && verdict_is_full(numbers, false) && sum.periods &&
	       fresh * 2ULL <= numbers->waiting;
}

/* Many that are closed at once and not opened again are no churn. One picture cannot tell. */
static bool goes_on(const struct numbers *numbers)
{
	struct flow_summary sum = last_minute(numbers, CHURN_PERIODS);

	if (goes_on_in_vain(numbers))
		return true;
	if (sum.periods < CHURN_PERIODS_MIN)
		return numbers->found;
	return sum.opening >= CHURN_PERIODS_MIN && sum.waiting >= CHURN_PERIODS_MIN;
}

/* TIME_WAIT is most of what is used, and is much already or will be in a minute. */
static bool churns(const struct numbers *numbers, bool stands)
{
	double soon = used_soon(numbers);

	if (!goes_on(numbers))
		return false;
	if (!over(numbers->waiting, numbers->used, &dominant, stands))
		return false;
	return over(numbers->used, numbers->capacity, &churned, stands) ||
	       (over(numbers->waiting, numbers->capacity, &bound, stands) &&
		over(soon, numbers->capacity, &churning, stands));
}

/* --- what is full ---------------------------------------------------------------------------- */

/* Full, and not because it grows: then it is what is asked for. In one picture, only a range that
 * somebody made narrower tells. */
static bool is_steady(const struct numbers *numbers)
{
	struct flow_summary sum = last_minute(numbers, FLOW_PERIODS);

	if (sum.seconds < STEADY_S)
		return numbers->found && numbers->small;
	return sum.growth * 20LL <= numbers->used;
}

enum verdict verdict_on_scope(const struct numbers *numbers, enum verdict standing)
{
	bool stands = standing == VERDICT_NARROW_RANGE || standing == VERDICT_NEAR_EXHAUSTION;

	if (verdict_leaks(numbers, standing == VERDICT_LEAK))
		return VERDICT_LEAK;
	if (churns(numbers, standing == VERDICT_CHURN))
		return VERDICT_CHURN;
	if (!over(numbers->used, numbers->capacity, &full, stands))
		return VERDICT_NONE;
	/* A lack that has a cause of its own, which has a verdict of its own. */
	if (numbers->explained && numbers->explained * 2ULL >= numbers->capacity)
		return VERDICT_NONE;
	if (numbers->wider && (standing == VERDICT_NARROW_RANGE || is_steady(numbers)))
		return VERDICT_NARROW_RANGE;
	return VERDICT_NEAR_EXHAUSTION;
}

bool verdict_binds(const struct numbers *numbers, bool stands)
{
	return over(numbers->mine, numbers->capacity, &bound, stands);
}

bool verdict_is_full(const struct numbers *numbers, bool stands)
{
	return over(numbers->used, numbers->capacity, &full, stands);
}

/* --- how it stands --------------------------------------------------------------------------- */

enum view_severity verdict_severity(enum verdict verdict, const struct numbers *numbers)
{
	bool is_full = verdict_is_full(numbers, false);

	if (numbers->used >= critical * numbers->capacity || (is_full && numbers->refused))
		return SEVERITY_CRITICAL;
	if (is_full || verdict == VERDICT_LEAK || verdict == VERDICT_UDP_LEAK)
		return SEVERITY_WARNING;
	if (verdict == VERDICT_CHURN &&
	    over(used_soon(numbers), numbers->capacity, &churning, false))
		return SEVERITY_WARNING;
	if (verdict == VERDICT_BIND_BEFORE_CONNECT &&
	    over(numbers->mine, numbers->capacity, &churned, false))
		return SEVERITY_WARNING;
	return SEVERITY_INFO;
}

/* The ports that the verdict is about. */
static uint32_t level_of(enum verdict verdict, const struct numbers *numbers)
{
	return verdict == VERDICT_LEAK || verdict == VERDICT_UDP_LEAK ||
			       verdict == VERDICT_BIND_BEFORE_CONNECT
		       ? numbers->mine
		       : numbers->used;
}

static bool is_over(const struct standing *standing, uint32_t level, uint64_t now_ns)
{
	uint64_t stays_ns =
		standing->verdict == VERDICT_LEAK || standing->verdict == VERDICT_UDP_LEAK
			? LEAK_STAYS_NS
			: STAYS_NS;

	return now_ns - standing->held_ns >= stays_ns || level * 2ULL < standing->level;
}

static void follow_severity(struct standing *standing, enum view_severity severity, uint64_t now_ns)
{
	if (severity < standing->severity && now_ns - standing->severe_ns < STAYS_NS)
		return;
	standing->severity = (uint8_t)severity;
	standing->severe_ns = now_ns;
}

enum verdict standing_follow(struct standing *standing, enum verdict now,
			     const struct numbers *numbers, uint64_t now_ns)
{
	enum verdict before = (enum verdict)standing->verdict;

	if (before != VERDICT_NONE && now != before &&
	    is_over(standing, level_of(before, numbers), now_ns)) {
		*standing = (struct standing){ 0 };
		before = VERDICT_NONE;
	}
	if (now == VERDICT_NONE && before == VERDICT_NONE)
		return VERDICT_NONE;
	if (now != VERDICT_NONE && (before == VERDICT_NONE || now <= before)) {
		standing->verdict = (uint8_t)now;
		standing->held_ns = now_ns;
		standing->level = level_of(now, numbers);
	}
	follow_severity(standing, verdict_severity((enum verdict)standing->verdict, numbers),
			now_ns);
	return (enum verdict)standing->verdict;
}
