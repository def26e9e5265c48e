// SPDX-License-Identifier: Apache-2.0
#include "user/sources/source_programs.h"

#include <string.h>

/* Part of every source. */
const struct source_program common_programs[] = {
	{ "tcp_state", NULL, false }, { "find_files", NULL, false },  { "find_tcp", NULL, false },
	{ "find_udp", NULL, false },  { "sweep_holds", NULL, false }, { NULL, NULL, false },
};

const struct source_program fentry_programs[] = {
	{ "connect4_done", "inet_hash_connect", false },
	{ "connect6_done", "inet6_hash_connect", true }, /* a kernel without IPv6 */
	{ "connect_goes_on", "tcp_connect", true },
	{ "connect_goes_on2", "tcp_connect", true },
	{ "tcp_port_begin", "inet_csk_get_port", false },
	{ "tcp_port_done", "inet_csk_get_port", false },
	{ "tcp_port_done2", "inet_csk_get_port", false },
	{ "autobind", "inet_autobind", true },
	{ "autobind2", "inet_autobind", true },
	{ "udp_port_begin", "udp_lib_get_port", false },
	{ "udp_port_done", "udp_lib_get_port", false },
	{ "udp_port_done2", "udp_lib_get_port", false },
	{ "child_done", "__inet_inherit_port", false },
	{ "tcp_put_begin", "inet_put_port", false },
	{ "tcp_put", "inet_put_port", false },
	{ "tcp_put2", "inet_put_port", false },
	{ "tcp_gone", "tcp_v4_destroy_sock", false },
	{ "udp_put_begin", "udp_lib_unhash", false },
	{ "udp_put_begin2", "udp_lib_unhash", false },
	{ "udp_put", "udp_lib_unhash", false },
	{ "udp_put2", "udp_lib_unhash", false },
	{ "udp_disc", "udp_disconnect", true },
	{ "udp_aborted", "udp_abort", true },
	{ "udp_gone", "inet_sock_destruct", true },
	{ "remnant_new", "inet_twsk_hashdance", true },
	{ "remnant_new_611", "inet_twsk_hashdance_schedule", true },
	{ "remnant_on", "__inet_twsk_schedule", true },
	{ "remnant_gone", "inet_twsk_bind_unhash", false },
	{ NULL, NULL, false },
};

const struct source_program kprobe_programs[] = {
	{ "tcp_destroy", NULL, false },
	{ "k_connect4_done", "inet_hash_connect", false },
	{ "k_connect6_done", "inet6_hash_connect", true },
	{ "k_connect_on", "tcp_connect", true },
	{ "k_tcp_port", "inet_csk_get_port", false },
	{ "k_tcp_port_done", "inet_csk_get_port", false },
	{ "k_autobind", "inet_autobind", true },
	{ "k_udp_port", "udp_lib_get_port", false },
	{ "k_udp_port_done", "udp_lib_get_port", false },
	{ "k_child", "__inet_inherit_port", false },
	{ "k_tcp_put", "inet_put_port", false },
	{ "k_udp_put", "udp_lib_unhash", false },
	{ "k_udp_disc", "udp_disconnect", true },
	{ "k_udp_aborted", "udp_abort", true },
	{ "k_remnant_new", "inet_twsk_hashdance", true },
	{ "k_remnant_611", "inet_twsk_hashdance_schedule", true },
	{ "k_remnant_on", "__inet_twsk_schedule", true },
	{ "k_remnant_gone", "inet_twsk_bind_unhash", false },
	{ NULL, NULL, false },
};

const struct source_program tracepoint_programs[] = {
	{ "tcp_destroy", NULL, false },   { "tcp_socket_op", NULL, false },
	{ "bind4_begin", NULL, false },   { "bind6_begin", NULL, false },
	{ "bind4_done", NULL, false },    { "bind6_done", NULL, false },
	{ "socket_closed", NULL, false }, { NULL, NULL, false },
};

const struct source_program *source_programs_find(const struct source_program *programs,
						  const char *name)
{
	for (; programs->name; programs++)
		if (!strcmp(programs->name, name))
			return programs;
	return NULL;
}

bool source_programs_hook(const struct source_program *programs, const char *function)
{
	for (; programs->name; programs++)
		if (programs->function && !strcmp(programs->function, function))
			return true;
	return false;
}
