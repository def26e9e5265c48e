/* SPDX-License-Identifier: Apache-2.0 */
/* One value that a rule looks at, what it is of, and what is said of it. Pure; for alert.c. */
#pragma once

#include "user/alert/alert.h"

#define SAMPLE_SUBJECT_MAX 256
#define SAMPLE_LINE_MAX 320
#define SAMPLE_TEXT_MAX 640
#define SAMPLE_NETNS_MAX 80
#define SAMPLE_LABELS_MAX 32
#define SAMPLE_ANNOTATIONS_MAX 8

struct sample {
	const struct view *view;
	const struct owners *owners; /* of the view */
	double value;
	uint8_t protocol;                           /* 0: of none */
	const struct view_pool *pool;               /* NULL: of none, as below */
	const struct view_destination *destination; /* excludes pool */
	const struct view_drift *drift;
	const char *reason;
	uint64_t count; /* searches, of which value is the quantile */
};

/* What is said of a sample; "" where there is nothing to say. */
struct sample_text {
	char subject[SAMPLE_SUBJECT_MAX];
	char netns[SAMPLE_NETNS_MAX];
	char protocol[8];
	char local[48];
	char remote[48];
	char remote_port[8];
	char ports[16]; /* of a window */
	char reason[32];
	/* These change. */
	char summary[SAMPLE_LINE_MAX];
	char description[SAMPLE_TEXT_MAX];
	char remedy[SAMPLE_TEXT_MAX];
	char process[64];
};

/* A number that samples of the same subject share, and few others. */
uint32_t sample_place(const struct sample *sample);

bool sample_selected(const struct sample *sample, const struct alert_selector *select);

/* What tells it from others: subject and labels. */
void sample_name(struct sample_text *ret, const struct sample *sample);
/* The rest. */
void sample_describe(struct sample_text *ret, const struct sample *sample,
		     enum alert_metric metric);

/* Into room for SAMPLE_LABELS_MAX and SAMPLE_ANNOTATIONS_MAX; strings are those of text and rule.
 * The number written. */
size_t sample_labels(struct view_label *ret, const struct sample_text *text,
		     const struct alert_rule *rule, const char *host);
size_t sample_annotations(struct view_label *ret, const struct sample_text *text,
			  const struct alert_rule *rule);

/* The owner that has most of the sample's ports; NULL: unknown. */
const struct view_owner *sample_owner(const struct sample *sample);
