/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

/*
 * The process_* metrics that every Prometheus client has, text format 0.0.4. self is a process's
 * directory in procfs ("/proc/self"). What cannot be read is left out. Reads files, so it is no
 * encode_fn: whoever offers /metrics writes these behind prometheus_metrics.
 */
void prometheus_process(FILE *out, const char *self);
