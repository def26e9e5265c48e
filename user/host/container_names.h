/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people call a container and its pod, by the files that runtimes and kubelet leave on the
 * host; no runtime is asked. In this order, until all is known:
 *
 *	var/log/containers/POD_NAMESPACE_CONTAINER-ID.log        kubelet: links by container id
 *	var/log/pods/NAMESPACE_POD_UID/                          kubelet: directories by pod uid
 *	run/containerd/io.containerd.runtime.v2.task/..../ID/config.json      containerd, nerdctl
 *	run/containers/storage/overlay-containers/ID/userdata/config.json     CRI-O
 *	var/lib/docker/containers/ID/config.v2.json                           docker
 *	var/lib/containers/storage/overlay-containers/containers.json         podman
 *
 * Whoever may write these may call a container what they like: the names are printable, no more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "user/host/cgroup.h"

#define CONTAINER_NAME_MAX 256

/* "" where nothing tells. */
struct container_names {
	char container[CONTAINER_NAME_MAX];
	char pod[CONTAINER_NAME_MAX];
	char pod_namespace[CONTAINER_NAME_MAX];
};

struct container_table;

/* root: the directory where the host's files are, "" for this one; borrowed for the table's life.
 */
int container_table_new(struct container_table **ret, const char *root);
void container_table_free(struct container_table *table);

/* Looks everything up anew from here on; names come and change with containers. */
void container_table_refresh(struct container_table *table);

/* The names of what a cgroup says. Good until the next call; never NULL. */
const struct container_names *container_table_find(struct container_table *table,
						   const struct cgroup_identity *identity);

/* --- the parsers; pure; each adds what it learns, and false means nothing --- */

/* "POD_NAMESPACE_CONTAINER-ID.log" of this container. */
bool container_parse_link(struct container_names *names, const char *file, const char *id);

/* "NAMESPACE_POD_UID" of this pod. */
bool container_parse_pod(struct container_names *names, const char *directory, const char *uid);

/* The OCI bundle's config.json, or docker's config.v2.json: of one container. */
bool container_parse_config(struct container_names *names, const char *json, size_t size);

/* podman's containers.json: of all. */
bool container_parse_storage(struct container_names *names, const char *json, size_t size,
			     const char *id);
