/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program for each alert that begins or ends, one at a time and in order. Its standard
 * input is the webhook's JSON; its environment says the same in short. A run that fails or does
 * not end in time is made again after a while. SIGCHLD must be blocked in every thread.
 */
#pragma once

#include "exporters/notifier.h"

#define EXEC_TIMEOUT_NS 10000000000ULL
#define EXEC_QUEUE_MAX 1000
#define EXEC_MAX_AGE_NS 3600000000000ULL

extern const struct notifier_ops exec_notifier;
