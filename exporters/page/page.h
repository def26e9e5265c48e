/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live page at "/": files that are embedded in the binary and never change. What they show,
 * the browser asks from /api/v1/snapshot.
 */
#pragma once

#include "exporters/exporter.h"

#define PAGE_FILES 15

/* What the page may do: run and show what this server has, and ask it. Nothing from elsewhere, no
 * script or style inside of a document, no text that becomes markup. */
#define PAGE_FILES_POLICY                                                                   \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "         \
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " \
	"require-trusted-types-for 'script'; trusted-types 'none'"

extern const struct static_file page_files[PAGE_FILES];
