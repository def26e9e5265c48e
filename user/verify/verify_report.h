/* SPDX-License-Identifier: Apache-2.0 */
/* What verify found, for people or as one JSON object. Pure but for the FILE it writes to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "user/verify/verify_list.h"

#define VERIFY_NAME_MAX 64

/* What one network namespace has of one protocol, as read last. */
struct verify_sum {
	uint32_t netns;
	const char *name;
	uint8_t protocol;
	size_t objects; /* of the kernel, inside the range */
	size_t holds;   /* of the ledger */
	size_t differences;
	size_t unseen; /* holds that this kernel does not show */
};

struct verify_report {
	const struct verify_list *found;
	const struct verify_sum *sums;
	size_t sums_count;
	size_t unread_namespaces; /* that could not be entered, or are gone */
	size_t unread_holds;      /* of the ledger, in namespaces that could not be read */
	bool incomplete;          /* the agent says that it does not see all */
	const char *source;       /* the agent's */
};

/* Differences, the unseen apart. */
size_t verify_report_count(const struct verify_report *report);

/* The two sides of a difference; NULL: that one lacks it. */
const struct verify_entry *verify_object_of(const struct verify_difference *difference);
const struct verify_entry *verify_hold_of(const struct verify_difference *difference);

/* A namespace as it may be shown. */
const char *verify_netns_name(const struct verify_report *report, uint32_t netns,
			      char ret[VERIFY_NAME_MAX]);

/* "active", "time-wait". */
const char *verify_hold_state_name(const struct verify_entry *hold);

void verify_report_text(FILE *out, const struct verify_report *report);
void verify_report_json(FILE *out, const struct verify_report *report);
