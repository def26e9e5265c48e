// SPDX-License-Identifier: Apache-2.0
#include "user/host/netaddr_parse.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#define LINKS_MIN 16

/* --- interfaces ------------------------------------------------------------------------------ */

static int see_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct netaddr_reading *reading = context;
	uint32_t *up;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*link) || !(link->ifi_flags & IFF_UP))
		return MNL_CB_OK;
	if (reading->up_count == reading->up_room) {
		size_t room = reading->up_room ? reading->up_room * 2 : LINKS_MIN;

		up = reallocarray(reading->up, room, sizeof(*up));
		if (!up) {
			reading->error = -ENOMEM;
			return MNL_CB_OK;
		}
		reading->up = up;
		reading->up_room = room;
	}
	reading->up[reading->up_count++] = (uint32_t)link->ifi_index;
	return MNL_CB_OK;
}

static int compare_links(const void *first, const void *second)
{
	uint32_t a = *(const uint32_t *)first;
	uint32_t b = *(const uint32_t *)second;

	return (a > b) - (a < b);
}

/* --- addresses ------------------------------------------------------------------------------- */

/* False: it is of another family. */
static bool convert(uint8_t ret[16], uint8_t family, const struct nlattr *attribute)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t size = mnl_attr_get_payload_len(attribute);

	if (family == AF_INET && size == 4) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + 12, mnl_attr_get_payload(attribute), 4);
		return true;
	}
	if (family != AF_INET6 || size != 16)
		return false;
	memcpy(ret, mnl_attr_get_payload(attribute), 16);
	return true;
}

/* IFA_ADDRESS is the other end's where there is an IFA_LOCAL. */
static int see_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *chosen = NULL;
	struct netaddr_reading *reading = context;
	const struct nlattr *attribute;
	uint8_t address[16];

	if (message->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) || !reading->up_count ||
	    !bsearch(&header->ifa_index, reading->up, reading->up_count, sizeof(*reading->up),
		     compare_links))
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !chosen))
			chosen = attribute;
	}
	if (chosen && convert(address, header->ifa_family, chosen) &&
	    addresses_add(reading->addresses, reading->netns, address) < 0)
		reading->error = -ENOMEM;
	return MNL_CB_OK;
}

/* --- datagrams ------------------------------------------------------------------------------- */

/* libmnl takes a length from 2 GiB on for one that fits, and reads to the next multiple of four. */
static bool lengths_fit(const struct netaddr_answer *answer)
{
	const char *at = answer->data;
	size_t rest = answer->size;

	while (rest) {
		struct nlmsghdr header;
		size_t length;

		if (rest < sizeof(header))
			return false;
		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest)
			return false;
		length = NLMSG_ALIGN(header.nlmsg_len);
		if (length > rest)
			return false;
		at += length;
		rest -= length;
	}
	return true;
}

static int take(struct netaddr_reading *reading, const struct netaddr_answer *answer, mnl_cb_t see)
{
	int r;

	if (!lengths_fit(answer))
		return -EBADMSG;
	r = mnl_cb_run(answer->data, answer->size, answer->sequence, answer->port_id, see, reading);
	if (r < 0)
		return errno > 0 ? -errno : -EBADMSG;
	return reading->error < 0 ? reading->error : r;
}

int netaddr_take_links(struct netaddr_reading *reading, const struct netaddr_answer *answer)
{
	return take(reading, answer, see_link);
}

void netaddr_links_done(struct netaddr_reading *reading)
{
	if (reading->up_count)
		qsort(reading->up, reading->up_count, sizeof(*reading->up), compare_links);
}

int netaddr_take_addresses(struct netaddr_reading *reading, const struct netaddr_answer *answer)
{
	return take(reading, answer, see_address);
}

void netaddr_reading_done(struct netaddr_reading *reading)
{
	free(reading->up);
	reading->up = NULL;
	reading->up_count = reading->up_room = 0;
}
