// SPDX-License-Identifier: Apache-2.0
#include "user/core/lives.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct life {
	uint32_t inode; /* key */
	uint32_t life;
	UT_hash_handle hh;
};

static struct life *find(const struct lives *lives, uint32_t inode)
{
	struct life *life;

	HASH_FIND(hh, lives->by_inode, &inode, sizeof(inode), life);
	return life;
}

static void add(struct lives *lives, uint32_t inode, uint32_t number)
{
	struct life *life = calloc(1, sizeof(*life));

	if (!life)
		return;
	life->inode = inode;
	life->life = number;
	HASH_ADD(hh, lives->by_inode, inode, sizeof(life->inode), life);
	if (!life->hh.tbl)
		free(life);
}

bool lives_meet(struct lives *lives, uint32_t inode, uint32_t life)
{
	struct life *known;
	bool another;

	if (!life || (inode == lives->newest_inode && life == lives->newest))
		return false;
	lives->newest_inode = inode;
	lives->newest = life;
	known = find(lives, inode);
	if (!known) {
		add(lives, inode, life);
		return false;
	}
	another = known->life != life;
	known->life = life;
	return another;
}

static void drop(struct lives *lives, struct life *life)
{
	HASH_DEL(lives->by_inode, life);
	free(life);
}

void lives_forget(struct lives *lives, uint32_t inode)
{
	struct life *life = find(lives, inode);

	if (life)
		drop(lives, life);
	if (inode == lives->newest_inode)
		lives->newest = 0;
}

void lives_done(struct lives *lives)
{
	struct life *life;
	struct life *next;

	HASH_ITER(hh, lives->by_inode, life, next)
		drop(lives, life);
	*lives = (struct lives){ 0 };
}
