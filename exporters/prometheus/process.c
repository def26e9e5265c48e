// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus/process.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/text.h"
#include "user/base/util.h"

#define STAT_MAX 4096

/* Fields of /proc/PID/stat behind the name, counted from the state (proc(5): number 3). */
enum stat_field { UTIME = 11, STIME = 12, THREADS = 17, START_TIME = 19, VSIZE = 20, RSS = 21 };

#define STAT_FIELDS (RSS + 1)

static FILE *open_file(const char *self, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", self, name);

	return n < 0 || (size_t)n >= sizeof(path) ? NULL : fopen(path, "re");
}

static int parse_unsigned(uint64_t *ret, const char *s)
{
	char *end;
	unsigned long long value;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(s, &end, 10);
	if (errno || (*end && *end != ' ' && *end != '\n'))
		return -EINVAL;
	*ret = value;
	return 0;
}

/* The process may have any name, brackets and spaces included. */
static int read_stat(uint64_t ret[STAT_FIELDS], const char *self)
{
	CLEANUP(file_closep) FILE *file = open_file(self, "stat");
	char line[STAT_MAX];
	char *field;
	char *rest = NULL;

	if (!file || !fgets(line, sizeof(line), file))
		return -ENOENT;
	field = strrchr(line, ')');
	if (!field)
		return -EBADMSG;
	field = strtok_r(field + 1, " ", &rest);
	for (int i = 0; i < STAT_FIELDS; i++) {
		if (!field)
			return -EBADMSG;
		if (parse_unsigned(&ret[i], field) < 0)
			ret[i] = 0; /* the state is a letter, some are negative */
		field = strtok_r(NULL, " ", &rest);
	}
	return 0;
}

/* Finds "<key> number" and reads the number. */
static int read_number(uint64_t *ret, const char *self, const char *name, const char *key)
{
	CLEANUP(file_closep) FILE *file = open_file(self, name);
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;
	size_t key_length = strlen(key);

	while (file && getline(&line, &size, file) > 0) {
		if (strncmp(line, key, key_length) == 0)
			return parse_unsigned(ret,
					      line + key_length + strspn(line + key_length, " "));
	}
	return -ENOENT;
}

static int count_open(uint64_t *ret, const char *self)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/fd", self);
	DIR *dir = n < 0 || (size_t)n >= sizeof(path) ? NULL : opendir(path);
	uint64_t count = 0;
	uint64_t fd;

	if (!dir)
		return -ENOENT;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (parse_unsigned(&fd, entry->d_name) == 0 && fd != (uint64_t)dirfd(dir))
			count++;
	closedir(dir);
	*ret = count;
	return 0;
}

/* Where it is written and how. */
struct sink {
	FILE *out;
	enum sample_format format;
};

static void put(const struct sink *sink, const char *name, const char *type, const char *help,
		double value)
{
	const struct sample_family family = { "process_", name, type, help };
	char text[TEXT_NUMBER_MAX];

	sample_head(sink->out, sink->format, &family);
	fprintf(sink->out, "process_%s %s\n", name, text_number(text, value));
}

static void put_stat(const struct sink *sink, const uint64_t stat[STAT_FIELDS])
{
	double ticks = (double)sysconf(_SC_CLK_TCK);
	double page = (double)sysconf(_SC_PAGESIZE);

	put(sink, "cpu_seconds_total", "counter", "User and system CPU time spent.",
	    (double)(stat[UTIME] + stat[STIME]) / ticks);
	put(sink, "resident_memory_bytes", "gauge", "Resident memory.", (double)stat[RSS] * page);
	put(sink, "virtual_memory_bytes", "gauge", "Virtual memory.", (double)stat[VSIZE]);
	put(sink, "threads", "gauge", "Threads.", (double)stat[THREADS]);
}

void prometheus_process(FILE *out, enum sample_format format, const char *self)
{
	const struct sink sink = { out, format };
	uint64_t stat[STAT_FIELDS];
	uint64_t boot_time;
	uint64_t value;
	bool has_stat = read_stat(stat, self) == 0;

	if (has_stat)
		put_stat(&sink, stat);
	if (has_stat && read_number(&boot_time, self, "../stat", "btime") == 0)
		put(&sink, "start_time_seconds", "gauge", "Start time, seconds since the epoch.",
		    (double)boot_time + (double)stat[START_TIME] / (double)sysconf(_SC_CLK_TCK));
	if (count_open(&value, self) == 0)
		put(&sink, "open_fds", "gauge", "Open file descriptors.", (double)value);
	if (read_number(&value, self, "limits", "Max open files") == 0)
		put(&sink, "max_fds", "gauge", "Most file descriptors it may open.", (double)value);
}
