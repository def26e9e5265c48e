// SPDX-License-Identifier: Apache-2.0
#include "user/commands/trace_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/text.h"
#include "user/commands/options.h"
#include "user/core/trace_line.h"

/* Decimal digits alone, from 1 on. */
static bool parse_number(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long value;

	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 10)
		return false;
	value = strtoul(text, NULL, 10);
	if (!value || value > max)
		return false;
	*ret = value;
	return true;
}

/* "10.0.0.1", "10.0.0.1:443", "::1", "[::1]:443". */
static bool parse_destination(struct trace_filter *filter, const char *text)
{
	char address[INET6_ADDRSTRLEN + 8];
	unsigned long port;
	char *colon;
	size_t length;

	filter->has_remote = true;
	if (text_parse_address(filter->remote, text))
		return true;
	if ((size_t)snprintf(address, sizeof(address), "%s", text) >= sizeof(address))
		return false;
	colon = strrchr(address, ':');
	if (!colon || !parse_number(colon + 1, UINT16_MAX, &port))
		return false;
	*colon = '\0';
	filter->remote_port = (uint16_t)port;
	length = strlen(address);
	if (*address != '[')
		return inet_pton(AF_INET, address, filter->remote + 12) == 1;
	if (address[length - 1] != ']')
		return false;
	address[length - 1] = '\0';
	return text_parse_address(filter->remote, address + 1);
}

static bool parse_protocol(struct trace_filter *filter, const char *text)
{
	if (!strcmp(text, "tcp"))
		filter->protocol = IPPROTO_TCP;
	else if (!strcmp(text, "udp"))
		filter->protocol = IPPROTO_UDP;
	return filter->protocol;
}

static int complain(char reason[TRACE_FILTER_REASON_MAX], const char *option, const char *text,
		    const char *wanted)
{
	snprintf(reason, TRACE_FILTER_REASON_MAX, "--%s '%.48s' is not %s", option, text, wanted);
	return -EINVAL;
}

int trace_filter_init(struct trace_filter *ret, const struct options *options,
		      char reason[TRACE_FILTER_REASON_MAX])
{
	struct trace_filter filter = {
		.process = options->process,
		.netns = options->netns,
		.refused = options->refused,
	};
	unsigned long number = 0;

	if (options->pid && !parse_number(options->pid, INT32_MAX, &number))
		return complain(reason, "pid", options->pid, "the number of a process");
	filter.pid = (uint32_t)number;
	number = 0;
	if (options->port && !parse_number(options->port, UINT16_MAX, &number))
		return complain(reason, "port", options->port, "a port from 1 to 65535");
	filter.port = (uint16_t)number;
	if (options->protocol && !parse_protocol(&filter, options->protocol))
		return complain(reason, "protocol", options->protocol, "tcp or udp");
	if (options->destination && !parse_destination(&filter, options->destination))
		return complain(reason, "destination", options->destination,
				"like 10.0.0.1, 10.0.0.1:443 or [::1]:443");
	*ret = filter;
	return 0;
}

static bool is_netns(const char *wanted, const struct trace_line *line)
{
	char inode[16];

	snprintf(inode, sizeof(inode), "%u", line->netns);
	return !strcmp(wanted, inode) || (line->netns_name && !strcmp(wanted, line->netns_name));
}

bool trace_filter_asks(const struct trace_filter *filter)
{
	return filter->process || filter->netns || filter->pid || filter->protocol ||
	       filter->port || filter->has_remote;
}

enum trace_passage trace_filter_pass(const struct trace_filter *filter,
				     const struct trace_line *line)
{
	if (filter->refused && !line->error)
		return TRACE_FILTERED;
	if (!line->protocol && trace_filter_asks(filter))
		return TRACE_UNKNOWN;
	if ((filter->pid && filter->pid != line->pid) ||
	    (filter->process && strcmp(filter->process, line->process) != 0) ||
	    (filter->netns && !is_netns(filter->netns, line)) ||
	    (filter->protocol && filter->protocol != line->protocol) ||
	    (filter->port && filter->port != line->port))
		return TRACE_FILTERED;
	if (filter->has_remote &&
	    (!line->remote_port || memcmp(filter->remote, line->remote, sizeof(line->remote)) != 0))
		return TRACE_FILTERED;
	return !filter->remote_port || filter->remote_port == line->remote_port ? TRACE_PASSES
										: TRACE_FILTERED;
}
