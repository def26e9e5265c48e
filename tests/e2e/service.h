/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program from Debian, as people have it: a daemon, or a client that runs on for a while. It is
 * in a namespace of the test, in a cgroup of its own, and has a folder of its own for its
 * configuration and data. scenario_service() in scenario.h makes one that the scenario's end stops.
 *
 *	struct service *web = scenario_service(scenario, SERVERS, "nginx", NULL);
 *
 *	service_write(web, "nginx.conf", "daemon off;\npid %s/pid;\n...", service_folder(web));
 *	SERVICE_START(web, "tcp", 80, "nginx", "-p", service_folder(web), "-c", "nginx.conf");
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"

struct service;

/* Makes its folder, /tmp/pg-NAME-XXXXXX, which everyone may enter. name: of letters and digits.
 * user: whose the folder is, and who its programs run as; NULL: root, which is also right for a
 * daemon that drops root by itself. Fails the test if there is no such user. */
struct service *service_new(const char *netns, const char *name, const char *user);

/* Stops all that still runs and removes the folder. NULL is fine. 0, or -1: something is left. */
int service_free(struct service *service);

/* Where its programs are started. */
const char *service_folder(const struct service *service);
/* The path of a file in it. Valid until service_free. */
const char *service_path(struct service *service, const char *file);

/* Writes a file into its folder, as its user, with mode 0644. */
void service_write(struct service *service, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with any mode; content as it is. */
void service_write_as(struct service *service, const char *file, mode_t mode, const char *content);

/* Runs a program to its end as the service's user, in its folder and namespace, and demands
 * status 0: what a daemon wants before it starts. */
#define SERVICE_RUN(service, ...) service_run(service, (const char *const[]){ __VA_ARGS__, NULL })
void service_run(struct service *service, const char *const *argv);

/* Starts it, in the foreground, and waits until someone in its namespace has the port: "tcp",
 * listening, or "udp". port 0: does not wait. Fails the test, with its output, if it ends before or
 * takes too long. */
#define SERVICE_START(service, protocol, port, ...) \
	service_start(service, protocol, port, (const char *const[]){ __VA_ARGS__, NULL })
void service_start(struct service *service, const char *protocol, uint16_t port,
		   const char *const *argv);

/* The program that was started; its children are in service_pid_of. */
pid_t service_pid(const struct service *service);
/* Any of its processes that has this name (comm); 0: none. */
pid_t service_pid_of(const struct service *service, const char *process);
/* Is it one of its processes? */
bool service_has(const struct service *service, pid_t pid);

/* Waits until the program that was started ends; its status as in struct result, -1: too late. */
int service_await(struct service *service, unsigned int seconds);

/* SIGTERM to the program that was started, time to end, then SIGKILL to whoever is left. Its folder
 * stays, and service_start may follow. */
void service_stop(struct service *service);

/* All that its programs wrote to standard output and standard error so far. Caller frees. */
char *service_output(const struct service *service);
