// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/page.h"

static void put_escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*s, out);
		}
	}
}

static void put_link(FILE *out, const char *path, const char *title)
{
	fputs("<li><a href=\"", out);
	put_escaped(out, path);
	fputs("\">", out);
	put_escaped(out, path);
	fputs("</a> ", out);
	put_escaped(out, title);
	fputs("</li>\n", out);
}

void page_write(FILE *out, const struct exporter_config *config)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
	      "<title>portgauge</title></head>\n<body>\n<h1>portgauge</h1>\n"
	      "<p>Who holds the ephemeral ports of this host, toward which destination, and how "
	      "long until they run out.</p>\n<p>Version ",
	      out);
	put_escaped(out, config->version ? config->version : "unknown");
	fputs("</p>\n<ul>\n", out);
	for (size_t i = 0; i < config->endpoints_count; i++)
		if (config->endpoints[i].title)
			put_link(out, config->endpoints[i].path, config->endpoints[i].title);
	fputs("</ul>\n</body>\n</html>\n", out);
}
