/* SPDX-License-Identifier: Apache-2.0 */
/* The source that plays a recording again: what it tells is of the host and the time of then. */
#pragma once

#include "user/sources/source.h"

extern const struct source_ops source_replay;

/* It alone, for agent_config.sources; ends with NULL. */
const struct source_ops *const *source_replay_table(void);
