/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One POST for each alert that begins or ends, to every URL of a list: the JSON that
 * Alertmanager's own webhooks send, so that what takes those takes ours. Each receiver has a queue
 * of its own and gets everything in order, at least once.
 */
#pragma once

#include "exporters/notifier.h"

#define WEBHOOK_QUEUE_MAX 1000
#define WEBHOOK_MAX_AGE_NS 3600000000000ULL

extern const struct notifier_ops webhook_notifier;
