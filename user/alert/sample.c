// SPDX-License-Identifier: Apache-2.0
#include "user/alert/sample.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "user/alert/owners.h"
#include "user/base/text.h"
#include "user/base/util.h"

/* --- what it is of --------------------------------------------------------------------------- */

static const char *netns_name(const struct sample *sample)
{
	if (sample->destination)
		return sample->destination->netns_name;
	if (sample->pool)
		return sample->pool->netns_name;
	return sample->drift ? sample->drift->netns_name : NULL;
}

static uint32_t netns_inode(const struct sample *sample)
{
	if (sample->destination)
		return sample->destination->netns;
	if (sample->pool)
		return sample->pool->netns;
	return sample->drift ? sample->drift->netns : 0;
}

/* Of a destination or a pool; NULL: it has none. */
static const struct view_share *most_of_destination(const struct sample *sample)
{
	const struct view_destination *row = sample->destination;

	return row && row->owners_count ? &row->owners[0] : NULL;
}

const struct view_owner *sample_owner(const struct sample *sample)
{
	const struct owners_key key = {
		.netns_name = netns_name(sample),
		.netns = netns_inode(sample),
		.protocol = sample->protocol,
		.share = most_of_destination(sample),
	};

	if (!key.netns_name || (sample->destination && !key.share))
		return NULL;
	return owners_find(sample->owners, &key);
}

static uint32_t mix(uint32_t hash, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ at[i]) * 16777619U; /* FNV-1a */
	return hash;
}

uint32_t sample_place(const struct sample *sample)
{
	const struct view_destination *row = sample->destination;
	const char *name = netns_name(sample);
	uint32_t hash = mix(2166136261U, &sample->protocol, sizeof(sample->protocol));

	if (name)
		hash = mix(hash, name, strlen(name));
	if (sample->reason)
		hash = mix(hash, sample->reason, strlen(sample->reason));
	if (!row)
		return hash;
	hash = mix(hash, row->local, sizeof(row->local));
	hash = mix(hash, row->remote, sizeof(row->remote));
	hash = mix(hash, &row->remote_port, sizeof(row->remote_port));
	return mix(hash, &row->window, sizeof(row->window));
}

/* --- selection ------------------------------------------------------------------------------- */

static bool fits_any(const char *const *patterns, size_t count, const char *text)
{
	if (!count)
		return true;
	for (size_t i = 0; text && i < count; i++)
		if (fnmatch(patterns[i], text, 0) == 0)
			return true;
	return false;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return !rest || ((a[bits / 8] ^ b[bits / 8]) & (0xff00U >> rest) & 0xff) == 0;
}

static bool is_toward_any(const struct alert_target *targets, size_t count,
			  const struct view_destination *row)
{
	if (!count)
		return true;
	for (size_t i = 0; row && i < count; i++)
		if ((!targets[i].port || targets[i].port == row->remote_port) &&
		    same_prefix(targets[i].address, row->remote, targets[i].bits))
			return true;
	return false;
}

static bool is_owned_by_any(const struct sample *sample, const struct alert_selector *select)
{
	const struct view_share *most = most_of_destination(sample);
	const struct view_owner *owner;
	const char *process;

	if (!select->processes_count && !select->units_count)
		return true;
	owner = sample_owner(sample);
	process = most ? most->process : owner ? owner->process : NULL;
	return fits_any(select->processes, select->processes_count, process) &&
	       fits_any(select->units, select->units_count, owner ? owner->unit : NULL);
}

bool sample_selected(const struct sample *sample, const struct alert_selector *select)
{
	return (!select->protocol || select->protocol == sample->protocol) &&
	       fits_any(select->netns, select->netns_count, netns_name(sample)) &&
	       is_toward_any(select->destinations, select->destinations_count,
			     sample->destination) &&
	       is_owned_by_any(sample, select);
}

/* --- what it is called ----------------------------------------------------------------------- */

static void name_destination(struct sample_text *ret, const struct view_destination *row)
{
	char remote[TEXT_ENDPOINT_MAX];

	text_address(ret->local, row->local);
	text_address(ret->remote, row->remote);
	text_endpoint(remote, row->remote, row->remote_port);
	snprintf(ret->remote_port, sizeof(ret->remote_port), "%u", row->remote_port);
	if (row->window)
		snprintf(ret->ports, sizeof(ret->ports), "%u-%u", row->first, row->last);
	snprintf(ret->subject, sizeof(ret->subject), "%s %s %s -> %s%s%s", ret->netns,
		 ret->protocol, ret->local, remote, row->window ? " ports " : "", ret->ports);
}

void sample_name(struct sample_text *ret, const struct sample *sample)
{
	*ret = (struct sample_text){ .subject = "" };
	text_printable(ret->netns, sizeof(ret->netns), netns_name(sample));
	if (sample->protocol)
		snprintf(ret->protocol, sizeof(ret->protocol), "%s",
			 text_protocol(sample->protocol));
	if (sample->destination) {
		name_destination(ret, sample->destination);
	} else if (sample->reason) {
		text_printable(ret->reason, sizeof(ret->reason), sample->reason);
		snprintf(ret->subject, sizeof(ret->subject), "%s", ret->reason);
	} else {
		snprintf(ret->subject, sizeof(ret->subject), "%s%s%s", ret->netns,
			 *ret->netns ? " " : "", ret->protocol);
	}
}

/* --- what is said of it ---------------------------------------------------------------------- */

static void name_process(struct sample_text *ret, const char *process, uint32_t pid)
{
	char name[VIEW_COMM_LEN];

	text_printable(name, sizeof(name), *process ? process : "unknown");
	snprintf(ret->process, sizeof(ret->process), "%s[%u]", name, pid);
}

static void find_process(struct sample_text *ret, const struct sample *sample)
{
	const struct view_share *most = most_of_destination(sample);
	const struct view_owner *owner = sample->destination ? NULL : sample_owner(sample);

	if (most)
		name_process(ret, most->process, most->pid);
	else if (owner && owner->used)
		name_process(ret, owner->process, owner->pid);
	else if (sample->destination)
		name_process(ret, "", 0);
}

static uint32_t most_used(const struct sample *sample)
{
	const struct view_share *most = most_of_destination(sample);
	const struct view_owner *owner = sample->destination ? NULL : sample_owner(sample);

	return most ? most->used : owner ? owner->used : 0;
}

static void describe_destination(struct sample_text *ret, const struct sample *sample)
{
	const struct view_destination *row = sample->destination;
	char remote[TEXT_ENDPOINT_MAX];

	text_endpoint(remote, row->remote, row->remote_port);
	snprintf(ret->summary, sizeof(ret->summary),
		 "%u of %u ports used toward %s, %u in TIME_WAIT; most by %s (%u)", row->used,
		 row->capacity, remote, row->time_wait - row->recyclable, ret->process,
		 most_used(sample));
	snprintf(ret->description, sizeof(ret->description),
		 "%s holds %u of the %u ports (%.1f %% used) that connections from %s toward %s "
		 "can have in namespace %s; %u are active, %u in TIME_WAIT. At 100 %% connect() "
		 "fails there.",
		 ret->process, most_used(sample), row->capacity, row->saturation * 100, ret->local,
		 remote, ret->netns, row->active, row->time_wait - row->recyclable);
}

static void describe_pool(struct sample_text *ret, const struct sample *sample)
{
	const struct view_pool *row = sample->pool;

	snprintf(ret->summary, sizeof(ret->summary),
		 "%u of %u %s ports held in namespace %s, %u of them bound", row->used, row->size,
		 ret->protocol, ret->netns, row->exclusive);
	snprintf(ret->description, sizeof(ret->description),
		 "%.1f %% of the %s ports %u to %u of namespace %s are held%s%s. At 100 %% bind() "
		 "without a port%s fails there.",
		 row->saturation * 100, ret->protocol, row->first, row->last, ret->netns,
		 *ret->process ? ", most by " : "", ret->process,
		 sample->protocol == 17 ? ", and sending from a new UDP socket," : "");
}

static void describe_refusals(struct sample_text *ret, const struct sample *sample)
{
	const struct view *view = sample->view;
	char process[VIEW_COMM_LEN];

	snprintf(ret->summary, sizeof(ret->summary),
		 "%u %s port requests refused in namespace %s within a minute",
		 sample->pool->refused_recently, ret->protocol, ret->netns);
	for (size_t i = 0; i < view->refusals_count; i++) {
		const struct view_refusal *row = &view->refusals[i];
		char remote[TEXT_ENDPOINT_MAX] = "";

		if (row->netns != sample->pool->netns || row->protocol != sample->protocol)
			continue;
		if (row->remote_port)
			text_endpoint(remote, row->remote, row->remote_port);
		text_printable(process, sizeof(process), row->process);
		snprintf(ret->description, sizeof(ret->description),
			 "%s; the last was %s() of %s[%u]%s%s.", ret->summary, row->path, process,
			 row->pid, *remote ? " toward " : "", remote);
		return;
	}
	snprintf(ret->description, sizeof(ret->description), "%s.", ret->summary);
}

/* "9 min", "45 s". */
static const char *duration(char ret[TEXT_NUMBER_MAX], double seconds)
{
	if (seconds >= 120)
		snprintf(ret, TEXT_NUMBER_MAX, "%.0f min", seconds / 60);
	else
		snprintf(ret, TEXT_NUMBER_MAX, "%.0f s", seconds);
	return ret;
}

/* The destination of a pool that is full first; NULL: it is the pool itself. */
static const struct view_destination *first_full(const struct sample *sample)
{
	const struct view_destination *first = NULL;

	for (size_t i = 0; i < sample->view->destinations_count; i++) {
		const struct view_destination *row = &sample->view->destinations[i];

		if (row->protocol == sample->protocol && row->netns == sample->pool->netns &&
		    !strcmp(row->netns_name, sample->pool->netns_name) &&
		    row->exhaustion_seconds <= sample->value &&
		    (!first || row->exhaustion_seconds < first->exhaustion_seconds))
			first = row;
	}
	return first;
}

static void describe_pools_end(struct sample_text *ret, const struct view_pool *pool,
			       const char *time)
{
	snprintf(ret->summary, sizeof(ret->summary), "no %s port left in namespace %s in about %s",
		 ret->protocol, ret->netns, time);
	snprintf(ret->description, sizeof(ret->description),
		 "%u of %u ports are held, and at the present rate all are in about %s%s%s.",
		 pool->used, pool->size, time, *ret->process ? "; most by " : "", ret->process);
}

static void describe_destinations_end(struct sample_text *ret, const struct sample *sample,
				      const char *time)
{
	const struct view_destination *row = sample->destination;
	char remote[TEXT_ENDPOINT_MAX];

	text_endpoint(remote, row->remote, row->remote_port);
	snprintf(ret->summary, sizeof(ret->summary),
		 "no %s port left toward %s in namespace %s in about %s", ret->protocol, remote,
		 ret->netns, time);
	snprintf(ret->description, sizeof(ret->description),
		 "%u of %u ports are used toward %s, and at the present rate all are in about %s; "
		 "most by %s (%u).",
		 row->used, row->capacity, remote, time, ret->process, most_used(sample));
}

static void describe_exhaustion(struct sample_text *ret, const struct sample *sample)
{
	char time[TEXT_NUMBER_MAX];

	duration(time, sample->value);
	if (sample->destination)
		describe_destinations_end(ret, sample, time);
	else if (sample->pool)
		describe_pools_end(ret, sample->pool, time);
}

static void describe_search(struct sample_text *ret, const struct sample *sample)
{
	char ms[TEXT_NUMBER_MAX];

	text_number(ms, floor(sample->value * 1e6 + 0.5) / 1e3);
	snprintf(ret->summary, sizeof(ret->summary),
		 "1 %% of the searches for a %s port took longer than %s ms", ret->protocol, ms);
	snprintf(ret->description, sizeof(ret->description),
		 "Of %llu searches within the last minute 1 %% took longer than %s ms; the kernel "
		 "does nothing else for the caller meanwhile. It is so when more than half of the "
		 "range is used toward one destination.",
		 (unsigned long long)sample->count, ms);
}

static void describe_lost(struct sample_text *ret, const struct sample *sample)
{
	snprintf(ret->summary, sizeof(ret->summary), "%.0f events lost within a minute: %s",
		 sample->value, ret->reason);
	snprintf(ret->description, sizeof(ret->description),
		 "%.0f events did not reach the ledger (%s). Numbers may be off until the next "
		 "reconcile.",
		 sample->value, ret->reason);
	if (!strcmp(ret->reason, "ring_full"))
		snprintf(ret->remedy, sizeof(ret->remedy), "Make ring_size (--ring-size) larger.");
	else if (!strcmp(ret->reason, "map_full"))
		snprintf(ret->remedy, sizeof(ret->remedy), "Make max_holds (--max-holds) larger.");
}

static void describe_drift(struct sample_text *ret, const struct sample *sample)
{
	snprintf(ret->summary, sizeof(ret->summary),
		 "the last reconcile corrected %.0f %s ports in namespace %s", sample->value,
		 ret->protocol, ret->netns);
	snprintf(ret->description, sizeof(ret->description),
		 "%s. Before it the numbers of this namespace were off by as much.", ret->summary);
}

/* --- the remedy ------------------------------------------------------------------------------ */

static bool is_about_pool(const struct view_verdict *row, const struct sample *sample)
{
	return row->netns == netns_inode(sample) && row->protocol == sample->protocol &&
	       (!row->netns_name || !strcmp(row->netns_name, netns_name(sample)));
}

static bool is_about(const struct view_verdict *row, const struct view_destination *to)
{
	return row->has_destination && row->remote_port == to->remote_port &&
	       !memcmp(row->remote, to->remote, sizeof(to->remote)) &&
	       !memcmp(row->local, to->local, sizeof(to->local));
}

/* Gravest first: of its destination, else of its pool, else, for what is no destination, of any in
 * its pool. NULL: there is none. */
static const struct view_verdict *find_verdict(const struct sample *sample)
{
	const struct view_verdict *found = NULL;
	const struct view_verdict *any = NULL;

	for (size_t i = 0; netns_name(sample) && i < sample->view->verdicts_count; i++) {
		const struct view_verdict *row = &sample->view->verdicts[i];

		if (!is_about_pool(row, sample))
			continue;
		if (sample->destination && is_about(row, sample->destination))
			return row;
		if (!row->has_destination && !found)
			found = row;
		if (!any)
			any = row;
	}
	return found || sample->destination ? found : any;
}

static void find_remedy(struct sample_text *ret, const struct sample *sample,
			enum alert_metric metric)
{
	const struct view_verdict *verdict = find_verdict(sample);

	if (verdict && verdict->remedy)
		text_printable(ret->remedy, sizeof(ret->remedy), verdict->remedy);
	else if (!*ret->remedy)
		snprintf(ret->remedy, sizeof(ret->remedy), "%s", alert_kind(metric)->remedy);
}

void sample_describe(struct sample_text *ret, const struct sample *sample, enum alert_metric metric)
{
	static void (*const describe[ALERT_METRIC__COUNT])(struct sample_text * ret,
							   const struct sample *sample) = {
		[ALERT_DESTINATION_SATURATION] = describe_destination,
		[ALERT_POOL_SATURATION] = describe_pool,
		[ALERT_REFUSALS] = describe_refusals,
		[ALERT_DESTINATION_EXHAUSTION] = describe_exhaustion,
		[ALERT_POOL_EXHAUSTION] = describe_exhaustion,
		[ALERT_SEARCH_TIME] = describe_search,
		[ALERT_EVENTS_LOST] = describe_lost,
		[ALERT_DRIFT] = describe_drift,
	};

	struct sample about = *sample;

	if (metric == ALERT_POOL_EXHAUSTION)
		about.destination = first_full(sample);
	ret->remedy[0] = '\0';
	ret->process[0] = '\0';
	find_process(ret, &about);
	describe[metric](ret, &about);
	find_remedy(ret, &about, metric);
}

/* --- labels and annotations ------------------------------------------------------------------ */

static void add(struct view_label *rows, size_t *count, const char *name, const char *value)
{
	if (value && *value)
		rows[(*count)++] = (struct view_label){ name, value };
}

size_t sample_labels(struct view_label *ret, const struct sample_text *text,
		     const struct alert_rule *rule, const char *host)
{
	size_t count = 0;

	add(ret, &count, "alertname", rule->name);
	add(ret, &count, "severity", view_severity_name(rule->severity));
	add(ret, &count, "host", host);
	add(ret, &count, "netns", text->netns);
	add(ret, &count, "protocol", text->protocol);
	add(ret, &count, "local", text->local);
	add(ret, &count, "remote", text->remote);
	add(ret, &count, "remote_port", text->remote_port);
	add(ret, &count, "ports", text->ports);
	add(ret, &count, "reason", text->reason);
	for (size_t i = 0; i < rule->labels_count && count < SAMPLE_LABELS_MAX; i++)
		add(ret, &count, rule->labels[i].name, rule->labels[i].value);
	return count;
}

size_t sample_annotations(struct view_label *ret, const struct sample_text *text,
			  const struct alert_rule *rule)
{
	size_t count = 0;

	add(ret, &count, "summary", text->summary);
	add(ret, &count, "description", text->description);
	add(ret, &count, "remedy", text->remedy);
	add(ret, &count, "process", text->process);
	add(ret, &count, "runbook_url",
	    rule->runbook_url ? rule->runbook_url : alert_kind(rule->metric)->runbook);
	return count;
}
