/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "exporters/exporter.h"

/* What a browser may do with the page: nothing but show it and follow its links. */
#define PAGE_POLICY \
	"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#define PAGE_CONTENT_TYPE "text/html; charset=utf-8"

/* Where the landing page is always; at "/" only if nothing else is there. */
#define PAGE_PATH "/-/pages"

/* The landing page: what this is, which version, and a link to each endpoint that has a title. */
void page_write(FILE *out, const struct exporter_config *config);
