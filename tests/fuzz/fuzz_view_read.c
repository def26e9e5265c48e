// SPDX-License-Identifier: Apache-2.0
/* Snapshots from whoever answers. What is read can be written, is then read as the same, and is
 * shown without harm. */
#include <errno.h>

#include "exporters/json/json.h"
#include "tests/fuzz/fuzz.h"
#include "user/commands/view_read.h"
#include "user/core/view.h"
#include "user/top/grid.h"
#include "user/top/top.h"

static char *write_view(const struct view *view)
{
	struct view_limits limits = { .top = SIZE_MAX };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	claim(out);
	json_snapshot(out, view, &limits);
	claim(fclose(out) == 0);
	return text;
}

/* What the text says, written once more. The caller frees. */
static char *read_and_write(const char *text)
{
	json_t *document = json_loads(text, 0, NULL);
	struct view *view = NULL;
	char *again;

	claim(document);
	claim(view_read(&view, document, NULL) == 0);
	again = write_view(view);
	json_decref(document);
	view_unref(view);
	return again;
}

/* Once what has no name is "unknown", nothing changes any more. */
static void write_again(const struct view *view)
{
	char *first = write_view(view);
	char *second = read_and_write(first);
	char *third = read_and_write(second);

	claim(strcmp(second, third) == 0);
	free(first);
	free(second);
	free(third);
}

static void show(struct view *view)
{
	static const char keys[] = "1\r\r\rjs2\r\rGr3\r/a\r4\r5j6?q";
	struct top *top = NULL;
	struct grid grid;

	claim(top_new(&top) == 0);
	claim(top_take(top, view, true) == 0);
	claim(grid_init(&grid, 12, 50) == 0);
	for (const char *key = keys; *key; key++) {
		claim(top_press(top, (unsigned char)*key) == 0);
		top_draw(top, &grid);
	}
	for (unsigned int i = 0; i < grid.rows * grid.columns; i++)
		claim(!grid.cells[i].character || grid.cells[i].character >= ' ');
	grid_done(&grid);
	top_free(top);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *document = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
	struct view *view = NULL;
	int r;

	if (!document)
		return 0;
	r = view_read(&view, document, NULL);
	claim(r == 0 || r == -EBADMSG);
	claim((r == 0) == (view != NULL));
	if (view) {
		write_again(view);
		show(view);
	}
	view_unref(view);
	json_decref(document);
	return 0;
}
