/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a monitoring system is told of a snapshot (docs/api.md): one line with performance data and
 * a status, as plug-ins of Nagios and its kin have them. Pure but for the FILE it writes to.
 */
#pragma once

#include <stdio.h>

#include <jansson.h>

enum check_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

/* From which share of a scope's ports on, 0 to 1. */
struct check_limits {
	double warning;
	double critical;
};

struct trace_filter;

/* Ports refused within the last minute are critical. scope: what is judged, by namespace, protocol
 * and destination; with a destination, pools are not. CHECK_UNKNOWN: it is no such document, or no
 * such namespace is in it. */
enum check_status check_result(FILE *out, const json_t *snapshot, const struct check_limits *limits,
			       const struct trace_filter *scope);

/* The line for when there is no snapshot. Returns CHECK_UNKNOWN. */
enum check_status check_unknown(FILE *out, const char *why);
