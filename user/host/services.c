// SPDX-License-Identifier: Apache-2.0
#include "user/host/services.h"

#include "user/base/file.h"
#include "user/base/util.h"

int services_read(const char *path, services_handler *handler, void *context)
{
	CLEANUP(freep) char *text = NULL;
	size_t size;
	int r = file_read(&text, &size, NULL, path, SERVICES_BYTES_MAX);

	return r < 0 ? r : services_parse(text, handler, context);
}
