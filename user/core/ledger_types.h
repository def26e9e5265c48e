/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger is made of; for ledger.c, its tables and view.c only.
 *
 *   hold --> share --> stake --> owner      a share is what one owner has toward one destination,
 *                |         \--> pool        a stake what one owner has in one pool
 *                \--> destination (or none)
 *
 * Everything is freed when the last thing that points at it goes, netns apart; a share without
 * holds goes when the tables are tidied.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, size, value) ((value) = hash_words(key, size))
#include <uthash.h>

#include "bpf/abi.h"
#include "user/core/hash.h"
#include "user/core/holds.h"
#include "user/core/portset.h"
#include "user/core/trend.h"
#include "user/core/vacancy.h"
#include "user/core/view.h"
#include "user/core/watched.h"

#define REFUSALS_KEPT 256
#define REFUSED_SECONDS 60
#define SPARE_SHARES 64
#define NETNS_NAME_MAX 64

/* Holds of connect() toward one destination, by what they do to its capacity. */
struct tally {
	uint32_t active;
	uint32_t time_wait; /* recyclable ones included */
	uint32_t recyclable;
	uint32_t exclusive; /* bound before they connected: in the pool's count, not in used */
	uint32_t stiff;     /* of time_wait: no setting makes them recyclable */
};

struct histogram {
	uint64_t buckets[VIEW_HISTOGRAM_BUCKETS];
	uint64_t count;
	uint64_t sum_ns;
};

struct netns;

struct pool {
	struct netns *netns;
	struct pool *next; /* of the same namespace */
	uint32_t vrf; /* interface index of the VRF whose ports these are; 0: the namespace's own */
	uint8_t protocol;
	uint16_t first;
	uint16_t last;
	uint32_t reserved_count; /* inside the range */
	uint8_t *reserved;       /* bitmap of 65536 ports; NULL: none reserved */
	struct portset ports;
	struct portset exclusive;
	struct portset
		stuck; /* blocked still, though the last exclusive hold has left: HOLD_STICKS */
	uint64_t allocations[PATH__COUNT];
	uint64_t releases[PATH__COUNT];
	uint32_t refused[REFUSED_SECONDS]; /* by second */
	struct trend trend;                /* of ports held */
	uint64_t refused_second;           /* the newest second counted in refused */
	uint32_t drift;                    /* of the last reconcile */
	double worst_saturation;           /* of its destinations; view_build fills and reads it */
	double exhaustion_seconds;         /* of itself or one of them; the same */
	uint32_t drift_running;            /* of the reconcile under way */
	struct watched *watched;           /* NULL: few ports are held */
	uint32_t explained;   /* ports with a verdict on who has them; verdict_find fills it */
	uint32_t first_hold;  /* list of its holds; see holds_link */
	struct stake *stakes; /* list through stake.next */
	bool counted_apart;   /* see counters.h */
};

struct netns {
	uint32_t inode;
	char name[NETNS_NAME_MAX];
	uint8_t tw_reuse;
	uint32_t tw_reuse_delay_ms;
	struct pool *pools; /* TCP and UDP of its own come first */
	UT_hash_handle hh;
};

#define FOR_EACH_POOL(pool, netns_) for ((pool) = (netns_)->pools; (pool); (pool) = (pool)->next)

struct owner_key {
	uint64_t start_ns;
	uint32_t tgid;
	uint32_t flags; /* HOLD_OWNER_KNOWN, HOLD_OWNER_KERNEL */
};

struct owner {
	struct owner_key key;
	char comm[ABI_COMM_LEN];
	uint32_t uid;
	uint64_t cgroup_id;
	uint64_t seen_ns; /* when it was as described above */
	char *cgroup;     /* names the agent looked up; NULL: none */
	char *unit;
	char *container;
	char *pod;
	char *exe;
	char *command;
	char *container_name;
	char *pod_name;
	char *pod_namespace;
	bool identified; /* the agent has looked */
	bool named;      /* it has told what names there are */
	bool listed;     /* in the ledger's list of strangers */
	struct owner *next_stranger;
	struct owner *previous_stranger;
	bool alive;
	uint32_t stakes;
	UT_hash_handle hh;
};

struct stake_key {
	struct owner *owner;
	struct pool *pool;
};

struct stake {
	struct stake_key key;
	struct tally tally;
	struct portset exclusive;
	uint64_t allocations;
	uint64_t refusals;
	uint64_t refused_ns; /* the newest */
	uint32_t shares;
	uint32_t bound;              /* holds by bind(port 0) that then connected */
	uint32_t bound_destinations; /* to which it has holds that were bound before */
	struct turnover turnover;
	struct watched *watched; /* of exclusive; NULL: few */
	struct stake *next;      /* of the same pool */
	struct stake *previous;
	UT_hash_handle hh;
};

struct destination_key {
	struct pool *pool;
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t remote_port;
	uint16_t pad[3];
};

/* A narrower scope of a destination: sockets with an IP_LOCAL_PORT_RANGE of their own. Every hold
 * on its ports counts, of whichever range. */
struct window {
	struct window *next;
	uint16_t first;
	uint16_t last;
	uint32_t holds; /* of sockets with this very range */
	struct tally tally;
	uint32_t kept; /* as in struct destination */
	struct standing standing;
};

struct destination {
	struct destination_key key;
	struct tally tally;
	uint32_t kept;          /* used ports that a bind has blocked since; see overlap.h */
	struct trend trend;     /* of ports used */
	struct window *windows; /* list; usually empty */
	struct share *shares;   /* list through share.next */
	uint32_t shares_count;
	struct turnover turnover;
	struct watched *watched; /* NULL: few ports are used */
	UT_hash_handle hh;
};

struct share_key {
	struct stake *stake;
	struct destination *destination; /* NULL: no destination */
};

struct share {
	struct share_key key;
	struct tally tally;
	uint32_t holds;
	bool spare; /* in the ledger's list of those */
	struct turnover turnover;
	struct watched *watched; /* of what is active; NULL: few */
	struct share *next;
	struct share *previous;
	UT_hash_handle hh;
};

struct refusal {
	struct owner_key owner;
	char comm[ABI_COMM_LEN];
	uint64_t time_ns;
	struct abi_tuple tuple;
	char netns_name[NETNS_NAME_MAX];
	uint16_t error;
	uint8_t protocol;
	uint8_t path;
	double saturation;
};

struct refusal_key {
	struct pool *pool; /* NULL: all that are not counted apart */
	uint8_t path;
	uint8_t protocol;
	uint16_t error;
	char comm[ABI_COMM_LEN];
	uint32_t pad2;
};

struct refusal_count {
	struct refusal_key key;
	uint64_t count;
	UT_hash_handle hh;
};

/* A TIME_WAIT hold that becomes recyclable when it is old enough. */
struct waiting {
	uint64_t id;
	uint64_t due_ns;
};

struct waiting_queue {
	struct waiting *entries; /* a heap, the soonest first */
	uint32_t capacity;
	uint32_t count;
};

struct ledger {
	uint32_t polled; /* LEDGER_POLLS_* */
	uint64_t now_ns;
	size_t pools_count;
	struct abi_range *ranges; /* own ranges of sockets, by hold.range; [0] is none */
	uint16_t ranges_count;
	bool starting; /* until the first reconcile ended */
	bool watching; /* watch_all has been here */
	struct holds holds;
	struct netns *netns;
	struct owner *owners;
	struct owner *strangers; /* owners to be identified; those that have been may linger */
	struct stake *stakes;
	struct destination *destinations;
	struct share *shares;
	struct share
		*spares[SPARE_SHARES]; /* ring; those without a hold are only kept for the next */
	unsigned int next_spare;
	struct waiting_queue waiting;
	struct refusal refusals[REFUSALS_KEPT]; /* ring */
	uint64_t refusals_seen;
	struct refusal_count *refused;
	struct vacancy vacancies[VACANCIES_MAX];
	/* Counters; see counters.h. */
	size_t apart_max; /* namespaces that may be counted apart */
	size_t apart;
	size_t refused_max; /* rows of refused that may have a process of their own */
	size_t refused_apart;
	uint64_t refused_together;               /* refusals that have no such row */
	uint64_t taken_together[2][PATH__COUNT]; /* [0] TCP, [1] UDP */
	uint64_t given_back_together[2][PATH__COUNT];
	uint32_t idle_stakes;                      /* kept only for their refusals */
	struct histogram searches[2][PATH__COUNT]; /* [0] TCP, [1] UDP */
	struct histogram lifetimes[2][PATH__COUNT];
	uint64_t events[EVENT__COUNT];
	uint64_t drift_total;
	uint64_t reconciliations;
	uint64_t reconciled_ns;
};

/* Upper bounds of the buckets in seconds, VIEW_HISTOGRAM_BUCKETS - 1 of them. */
extern const double search_bounds[VIEW_HISTOGRAM_BUCKETS - 1];
extern const double lifetime_bounds[VIEW_HISTOGRAM_BUCKETS - 1];

/* Ports of the pool: the range minus the reserved ones. */
uint32_t pool_size(const struct pool *pool);

/* Ports no connect() can get: exclusively held, or blocked still. */
uint32_t pool_blocked(const struct pool *pool);

/* Ports a connect() toward one destination can get: size, minus ports that a bind blocks, minus
 * one when the range has an odd size, but for a range of one (the search then skips one end;
 * 5.10 to 7.3). */
uint32_t pool_capacity(const struct pool *pool);

/* The same, and the ports it has in spite of a later bind. */
uint32_t destination_capacity(const struct destination *destination);
/* Of a socket with this IP_LOCAL_PORT_RANGE, whose search skips nothing. */
uint32_t window_capacity(const struct pool *pool, const struct window *window);

/* Is the port one of the pool's? */
bool pool_contains(const struct pool *pool, uint16_t port);

/* The kernel chose from this range just now: where that is news, all holds are counted again.
 * -ENOMEM: some are not. */
int ledger_follow_range(struct ledger *ledger, struct netns *netns, const struct abi_range *range);

/* Refusals within the last 60 s. */
uint32_t pool_refused_recently(const struct pool *pool, uint64_t now_ns);
/* Within the last period of a flow's minute. */
bool pool_refuses(const struct pool *pool, uint64_t now_ns);
void pool_count_refusal(struct pool *pool, uint64_t now_ns);

/* used / capacity within 0 to 1; a scope without capacity is full. */
double saturation(uint32_t used, uint32_t capacity);

/* Ports a tally keeps from other connects: recyclable ones are free to be taken. */
uint32_t tally_used(const struct tally *tally);
