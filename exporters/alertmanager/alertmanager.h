/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alertmanager's API v2, as Prometheus speaks it: every Alertmanager of a list is told of every
 * alert, again and again while it fires, and for a while after it has ended. What is kept is the
 * newest state of each alert, and what each receiver knows of it; so one that was away for hours
 * is told what counts now, and nothing else.
 */
#pragma once

#include "exporters/notifier.h"

#define ALERTMANAGER_RESEND_NS 60000000000ULL
#define ALERTMANAGER_LATE 4 /* so many resends may be missed before an alert ends by itself */
#define ALERTMANAGER_RETENTION_NS 900000000000ULL /* how long it is said that an alert ended */
#define ALERTMANAGER_MAX_AGE_NS 3600000000000ULL
#define ALERTMANAGER_ALERTS_MAX 1000
#define ALERTMANAGER_BATCH 64 /* alerts a request */

extern const struct notifier_ops alertmanager_notifier;
