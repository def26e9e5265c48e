// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "user/base/text.h"
#include "user/base/util.h"
#include "user/host/container_names.h"

#define LABELS_MAX 3

/* Annotations and labels by which runtimes know what kubelet or a person told them. */
static const char *const container_labels[LABELS_MAX] = { "io.kubernetes.container.name",
							  "io.kubernetes.cri.container-name",
							  "nerdctl/name" };
static const char *const pod_labels[LABELS_MAX] = { "io.kubernetes.pod.name",
						    "io.kubernetes.cri.sandbox-name" };
static const char *const namespace_labels[LABELS_MAX] = { "io.kubernetes.pod.namespace",
							  "io.kubernetes.cri.sandbox-namespace" };

/* What is known stays. */
static bool learn(char ret[CONTAINER_NAME_MAX], const char *name, size_t length)
{
	char copy[CONTAINER_NAME_MAX];

	if (ret[0] || !length || length >= sizeof(copy))
		return false;
	memcpy(copy, name, length);
	copy[length] = '\0';
	text_printable(ret, CONTAINER_NAME_MAX, copy);
	return true;
}

/* Kubernetes' names have no underscore in them. */
bool container_parse_link(struct container_names *names, const char *file, const char *id)
{
	const char *space = strchr(file, '_');
	const char *container = space ? strchr(space + 1, '_') : NULL;
	size_t id_length = strlen(id);
	size_t length;
	bool known;

	if (!container || strchr(container + 1, '_'))
		return false;
	length = strlen(++container);
	if (length <= id_length + 5 || strcmp(container + length - 4, ".log") != 0 ||
	    memcmp(container + length - 4 - id_length, id, id_length) != 0 ||
	    container[length - 5 - id_length] != '-')
		return false;
	known = learn(names->pod, file, (size_t)(space - file));
	known |= learn(names->pod_namespace, space + 1, (size_t)(container - 1 - (space + 1)));
	known |= learn(names->container, container, length - 5 - id_length);
	return known;
}

bool container_parse_pod(struct container_names *names, const char *directory, const char *uid)
{
	const char *pod = strchr(directory, '_');
	const char *end = pod ? strchr(pod + 1, '_') : NULL;
	bool known;

	if (!end || strcmp(end + 1, uid) != 0)
		return false;
	known = learn(names->pod_namespace, directory, (size_t)(pod - directory));
	known |= learn(names->pod, pod + 1, (size_t)(end - (pod + 1)));
	return known;
}

/* Strings of JSON may have zeros in them; these names have none. */
static bool learn_json(char ret[CONTAINER_NAME_MAX], const json_t *value)
{
	const char *s = json_string_value(value);

	return s && learn(ret, s, strlen(s));
}

static bool learn_label(char ret[CONTAINER_NAME_MAX], const json_t *labels,
			const char *const keys[LABELS_MAX])
{
	bool known = false;

	for (int i = 0; i < LABELS_MAX && keys[i] && !known; i++)
		known = learn_json(ret, json_object_get(labels, keys[i]));
	return known;
}

static bool learn_labels(struct container_names *names, const json_t *labels)
{
	bool known = learn_label(names->container, labels, container_labels);

	known |= learn_label(names->pod, labels, pod_labels);
	known |= learn_label(names->pod_namespace, labels, namespace_labels);
	return known;
}

/* Docker puts a slash before the name that it gives. */
bool container_parse_config(struct container_names *names, const char *json, size_t size)
{
	json_t *config = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(config, "Name"));
	bool known = learn_labels(names, json_object_get(config, "annotations"));

	known |= learn_labels(names, json_object_get(json_object_get(config, "Config"), "Labels"));
	if (name && *name == '/')
		name++;
	if (name)
		known |= learn(names->container, name, strlen(name));
	json_decref(config);
	return known;
}

static const json_t *find_container(const json_t *list, const char *id)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(list, i);
		const char *theirs = json_string_value(json_object_get(entry, "id"));

		if (theirs && !strcmp(theirs, id))
			return entry;
	}
	return NULL;
}

bool container_parse_storage(struct container_names *names, const char *json, size_t size,
			     const char *id)
{
	json_t *list = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *entry = find_container(list, id);
	bool known =
		learn_json(names->container, json_array_get(json_object_get(entry, "names"), 0));

	json_decref(list);
	return known;
}
