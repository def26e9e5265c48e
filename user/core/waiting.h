/* SPDX-License-Identifier: Apache-2.0 */
/* TIME_WAIT holds in the order in which they become recyclable. Pure. */
#pragma once

#include <stdbool.h>

#include "user/core/ledger_types.h"

/* -ENOMEM: the queue is unchanged. */
int waiting_push(struct waiting_queue *queue, uint64_t id, uint64_t due_ns);

/* The next id whose time has come; false: none. */
bool waiting_pop(struct waiting_queue *queue, uint64_t now_ns, uint64_t *ret_id);

void waiting_done(struct waiting_queue *queue);
