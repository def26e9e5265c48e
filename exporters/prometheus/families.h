/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of each family; HELP, TYPE and the order are in the table of prometheus.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct scrape;

/* name is the family's, as sample.h wants it. */
typedef void family_fn(FILE *out, const char *name, const struct scrape *scrape);

family_fn family_pool_size;
family_fn family_pool_used;
family_fn family_pool_saturation;
family_fn family_pool_worst_destination;
family_fn family_pool_exhaustion;
family_fn family_pool_refused;

family_fn family_destination_used;
family_fn family_destination_capacity;
family_fn family_destination_saturation;
family_fn family_destination_exhaustion;

family_fn family_share_used;

family_fn family_owner_used;

family_fn family_flow_allocations;
family_fn family_flow_releases;
family_fn family_flow_refusals;
family_fn family_flow_search;
family_fn family_flow_hold;

family_fn family_health_events;
family_fn family_health_lost;
family_fn family_health_drift;
family_fn family_health_reconciliations;
family_fn family_health_reconciled;
family_fn family_health_complete;
family_fn family_health_time;
family_fn family_health_dropped;
family_fn family_health_source;
family_fn family_health_build;

family_fn family_health_settings_taken;
family_fn family_health_settings_time;
family_fn family_health_http_requests;
family_fn family_health_http_failed;

family_fn family_alert_firing;
family_fn family_alert_unlisted;
family_fn family_alert_verdicts;
family_fn family_alert_notifications;
family_fn family_alert_waiting;

/* How many rows went into an "other" one for want of room. */
uint64_t family_share_dropped(const struct scrape *scrape);
uint64_t family_owner_dropped(const struct scrape *scrape);
