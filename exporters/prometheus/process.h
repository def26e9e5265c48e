/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "exporters/prometheus/sample.h"

/*
 * The process_* metrics that every Prometheus client has. self is a process's directory in procfs
 * ("/proc/self"). What cannot be read is left out. Reads files, so it is no encode_fn: whoever
 * offers /metrics writes these before prometheus_metrics or prometheus_openmetrics, which end the
 * document.
 */
void prometheus_process(FILE *out, enum sample_format format, const char *self);
