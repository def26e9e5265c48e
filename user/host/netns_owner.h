/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for namespaces that only a machine has named: of the pod or the container whose processes
 * are in it, if they are of one only. Processes outside of any container are guests there.
 */
#pragma once

#include "user/host/container_names.h"
#include "user/host/netns.h"

/* "NAMESPACE/POD"; else the container's name, else its id. Entries that people have named stay. */
void netns_name_owned(struct netns_list *list, const char *proc_root,
		      const struct netns_processes *processes, struct container_table *containers);
