/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel gives the inode number of a network namespace that is gone to the next one that is
 * made. Which of them bears a number now? Told by abi_tuple.netns_life. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct life;

/* Zeroed: none known. */
struct lives {
	struct life *by_inode;
	uint32_t newest_inode; /* met last, with its life: most events come in runs */
	uint32_t newest;
};

/* The namespace with this number has this life (0: unknown, nothing is learnt). True: before,
 * another one had the number. One that finds no room passes for known. */
bool lives_meet(struct lives *lives, uint32_t inode, uint32_t life);

/* It is gone; who comes next is no successor. */
void lives_forget(struct lives *lives, uint32_t inode);

void lives_done(struct lives *lives);
