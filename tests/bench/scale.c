// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent does with ever more holds, destinations, owners and namespaces, without a kernel:
 * events go into a ledger, and what the agent's loop and its HTTP server do is timed. Says it in
 * one line of JSON, as lists of samples. One run is one size, so that memory starts afresh.
 */
#include <argp.h>
#include <inttypes.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "exporters/json/json.h"
#include "exporters/prometheus/prometheus.h"
#include "exporters/webhook/webhook.h"
#include "tests/bench/scale_holds.h"
#include "user/alert/alert.h"
#include "user/core/ledger.h"
#include "user/core/overlap.h"
#include "user/core/verdict_find.h"
#include "user/core/view_build.h"

#define NAMESPACES_MAX 1000
#define START_NS (1000 * SECOND)
#define TURNS 10
#define WARM_TURNS 12 /* until trends are known and alerts fire */
#define SCRAPES 5
#define ALL_ROWS 1000000

struct bench {
	uint32_t namespaces;
	struct ledger *ledger;
	struct alerts *alerts;
	struct view *view;
	uint64_t now_ns;
	size_t transitions;
	bool first; /* no result was printed yet */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static double ms_since(uint64_t begin_ns)
{
	return (double)(now_ns() - begin_ns) / 1e6;
}

static void die(const char *what)
{
	fprintf(stderr, "scale: %s\n", what);
	exit(EXIT_FAILURE);
}

static void print_samples(struct bench *bench, const char *name, const double *samples,
			  size_t count)
{
	printf("%s\"%s\": [", bench->first ? "{" : ", ", name);
	bench->first = false;
	for (size_t i = 0; i < count; i++)
		printf("%s%.6g", i ? ", " : "", samples[i]);
	printf("]");
}

static void print_one(struct bench *bench, const char *name, double value)
{
	print_samples(bench, name, &value, 1);
}

/* The second number of statm, in pages. */
static double resident_bytes(void)
{
	char line[128];
	char *resident = NULL;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fgets(line, sizeof(line), file))
		resident = strchr(line, ' ');
	if (!resident)
		die("cannot read /proc/self/statm");
	fclose(file);
	return (double)strtoul(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

/* --- the holds ------------------------------------------------------------------------------- */

static void apply(struct bench *bench, struct event event)
{
	event.header.time_ns = bench->now_ns;
	if (event.header.kind == EVENT_TAKEN)
		event.taken.hold.taken_ns = START_NS; /* repeated as it was told */
	if (ledger_apply(bench->ledger, &event) < 0)
		die("no memory for an event");
}

static uint64_t id_of(uint32_t netns, uint32_t number)
{
	return 1 + (uint64_t)netns * HOLDS_EACH + number;
}

/* In the order in which a host takes them: everywhere at once. */
static void take_all(struct bench *bench, uint8_t flags)
{
	for (uint32_t number = 0; number < HOLDS_EACH; number++)
		for (uint32_t netns = 0; netns < bench->namespaces; netns++) {
			struct saying saying = hold(netns, number);

			saying.id = id_of(netns, number);
			saying.event_flags = flags;
			apply(bench, make_taken(&saying));
		}
}

/* Every fourth connection is closed: TIME_WAIT, its end, and a new one. */
static size_t churn(struct bench *bench)
{
	size_t events = 0;

	for (uint32_t number = 0; number < HOLDS_EACH - BOUND_HOLDS - UDP_HOLDS; number += 4)
		for (uint32_t netns = 0; netns < bench->namespaces; netns++) {
			struct saying saying = hold(netns, number);

			saying.id = id_of(netns, number);
			apply(bench, make_time_wait(&saying));
			apply(bench, make_released(&saying));
			apply(bench, make_taken(&saying));
			events += 3;
		}
	return events;
}

static void tell_namespaces(struct bench *bench, uint8_t tw_reuse)
{
	struct netns_facts facts = { .first = FIRST, .last = LAST, .tw_reuse_delay_ms = 1000 };

	facts.tw_reuse = tw_reuse;
	for (uint32_t netns = 0; netns < bench->namespaces; netns++) {
		facts.inode = inode_of(netns);
		snprintf(facts.name, sizeof(facts.name), "pod-%u", netns);
		if (ledger_set_netns(bench->ledger, &facts) < 0)
			die("no memory for a namespace");
	}
}

static void name_owners(struct bench *bench)
{
	struct owner *owner;

	while ((owner = ledger_unidentified(bench->ledger)))
		owner_identify(owner, "/system.slice/shop.service", "shop.service", NULL, NULL);
}

/* --- what the loop does ---------------------------------------------------------------------- */

static void count_transition(void *context, const struct view_alert *alert, bool entered)
{
	struct bench *bench = context;

	(void)alert;
	(void)entered;
	bench->transitions++;
}

static bool is_alive(void *context, const struct owner_id *id)
{
	(void)context;
	return id->pid != 0;
}

struct turn {
	double advance;
	double build;
	double alerts;
	double whole; /* for so long nobody reads the ring */
};

static struct turn turn(struct bench *bench)
{
	struct view_facts facts = { .source = "bench", .host = "bench", .kernel = "none" };
	struct turn ret;
	uint64_t begin = now_ns();
	uint64_t step = begin;

	bench->now_ns += SECOND;
	facts.now_ns = bench->now_ns;
	ledger_advance(bench->ledger, bench->now_ns);
	ret.advance = ms_since(step);
	view_unref(bench->view);
	step = now_ns();
	if (view_build(&bench->view, bench->ledger, &facts) < 0)
		die("no memory for a view");
	ret.build = ms_since(step);
	step = now_ns();
	if (alerts_evaluate(bench->alerts, bench->view, bench->now_ns, count_transition, bench) < 0)
		die("no memory for the alerts");
	ret.alerts = ms_since(step);
	ret.whole = ms_since(begin);
	return ret;
}

static void measure_turns(struct bench *bench)
{
	double samples[4][TURNS];

	for (int i = 0; i < WARM_TURNS; i++)
		turn(bench);
	for (int i = 0; i < TURNS; i++) {
		struct turn one = turn(bench);

		samples[0][i] = one.advance;
		samples[1][i] = one.build;
		samples[2][i] = one.alerts;
		samples[3][i] = one.whole;
	}
	print_samples(bench, "advance", samples[0], TURNS);
	print_samples(bench, "build", samples[1], TURNS);
	print_samples(bench, "alerts", samples[2], TURNS);
	print_samples(bench, "turn", samples[3], TURNS);
	print_one(bench, "firing", (double)bench->view->alerts_count);
	print_one(bench, "verdicts_found", (double)bench->view->verdicts_count);
}

static void measure_verdicts(struct bench *bench)
{
	double samples[TURNS];
	struct findings findings;

	for (int i = 0; i < TURNS; i++) {
		uint64_t begin = now_ns();

		overlap_count(bench->ledger);
		verdict_find(&findings, bench->ledger);
		samples[i] = ms_since(begin);
	}
	print_samples(bench, "verdicts", samples, TURNS);
}

/* Rules that fire on for a while, and ask for the unit of whoever has most. */
static void measure_own_rules(struct bench *bench)
{
	static const char *const units[] = { "shop*.service" };
	struct alert_rule rules[16];
	struct alerts *alerts;
	double samples[TURNS];
	size_t count;

	memcpy(rules, alert_default_rules(&count), sizeof(rules[0]) * 5);
	for (size_t i = 0; i < 5; i++) {
		rules[i].keep_ns = 300 * SECOND;
		rules[i].select.units = units;
		rules[i].select.units_count = 1;
	}
	if (alerts_new(&alerts, rules, 5) < 0)
		die("no memory for the alerts");
	for (int i = -WARM_TURNS; i < TURNS; i++) {
		uint64_t begin = now_ns();

		bench->now_ns += SECOND;
		if (alerts_evaluate(alerts, bench->view, bench->now_ns, count_transition, bench) <
		    0)
			die("no memory for the alerts");
		if (i >= 0)
			samples[i] = ms_since(begin);
	}
	print_samples(bench, "own_rules", samples, TURNS);
	alerts_free(alerts);
}

/* What a reconcile has the ledger do: each hold is repeated, each process looked at. A profiler
 * finds it by its name. */
static __attribute__((noinline)) void measure_reconcile(struct bench *bench)
{
	uint64_t begin = now_ns();
	double events;

	ledger_reconcile_begin(bench->ledger);
	ledger_resync_begin(bench->ledger);
	take_all(bench, EVENT_FOUND | EVENT_RESYNC);
	ledger_resync_end(bench->ledger);
	events = ms_since(begin);
	begin = now_ns();
	tell_namespaces(bench, 2);
	for (uint32_t netns = 0; netns < bench->namespaces; netns++)
		if (!ledger_netns_in_use(bench->ledger, inode_of(netns)))
			die("a namespace with holds is not in use");
	ledger_check_owners(bench->ledger, is_alive, NULL);
	ledger_reconcile_end(bench->ledger, bench->now_ns);
	print_one(bench, "reconcile_holds", events);
	print_one(bench, "reconcile_rest", ms_since(begin));
}

/* A sysctl changes everywhere, and then all namespaces go, holds and all. */
static void measure_namespaces(struct bench *bench)
{
	uint64_t begin = now_ns();

	tell_namespaces(bench, 1);
	print_one(bench, "sysctls", ms_since(begin));
	begin = now_ns();
	for (uint32_t netns = 0; netns < bench->namespaces; netns++)
		ledger_drop_netns(bench->ledger, inode_of(netns));
	print_one(bench, "drop", ms_since(begin));
}

/* --- what the HTTP server does --------------------------------------------------------------- */

static void measure_encoder(struct bench *bench, const char *name, encode_fn *encode,
			    const struct view_limits *limits)
{
	double samples[SCRAPES];
	char label[64];
	size_t size = 0;
	size_t lines = 0;

	for (int i = 0; i < SCRAPES; i++) {
		char *text = NULL;
		uint64_t begin = now_ns();
		FILE *out = open_memstream(&text, &size);

		if (!out)
			die("no memory for a scrape");
		encode(out, bench->view, limits);
		if (fclose(out) != 0)
			die("no memory for a scrape");
		samples[i] = ms_since(begin);
		lines = 0;
		for (const char *at = text; (at = strchr(at, '\n')); at++)
			lines += at[1] && at[1] != '#';
		free(text);
	}
	print_samples(bench, name, samples, SCRAPES);
	snprintf(label, sizeof(label), "%s_bytes", name);
	print_one(bench, label, (double)size);
	snprintf(label, sizeof(label), "%s_series", name);
	print_one(bench, label, (double)lines);
}

static void measure_encoders(struct bench *bench)
{
	struct view_limits usual = VIEW_LIMITS_DEFAULT;
	struct view_limits all = { ALL_ROWS, ALL_ROWS, ALL_ROWS, ALL_ROWS };

	measure_encoder(bench, "scrape", prometheus_metrics, &usual);
	measure_encoder(bench, "openmetrics", prometheus_openmetrics, &usual);
	measure_encoder(bench, "json", json_snapshot, &usual);
	measure_encoder(bench, "scrape_all", prometheus_metrics, &all);
}

/* --- both at once ---------------------------------------------------------------------------- */

struct scraper {
	struct view *view;
	atomic_bool stop;
};

static void *scrape_on(void *argument)
{
	struct scraper *scraper = argument;
	struct view_limits all = { ALL_ROWS, ALL_ROWS, ALL_ROWS, ALL_ROWS };

	while (!atomic_load(&scraper->stop)) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		if (!out)
			break;
		prometheus_metrics(out, scraper->view, &all);
		fclose(out);
		free(text);
	}
	return NULL;
}

/* Somebody scrapes everything all the time, in a thread of the server. */
static void measure_scraped(struct bench *bench)
{
	struct scraper scraper = { .view = view_ref(bench->view) };
	double samples[TURNS];
	pthread_t thread;

	if (pthread_create(&thread, NULL, scrape_on, &scraper) != 0)
		die("cannot start a thread");
	for (int i = 0; i < TURNS; i++)
		samples[i] = turn(bench).whole;
	atomic_store(&scraper.stop, true);
	pthread_join(thread, NULL);
	view_unref(scraper.view);
	print_samples(bench, "turn_scraped", samples, TURNS);
}

/* --- notifiers ------------------------------------------------------------------------------- */

/* It listens and never answers. The URL is good for as long as the program runs. */
static void open_silent(char url[64])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		die("cannot listen on 127.0.0.1");
	snprintf(url, 64, "http://127.0.0.1:%u/", ntohs(address.sin_port));
}

/* All alerts begin or end, are told, and the loop does what there is to do. */
static double tell_all(struct bench *bench, struct notifier *notifier, sd_event *event,
		       bool entered)
{
	uint64_t begin = now_ns();
	int r;

	for (size_t i = 0; i < bench->view->alerts_count; i++)
		webhook_notifier.notify(notifier, &bench->view->alerts[i], entered);
	webhook_notifier.publish(notifier, bench->view);
	do
		r = sd_event_run(event, 0);
	while (r > 0);
	if (r < 0)
		die("the event loop failed");
	return ms_since(begin);
}

static void measure_told(struct bench *bench)
{
	char url[64];
	const char *const urls[] = { url };
	struct notifier_config config = {
		.name = "silent", .type = "webhook", .urls = urls, .urls_count = 1
	};
	struct notifier *notifier;
	double samples[TURNS];
	sd_event *event;

	open_silent(url);
	if (sd_event_new(&event) < 0 || webhook_notifier.open(&notifier, &config, event) < 0)
		die("cannot open a notifier");
	for (int i = 0; i < TURNS; i++)
		samples[i] = tell_all(bench, notifier, event, i % 2 == 0);
	webhook_notifier.close(notifier);
	sd_event_unref(event);
	print_samples(bench, "told", samples, TURNS);
}

/* --- all of it ------------------------------------------------------------------------------- */

static void open_bench(struct bench *bench)
{
	struct view_limits limits = VIEW_LIMITS_DEFAULT;
	const struct alert_rule *rules;
	size_t count;

	rules = alert_default_rules(&count);
	if (ledger_new(&bench->ledger, 0, bench->now_ns) < 0 ||
	    alerts_new(&bench->alerts, rules, count) < 0)
		die("no memory");
	ledger_limit(bench->ledger, &limits);
	ledger_reconcile_begin(bench->ledger);
	ledger_reconcile_end(bench->ledger, bench->now_ns);
}

static void measure_events(struct bench *bench)
{
	double holds = (double)bench->namespaces * HOLDS_EACH;
	double before = resident_bytes();
	uint64_t begin;
	size_t events;

	begin = now_ns();
	take_all(bench, 0);
	print_one(bench, "take_ns", (double)(now_ns() - begin) / holds);
	malloc_trim(0);
	print_one(bench, "bytes_a_hold", (resident_bytes() - before) / holds);
	bench->now_ns += SECOND;
	begin = now_ns();
	events = churn(bench);
	print_one(bench, "churn_ns", (double)(now_ns() - begin) / (double)events);
	name_owners(bench);
}

static void measure(struct bench *bench)
{
	print_one(bench, "holds", (double)bench->namespaces * HOLDS_EACH);
	tell_namespaces(bench, 2);
	measure_events(bench);
	measure_turns(bench);
	measure_verdicts(bench);
	measure_own_rules(bench);
	measure_told(bench);
	measure_encoders(bench);
	measure_scraped(bench);
	measure_reconcile(bench);
	print_one(bench, "peak_bytes", resident_bytes());
	measure_namespaces(bench);
	printf("}\n");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	uint32_t *namespaces = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	*namespaces = (uint32_t)strtoul(argument, NULL, 10);
	if (!*namespaces || *namespaces > NAMESPACES_MAX)
		argp_error(state, "NAMESPACES is from 1 to %d", NAMESPACES_MAX);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = { .now_ns = START_NS, .first = true };
	struct argp argp = { .parser = parse,
			     .args_doc = "NAMESPACES",
			     .doc = "Times the ledger and what is made of it." };

	argp_parse(&argp, argc, argv, 0, NULL, &bench.namespaces);
	if (!bench.namespaces)
		die("how many namespaces?");
	open_bench(&bench);
	measure(&bench);
	view_unref(bench.view);
	alerts_free(bench.alerts);
	ledger_free(bench.ledger);
	return EXIT_SUCCESS;
}
