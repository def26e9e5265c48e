// SPDX-License-Identifier: Apache-2.0
#include "user/sources/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/host/privilege.h"
#include "user/sources/source_bpf.h"
#include "user/sources/source_diag.h"

/* A new source is one line here. */
static const struct source_ops *const sources[] = {
	&source_fentry, &source_kprobe, &source_tracepoint, &source_diag, NULL,
};

const struct source_ops *const *source_table(void)
{
	return sources;
}

unsigned int source_privileges(const struct source_ops *const *table, const char *name)
{
	for (; name && *table; table++)
		if (!strcmp((*table)->name, name))
			return (*table)->privileges;
	return PRIVILEGE_BPF;
}

static int try_open(struct source **ret, const struct source_config *config,
		    struct source_attempt *attempt)
{
	attempt->tried = true;
	attempt->error = attempt->ops->open(ret, config, attempt->reason);
	return attempt->error;
}

int source_open(struct source **ret, const struct source_ops *const *table, const char *name,
		const struct source_config *config, struct source_attempt *attempts,
		size_t *ret_count)
{
	struct source *source = NULL;
	size_t count = 0;
	int r = -ENOENT;

	for (; count < SOURCES_MAX && table[count]; count++) {
		attempts[count] = (struct source_attempt){ .ops = table[count] };
		if (source || (name && strcmp(name, table[count]->name)))
			continue;
		r = try_open(&source, config, &attempts[count]);
	}
	*ret_count = count;
	if (!source)
		return r;
	*ret = source;
	return 0;
}
