/* SPDX-License-Identifier: Apache-2.0 */
/* The sources that load BPF programs; see their field "sees" for what each can. */
#pragma once

#include "user/sources/source.h"

extern const struct source_ops source_fentry;
extern const struct source_ops source_kprobe;
extern const struct source_ops source_tracepoint;
