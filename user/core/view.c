// SPDX-License-Identifier: Apache-2.0
#include "user/core/view.h"

#include "user/base/arena.h"

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
