// SPDX-License-Identifier: Apache-2.0
/* Calls by sipp, with a UDP socket for the signals of each call and two for media. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "command.h"
#include "pools.h"

#define SIP 5060
#define CALLS 8
#define MEDIA_PORTS 2 /* sound and video */
#define SMALL_FIRST 40000
#define SMALL_LAST 40019
#define SMALL_SIZE 20
#define TONE_SIZE 8000

/* A request with these headers; sipp puts the rest in. */
#define REQUEST(method, peer, number, more)                                       \
	"<send><![CDATA[\n\n" method " sip:b@[remote_ip]:[remote_port] SIP/2.0\n" \
	"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"      \
	"From: <sip:a@[local_ip]:[local_port]>;tag=[call_number]\n"               \
	"To: <sip:b@[remote_ip]:[remote_port]>" peer "\n"                         \
	"Call-ID: [call_id]\nCSeq: " number "\n"                                  \
	"Contact: sip:a@[local_ip]:[local_port]\nMax-Forwards: 70\n" more "\n]]></send>\n"

#define SDP                                                                          \
	"Content-Type: application/sdp\nContent-Length: [len]\n\n"                   \
	"v=0\no=a 1 1 IN IP[local_ip_type] [local_ip]\ns=-\n"                        \
	"c=IN IP[media_ip_type] [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 8\n" \
	"a=rtpmap:8 PCMA/8000\n"

#define CALL                                                                                                         \
	"<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"call\">\n" REQUEST(                      \
		"INVITE", "", "1 INVITE",                                                                            \
		SDP) "<recv response=\"100\" optional=\"true\"/>\n"                                                  \
		     "<recv response=\"180\" optional=\"true\"/>\n<recv response=\"200\"/>\n" REQUEST(               \
			     "ACK", "[peer_tag_param]", "1 ACK",                                                     \
			     "Content-Length: 0\n") "<nop><action><exec rtp_stream=\"tone,-1,8\"/></action></nop>\n" \
						    "<pause milliseconds=\"600000\"/>\n</scenario>\n"

static const struct pool ports = { CLIENTS, "udp", FIRST, LAST };
static const struct pool few_ports = { CLIENTS, "udp", SMALL_FIRST, SMALL_LAST };
static const struct pool server_ports = { SERVERS, "udp", FIRST, LAST };

/* Takes calls, and sends media back to where it comes from. */
static struct service *start_callee(struct scenario *scenario)
{
	struct service *callee = scenario_service(scenario, SERVERS, "sipp", NULL);

	SERVICE_START(callee, "udp", SIP, "sipp", "-sn", "uas", "-i", ADDRESS_B, "-p", "5060",
		      "-mi", ADDRESS_B, "-mp", "40200", "-rtp_echo", "-nostdin");
	return callee;
}

/* Has so many calls at once, which do not end. */
static struct service *start_caller(struct scenario *scenario, unsigned int calls)
{
	struct service *caller = scenario_service(scenario, CLIENTS, "sipp", NULL);
	char tone[TONE_SIZE + 1];
	char count[16];

	memset(tone, 'U', TONE_SIZE); /* silence */
	tone[TONE_SIZE] = '\0';
	service_write_as(caller, "tone", 0644, tone);
	service_write_as(caller, "call.xml", 0644, CALL);
	snprintf(count, sizeof(count), "%u", calls);
	SERVICE_START(caller, "udp", SIP, "sipp", "-sf", "call.xml", "-t", "un", "-max_socket",
		      "1000", "-i", ADDRESS_A, "-p", "5060", "-mi", ADDRESS_A, "-mp", "40010", "-r",
		      "20", "-l", count, "-m", count, "-nostdin", ADDRESS_B ":5060");
	return caller;
}

static bool is_of(const json_t *snapshot, const struct pool *pool, const struct service *sipp)
{
	return number(owner_row(snapshot, space_inode(pool->netns), "udp", "sipp"), "pid") ==
	       service_pid(sipp);
}

static void calls_keep_their_ports_on_both_sides(void **state)
{
	struct scenario *scenario = *state;
	struct service *callee;
	struct service *caller;

	scenario_join(scenario);
	scenario_watch(scenario);
	callee = start_callee(scenario);
	caller = start_caller(scenario, CALLS);
	EVENTUALLY(scenario->watch,
		   pool_held_by(snapshot, &ports, "sipp", "exclusive") == CALLS + MEDIA_PORTS &&
			   number(pool_in(snapshot, &ports), "used") == CALLS + MEDIA_PORTS &&
			   pool_counted_as_kernel(snapshot, &ports) &&
			   is_of(snapshot, &ports, caller) &&
			   pool_held_by(snapshot, &server_ports, "sipp", "exclusive") ==
				   MEDIA_PORTS &&
			   pool_counted_as_kernel(snapshot, &server_ports) &&
			   is_of(snapshot, &server_ports, callee));
	service_stop(caller);
	EVENTUALLY(scenario->watch, number(pool_in(snapshot, &ports), "used") == 0);
}

static void calls_that_nearly_fill_a_narrow_range_are_told_of(void **state)
{
	struct scenario *scenario = *state;

	scenario_join(scenario);
	space_sysctl(CLIENTS, "net/ipv4/ip_local_port_range", "40000 40019");
	scenario_watch(scenario);
	start_callee(scenario);
	start_caller(scenario, SMALL_SIZE - MEDIA_PORTS);
	EVENTUALLY(scenario->watch,
		   pool_held_by(snapshot, &few_ports, "sipp", "exclusive") == SMALL_SIZE &&
			   pool_counted_as_kernel(snapshot, &few_ports) &&
			   pool_judged(snapshot, &few_ports, "near_exhaustion", "most by sipp["));
	says(RUN(NULL, "doctor"), 0, "narrow_range: " CLIENTS " udp");
}

const struct CMUnitTest voip_clients_suite[] = {
	SCENARIO(calls_keep_their_ports_on_both_sides),
	SCENARIO(calls_that_nearly_fill_a_narrow_range_are_told_of),
};
const size_t voip_clients_suite_count = sizeof(voip_clients_suite) / sizeof(voip_clients_suite[0]);
