/* SPDX-License-Identifier: Apache-2.0 */
/* What the files below /proc/sys/net/ipv4 say. Pure. -EBADMSG: not in the form the kernel writes;
 * the results are untouched. */
#pragma once

#include <stdint.h>

/* ip_local_port_range: "32768\t60999\n". */
int sysctl_parse_range(const char *text, uint16_t *ret_first, uint16_t *ret_last);

/* ip_local_reserved_ports: "8080,9000-9010\n" or "\n", into a bitmap of 65536 bits. */
int sysctl_parse_reserved(const char *text, uint8_t ret[65536 / 8]);

/* A single number, such as tcp_tw_reuse. */
int sysctl_parse_number(const char *text, uint32_t *ret);
