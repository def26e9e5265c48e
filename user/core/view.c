// SPDX-License-Identifier: Apache-2.0
#include "user/core/view.h"

#include <stdio.h>
#include <string.h>

#include "user/base/arena.h"

#define CONTAINER_ID_LENGTH 64
#define CONTAINER_SHORT "%.12s" /* as container runtimes show theirs */

struct view *view_ref(struct view *view)
{
	__atomic_add_fetch(&view->references, 1, __ATOMIC_RELAXED);
	return view;
}

/* The view stands in its own arena. */
void view_unref(struct view *view)
{
	if (view && __atomic_sub_fetch(&view->references, 1, __ATOMIC_ACQ_REL) == 0)
		arena_free(view->arena);
}

/* The container says more than its unit, which is named after it; a pod more than both. */
const char *view_place(char ret[VIEW_PLACE_MAX], const struct view_owner *owner)
{
	const char *container = owner->container;

	if (owner->pod_name)
		return owner->pod_name;
	if (owner->container_name)
		return owner->container_name;
	if (!container)
		return owner->unit;
	if (strspn(container, "0123456789abcdef") != CONTAINER_ID_LENGTH ||
	    container[CONTAINER_ID_LENGTH])
		return container;
	snprintf(ret, VIEW_PLACE_MAX, CONTAINER_SHORT, container);
	return ret;
}
