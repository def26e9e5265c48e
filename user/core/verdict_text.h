/* SPDX-License-Identifier: Apache-2.0 */
/* What a verdict says: evidence in numbers, and one remedy with what it would change. Pure. */
#pragma once

#include "user/core/verdict_find.h"

struct arena;

/* Each is one line in the arena; NULL: no memory. netns_name: of the pool, VRF included. */
const char *verdict_subject(struct arena *arena, const struct finding *finding,
			    const char *netns_name);
const char *verdict_evidence(struct arena *arena, const struct finding *finding,
			     const char *netns_name);
const char *verdict_remedy(struct arena *arena, const struct finding *finding,
			   const char *netns_name);
