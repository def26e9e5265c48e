/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view for a person: what `portgauge snapshot` prints. Plain ASCII but for names, at most 80
 * columns unless a name is longer than its column; nothing is ever cut. Every list is bounded by
 * limits->top and followed by what the rest sums up to; 10 reads well on a terminal.
 */
#pragma once

#include "exporters/exporter.h"

encode_fn report_snapshot;
