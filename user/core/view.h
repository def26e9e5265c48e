/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view: the ledger at one moment, names included, never changed once published. It is all that
 * exporters, alerts and commands may see, so that every number a user meets agrees with every
 * other. Reference-counted; the count is atomic because the HTTP server reads in its own thread.
 *
 * Lists are complete and sorted worst first; encoders bound them (struct view_limits) and sum the
 * rest in an "other" row. Strings and arrays live as long as the view. A string that is NULL, a
 * time that is 0 and a double that is NAN mean: unknown.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIEW_VERSION 1
#define VIEW_HISTOGRAM_BUCKETS 16
#define VIEW_COMM_LEN 16
/* From these shares of a scope's ports on it is worth a warning, and critical, unless somebody says
 * otherwise; the default rules have the same. */
#define VIEW_SHARE_WARNING 0.80
#define VIEW_SHARE_CRITICAL 0.95

struct view_pool {
	uint32_t vrf;           /* interface index of the VRF whose ports these are; 0: none */
	uint32_t netns;         /* inode number */
	const char *netns_name; /* never NULL: the readable name, else the inode number */
	uint8_t protocol;       /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t first;
	uint16_t last;
	uint32_t reserved; /* ports of the range in ip_local_reserved_ports */
	uint32_t size;
	uint32_t used; /* distinct ports: shared + exclusive */
	uint32_t shared;
	uint32_t exclusive;
	uint32_t refused_recently;           /* refusals of the last 60 s */
	double saturation;                   /* used / size, 0 to 1: the scope of bind(0) and UDP */
	double worst_destination_saturation; /* 0 when there is no destination */
	double exhaustion_seconds;
};

/* What one owner has in one destination. */
struct view_share {
	uint32_t pid;                /* 0: unknown, or the kernel */
	char process[VIEW_COMM_LEN]; /* "": unknown */
	uint32_t used;               /* active + time_wait - recyclable */
	uint32_t active;
	uint32_t time_wait; /* recyclable ones included */
	uint32_t exclusive; /* bound before they connected: not part of used */
};

struct view_destination {
	uint32_t netns;
	const char *netns_name;
	uint8_t protocol;
	uint8_t local[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t remote[16];
	uint16_t remote_port;
	const char *service;          /* by the host's list of services */
	uint32_t listener_pid;        /* 0: not known to be of this host */
	char listener[VIEW_COMM_LEN]; /* the process that listens there; "": unknown */
	uint16_t first;               /* the ports of this scope: the pool's, or a window's */
	uint16_t last;
	bool window; /* only for sockets with an IP_LOCAL_PORT_RANGE; in the other row, too */
	uint32_t capacity;
	uint32_t used; /* active + time_wait - recyclable */
	uint32_t active;
	uint32_t time_wait;
	uint32_t recyclable;
	uint32_t exclusive;
	double saturation;
	double exhaustion_seconds;
	const struct view_share *owners; /* most ports first */
	size_t owners_count;
};

/* One owner in one pool. */
struct view_owner {
	uint32_t pid;                /* 0: unknown, or the kernel */
	uint64_t start_time;         /* ns since the epoch */
	char process[VIEW_COMM_LEN]; /* "": unknown */
	bool known;                  /* false: nobody can say who took these ports */
	uint32_t uid;
	const char *cgroup;
	const char *unit;
	const char *container;
	const char *pod;
	const char *exe;
	const char *command; /* without arguments that could be secrets */
	const char *container_name;
	const char *pod_name;
	const char *pod_namespace;
	bool alive;
	uint32_t netns;
	const char *netns_name;
	uint8_t protocol;
	uint32_t used; /* active + time_wait - recyclable + exclusive */
	uint32_t active;
	uint32_t time_wait;
	uint32_t recyclable;
	uint32_t exclusive; /* distinct ports */
	uint64_t allocations;
	uint64_t refusals;
};

#define VIEW_PLACE_MAX 32

/* What an owner runs in, in a word: its pod, else its container, else its unit; NULL: unknown. */
const char *view_place(char ret[VIEW_PLACE_MAX], const struct view_owner *owner);

struct view_refusal {
	uint64_t time; /* ns since the epoch */
	uint32_t pid;
	char process[VIEW_COMM_LEN];
	uint32_t netns;
	const char *netns_name;
	uint8_t protocol;
	const char *path; /* "connect", "bind", "autobind", ... */
	uint16_t error;   /* errno, positive */
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t remote_port; /* 0: no destination */
	double saturation;    /* of the scope that refused, at that moment */
};

/* Monotonic counts since the agent's start, or since the row is there; see counters.h. error and
 * process are set for refusals only. */
struct view_counter {
	const char *netns_name;
	uint8_t protocol;
	const char *path;
	uint16_t error;
	char process[VIEW_COMM_LEN];
	uint64_t count;
};

/* buckets[i] counts values <= bounds[i] and > bounds[i - 1]; the last one has no bound. */
struct view_histogram {
	uint8_t protocol;
	const char *path;
	const double *bounds; /* seconds; VIEW_HISTOGRAM_BUCKETS - 1 of them */
	uint64_t buckets[VIEW_HISTOGRAM_BUCKETS];
	double sum; /* seconds */
	uint64_t count;
};

struct view_drift {
	uint32_t netns;
	const char *netns_name;
	uint8_t protocol;
	uint32_t ports; /* holds the last reconcile had to add or drop */
};

/* A named count: an event kind, or a reason for a loss. */
struct view_tally {
	const char *name;
	uint64_t count;
};

enum view_severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY__COUNT };

/* As documents, labels and log lines write it. */
static inline const char *view_severity_name(enum view_severity severity)
{
	switch (severity) {
	case SEVERITY_CRITICAL:
		return "critical";
	case SEVERITY_WARNING:
		return "warning";
	default:
		return "info";
	}
}

struct view_label {
	const char *name; /* [a-zA-Z_][a-zA-Z0-9_]* */
	const char *value;
};

struct view_alert {
	const char *rule;
	enum view_severity severity;
	const char *subject; /* one line: what it is about, stable while it fires */
	const char *summary; /* one line with the numbers */
	double value;
	uint64_t since; /* ns since the epoch */
	/* What identifies it, and never changes while it fires: alertname, severity, ... */
	const struct view_label *labels;
	size_t labels_count;
	/* What may change: summary, description, remedy, process, runbook_url, ... */
	const struct view_label *annotations;
	size_t annotations_count;
};

/* Every rule there is, with how many of its alerts fire now. */
struct view_rule {
	const char *name;
	enum view_severity severity;
	uint32_t firing;
};

/* A finding, with the one remedy that fits. */
struct view_verdict {
	const char *verdict; /* "leak", "churn", ... */
	enum view_severity severity;
	const char *subject; /* one line: the process, destination or pool it is about */
	const char *text;    /* one sentence: the evidence, in numbers */
	const char *remedy;  /* one sentence: what to do, and what it would change */
	/* What it is about, as far as it is about one. */
	uint32_t netns;
	const char *netns_name;
	uint8_t protocol;
	bool has_destination;
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t remote_port;
	uint32_t pid; /* 0: no process */
	char process[VIEW_COMM_LEN];
};

/* How one notifier fares, since it was opened. A message is one state of one alert for one
 * receiver: each of several receivers counts for itself. */
struct view_notifier {
	const char *name;
	uint64_t delivered; /* messages that were taken, repetitions of what still fires included */
	uint64_t failed;    /* attempts that failed, each with one message or many */
	uint64_t dropped;   /* messages given up: no room, too old, or refused as wrong */
	uint64_t waiting;   /* messages, now */
};

/* How the HTTP server fares, since the agent's start. */
struct view_http {
	const struct view_tally *requests; /* answered ones; the name is the status: "200" */
	size_t requests_count;
	uint64_t failed; /* connections that ended before a whole request, for whatever reason */
};

struct view_health {
	const struct view_tally *events;
	size_t events_count;
	const struct view_tally *lost;
	size_t lost_count;
	const struct view_drift *drift;
	size_t drift_count;
	uint64_t drift_total;
	uint64_t reconciliations;
	uint64_t reconciled_at;   /* ns since the epoch */
	uint64_t since;           /* ns since the epoch: when the agent began to look */
	bool complete;            /* false: a namespace could not be entered, or holds were lost */
	uint64_t alerts_unlisted; /* subjects beyond a threshold whose rule has too many alerts */
	bool settings_taken;      /* the last reading of the settings file succeeded */
	uint64_t settings_at;     /* ns since the epoch: the last one that did; 0: there is none */
};

/* What metrics give series of their own; see view.series_dropped. */
enum view_list {
	VIEW_NAMESPACES,
	VIEW_DESTINATIONS,
	VIEW_SHARES,
	VIEW_OWNERS,
	VIEW_REFUSALS,
	VIEW_LIST__COUNT
};

struct view {
	uint64_t time;      /* ns since the epoch */
	const char *source; /* "fentry", "tracepoint", ... */
	const char *kernel; /* release */
	const char *host;
	const char *version; /* of portgauge */

	const struct view_pool *pools; /* worst saturation first */
	size_t pools_count;
	const struct view_destination *destinations; /* highest saturation first */
	size_t destinations_count;
	const struct view_owner *owners; /* most ports first */
	size_t owners_count;
	const struct view_refusal *refusals; /* newest first; bounded */
	size_t refusals_count;
	const struct view_alert *alerts; /* gravest first */
	size_t alerts_count;
	const struct view_rule *rules;
	size_t rules_count;
	const struct view_verdict *verdicts; /* gravest first */
	size_t verdicts_count;
	const struct view_notifier *notifiers; /* in the order of the configuration */
	size_t notifiers_count;

	const struct view_counter *allocations;
	size_t allocations_count;
	const struct view_counter *releases;
	size_t releases_count;
	const struct view_counter *refused;
	size_t refused_count;
	const struct view_histogram *searches;
	size_t searches_count;
	const struct view_histogram *lifetimes;
	size_t lifetimes_count;
	/* Rows that went into an "other" one since the agent's start: of VIEW_REFUSALS one a
	 * refusal, of all others one a row in each view. */
	uint64_t series_dropped[VIEW_LIST__COUNT];

	struct view_http http;
	struct view_health health;
	struct arena *arena; /* owns every string and array above */
	int references;      /* atomic; see view_ref */
};

/* How much of a view an encoder may write, and how much of it there may be. Whatever is beyond a
 * limit is summed in an "other" row. */
struct view_limits {
	size_t top;        /* rows of each list */
	size_t namespaces; /* with metrics of their own */
	size_t processes;  /* names with counters of refusals of their own, over all namespaces */
	size_t shares;     /* process names told apart in one destination, in metrics */
};

#define VIEW_LIMITS_DEFAULT                                                   \
	(struct view_limits)                                                  \
	{                                                                     \
		.top = 100, .namespaces = 100, .processes = 200, .shares = 3, \
	}

/* Both are safe from any thread. view_ref returns its argument; view_unref(NULL) does nothing. */
struct view *view_ref(struct view *view);
void view_unref(struct view *view);
