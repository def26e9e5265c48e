/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line for each alert that begins or ends: to the journal with fields of its own when standard
 * error goes there, else one logfmt line on standard error. Needs no port and no network.
 */
#pragma once

#include <stdio.h>
#include <sys/uio.h>

#include "exporters/notifier.h"

struct message;

/* MESSAGE_ID of every alert's entry: `journalctl MESSAGE_ID=...` finds them all. */
#define JOURNAL_MESSAGE_ID "7c1f0d0a5b9e4f6f9a5e3c2d8b64e1a7"
#define JOURNAL_FIELDS 72

extern const struct notifier_ops journal_notifier;

/* `level=warning alert=Rule state=firing subject="..." value=0.95 summary="..."`, then the other
 * labels and annotations, and a newline. Exactly one line, whatever bytes the names have. value is
 * left out when nobody knows it. */
void journal_logfmt(FILE *out, const struct message *message);

/* The "NAME=value" fields of the journal's entry: MESSAGE, MESSAGE_ID, PRIORITY, PORTGAUGE_RULE,
 * PORTGAUGE_SEVERITY, PORTGAUGE_SUBJECT, PORTGAUGE_STATE, PORTGAUGE_VALUE (left out when nobody
 * knows it), then PORTGAUGE_ with the upper-case name of every other label and annotation. Returns
 * how many, or -ENOMEM. Release with journal_fields_done. */
int journal_fields(struct iovec ret[JOURNAL_FIELDS], const struct message *message);
void journal_fields_done(struct iovec fields[JOURNAL_FIELDS]);
