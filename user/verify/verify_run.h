/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the readings that verify.h compares, in its order, and judges them: about half a second,
 * or until the agent's next reconcile if something differs that this may mend.
 */
#pragma once

#include "user/verify/verify_host.h"
#include "user/verify/verify_list.h"

/* What came of it. */
struct verify_outcome {
	struct verify_list found;        /* of namespaces that could be read */
	struct verify_reading kernel;    /* the newest */
	struct verify_reading ledger;    /* the newest */
	struct holds_dump_header header; /* of the newest dump */
	size_t unread_holds;             /* of it, in namespaces that could not be read */
};

/* control: path of the agent's socket. waiting: called before a longer wait; may be NULL.
 * Errors as of control_fetch; -ETIME: the agent does not reconcile; else a negative errno. *ret is
 * untouched then. */
int verify_run(struct verify_outcome *ret, struct verify_host *host, const char *control,
	       void (*waiting)(void));

void verify_outcome_done(struct verify_outcome *outcome);
