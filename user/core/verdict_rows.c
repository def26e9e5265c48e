// SPDX-License-Identifier: Apache-2.0
/* Verdicts as rows of a view. */
#include <string.h>

#include "user/core/verdict_find.h"
#include "user/core/verdict_text.h"
#include "user/core/view_rows.h"

static void fill_destination(struct view_verdict *row, const struct destination *destination)
{
	row->has_destination = true;
	memcpy(row->local, destination->key.local, sizeof(row->local));
	memcpy(row->remote, destination->key.remote, sizeof(row->remote));
	row->remote_port = destination->key.remote_port;
}

/* Its worst destination is evidence only: the remedy concerns them all. */
static bool is_about_pool(const struct finding *finding)
{
	return finding->verdict == VERDICT_NARROW_RANGE && !finding->window;
}

static void fill_verdict(struct builder *builder, struct view_verdict *row,
			 const struct finding *finding)
{
	const char *netns_name = builder_pool_name(builder, finding->pool);

	*row = (struct view_verdict){
		.verdict = verdict_name(finding->verdict),
		.severity = finding->severity,
		.subject = verdict_subject(builder->arena, finding, netns_name),
		.text = verdict_evidence(builder->arena, finding, netns_name),
		.remedy = verdict_remedy(builder->arena, finding, netns_name),
		.netns = finding->pool->netns->inode,
		.netns_name = netns_name,
		.protocol = finding->pool->protocol,
	};
	if (!row->subject || !row->text || !row->remedy)
		builder->failed = true;
	if (finding->destination && !is_about_pool(finding))
		fill_destination(row, finding->destination);
	if (!finding->owner)
		return;
	row->pid = finding->owner->key.tgid;
	memcpy(row->process, finding->owner->comm, sizeof(row->process));
}

void build_verdicts(struct builder *builder)
{
	struct findings *findings = builder_rows(builder, 1, sizeof(*findings));
	struct view_verdict *rows;

	if (!findings)
		return;
	verdict_find(findings, builder->ledger);
	rows = builder_rows(builder, findings->count, sizeof(*rows));
	if (!rows)
		return;
	for (size_t i = 0; i < findings->count; i++)
		fill_verdict(builder, &rows[i], &findings->rows[i]);
	builder->view->verdicts = rows;
	builder->view->verdicts_count = findings->count;
}
