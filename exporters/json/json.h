/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view as JSON: the document of /api/v1/snapshot and `snapshot --json`. Unknown is null. Pools,
 * destinations, owners and the owners of a destination are cut at limits->top, and one more row
 * named "other" sums the rest, so that totals add up; refusals are cut at limits->top; alerts and
 * verdicts are always complete. Names are made printable (text_printable).
 *
 * When memory runs out nothing is written: an empty document is the only sign of it.
 */
#pragma once

#include "exporters/exporter.h"

encode_fn json_snapshot;

/* {"alerts": [...]}: what fires now. */
encode_fn json_alerts;
