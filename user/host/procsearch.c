// SPDX-License-Identifier: Apache-2.0
#include "user/host/procsearch.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#include "user/base/util.h"
#include "user/host/broker.h"

#define FILES_MAX 2048 /* of one process */
#define PROCESS_COST 4 /* links: to open a directory is no gift */

struct walk {
	struct broker *broker;
	const char *proc_root;
	uint32_t links_left;
	procsearch_handler *handler;
	void *context;
	bool ended;
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void spend(struct walk *walk, uint32_t links)
{
	walk->links_left -= walk->links_left < links ? walk->links_left : links;
}

static void look_at(struct walk *walk, uint32_t pid)
{
	CLEANUP(procsockets_done) struct procsockets sockets = { 0 };

	spend(walk, PROCESS_COST);
	if (broker_sockets(walk->broker, &sockets, walk->proc_root, pid, FILES_MAX) < 0)
		return;
	spend(walk, (uint32_t)sockets.looked_at);
	for (size_t i = 0; i < sockets.count && !walk->ended; i++)
		walk->ended = !walk->handler(walk->context, sockets.inodes[i], pid);
}

/* 0: it is no process. */
static uint32_t pid_of(const char *name)
{
	return isdigit((unsigned char)name[0]) ? (uint32_t)strtoul(name, NULL, 10) : 0;
}

/* The kernel lists processes by rising pid. */
static bool look_at_rest(struct procsearch *search, struct walk *walk)
{
	CLEANUP(dir_closep) DIR *directory = opendir(walk->proc_root);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		uint32_t pid = pid_of(entry->d_name);

		if (pid <= 1 || pid <= search->after)
			continue;
		if (walk->ended || !walk->links_left)
			return false;
		look_at(walk, pid);
		search->after = pid;
	}
	return !walk->ended;
}

bool procsearch_go_on(struct procsearch *search, struct broker *broker, const char *proc_root,
		      uint32_t links_max, procsearch_handler *handler, void *context)
{
	struct walk walk = { broker, proc_root, links_max, handler, context, false };

	if (!look_at_rest(search, &walk)) {
		if (walk.ended)
			search->after = 0;
		return false;
	}
	look_at(&walk, 1);
	search->after = 0;
	return true;
}
