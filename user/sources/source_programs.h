/* SPDX-License-Identifier: Apache-2.0 */
/* Which BPF programs a source is made of, and which kernel functions they hook. Data alone. */
#pragma once

#include <stdbool.h>

struct source_program {
	const char *name;     /* of the program in bpf/ */
	const char *function; /* the kernel function it needs; NULL: none */
	bool optional;        /* kernels without the function have another way, or do without */
};

/* Each ends with a row without a name. common: part of every source below. */
extern const struct source_program common_programs[];
extern const struct source_program fentry_programs[];
extern const struct source_program kprobe_programs[];
extern const struct source_program tracepoint_programs[];

/* NULL: not in the table. */
const struct source_program *source_programs_find(const struct source_program *programs,
						  const char *name);
bool source_programs_hook(const struct source_program *programs, const char *function);
