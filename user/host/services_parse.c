// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "user/host/services.h"

#define BLANK " \t\r"
#define PORT_DIGITS_MAX 5

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-";

/* "443/tcp" up to its end; 0: no port that can be connected to. */
static uint16_t parse_port(const char *word, size_t length, uint8_t *ret_protocol)
{
	size_t digits = strspn(word, "0123456789");
	uint32_t port = 0;

	if (!digits || digits > PORT_DIGITS_MAX || length != digits + 4)
		return 0;
	for (size_t i = 0; i < digits; i++)
		port = port * 10 + (uint32_t)(word[i] - '0');
	if (!strncmp(word + digits, "/tcp", 4))
		*ret_protocol = IPPROTO_TCP;
	else if (!strncmp(word + digits, "/udp", 4))
		*ret_protocol = IPPROTO_UDP;
	else
		return 0;
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static int parse_line(const char *line, services_handler *handler, void *context)
{
	char name[SERVICE_NAME_MAX];
	uint8_t protocol = 0;
	uint16_t port;
	size_t length;

	line += strspn(line, BLANK);
	length = strspn(line, name_letters);
	if (!length || length >= sizeof(name) || !line[length] || !strchr(BLANK, line[length]))
		return 0;
	memcpy(name, line, length);
	name[length] = '\0';
	line += length;
	line += strspn(line, BLANK);
	port = parse_port(line, strcspn(line, BLANK "\n#"), &protocol);
	return port ? handler(context, protocol, port, name) : 0;
}

int services_parse(const char *text, services_handler *handler, void *context)
{
	int r = 0;

	while (*text && r >= 0) {
		r = parse_line(text, handler, context);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return r < 0 ? r : 0;
}
