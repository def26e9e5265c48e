// SPDX-License-Identifier: Apache-2.0
#include "exporters/page/page.h"

#define TEXT(type) "text/" type "; charset=utf-8"
#define FOLDER "exporters/page/"

/* The bytes of a file between two labels. The path is seen from the top of the repository, where
 * make runs; the Makefile knows that this object depends on it. */
#define EMBED(label, file)                                                                         \
	__asm__(".section .rodata\n"                                                               \
		".hidden page_" #label "\n.global page_" #label "\npage_" #label ":\n"             \
		".incbin \"" FOLDER file "\"\n"                                                    \
		".hidden page_" #label "_end\n.global page_" #label "_end\npage_" #label "_end:\n" \
		".byte 0\n"                                                                        \
		".previous\n");                                                                    \
	extern const unsigned char page_##label[];                                                 \
	extern const unsigned char page_##label##_end[]

EMBED(index, "files/index.html");
EMBED(style, "files/style.css");
EMBED(app, "files/app.mjs");
EMBED(chart, "files/chart.mjs");
EMBED(dom, "files/dom.mjs");
EMBED(history, "files/history.mjs");
EMBED(judge, "files/judge.mjs");
EMBED(poll, "files/poll.mjs");
EMBED(sections, "files/sections.mjs");
EMBED(table, "files/table.mjs");
EMBED(words, "files/words.mjs");
EMBED(icon, "files/icon.svg");
EMBED(uplot, "uplot/uPlot.iife.min.js");
EMBED(uplot_style, "uplot/uPlot.min.css");
EMBED(uplot_licence, "uplot/LICENSE");

#define FILE_AT(url, type, label)                                              \
	{                                                                      \
		url, type, PAGE_FILES_POLICY, page_##label, page_##label##_end \
	}

const struct static_file page_files[PAGE_FILES] = {
	FILE_AT("/", TEXT("html"), index),
	FILE_AT("/page/style.css", TEXT("css"), style),
	FILE_AT("/page/app.mjs", TEXT("javascript"), app),
	FILE_AT("/page/chart.mjs", TEXT("javascript"), chart),
	FILE_AT("/page/dom.mjs", TEXT("javascript"), dom),
	FILE_AT("/page/history.mjs", TEXT("javascript"), history),
	FILE_AT("/page/judge.mjs", TEXT("javascript"), judge),
	FILE_AT("/page/poll.mjs", TEXT("javascript"), poll),
	FILE_AT("/page/sections.mjs", TEXT("javascript"), sections),
	FILE_AT("/page/table.mjs", TEXT("javascript"), table),
	FILE_AT("/page/words.mjs", TEXT("javascript"), words),
	FILE_AT("/page/icon.svg", "image/svg+xml", icon),
	FILE_AT("/page/uplot.js", TEXT("javascript"), uplot),
	FILE_AT("/page/uplot.css", TEXT("css"), uplot_style),
	FILE_AT("/page/uplot-licence.txt", TEXT("plain"), uplot_licence),
};
