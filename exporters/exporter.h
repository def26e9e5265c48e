/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam to the outside. An encoder turns a view into bytes; an exporter carries views and
 * alert transitions to somebody. Each has one folder below this one and one line in the tables of
 * user/registry.c; none knows of another, nor of the ledger.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sd_event;
struct view;
struct view_alert;
struct view_limits;

/* Writes the whole document. The caller checks ferror(out). Reads nothing but the view. */
typedef void encode_fn(FILE *out, const struct view *view, const struct view_limits *limits);

/* A document the HTTP server offers. Those with one path are forms of one document: the client's
 * Accept chooses, and the first one is the default. */
struct endpoint {
	const char *path;
	const char *content_type;
	const char *title; /* its line on the landing page; NULL: none */
	encode_fn *encode;
};

/* How HTTP is served; as Prometheus's exporter-toolkit has it. */
struct web_config {
	const char *const *listen_addresses; /* "host:port", ":port", "[v6]:port", "unix:/path" */
	size_t listen_addresses_count;
	bool systemd_socket;        /* the sockets that systemd passed, instead of the addresses */
	const char *config_file;    /* TLS, passwords, headers; NULL: none of them */
	const char *telemetry_path; /* of the metrics; NULL: /metrics */
	bool disable_ui;            /* nothing at /, and none of the files */
};

/* A file the HTTP server offers, which never changes: a part of the live page. */
struct static_file {
	const char *path; /* "/" takes the place of the landing page */
	const char *content_type;
	const char *policy; /* Content-Security-Policy */
	const unsigned char *bytes;
	const unsigned char *end; /* behind the last one */
};

/* What an exporter is given when it is opened; all of it is borrowed for the exporter's life. */
struct exporter_config {
	const struct web_config *web;
	const struct endpoint *endpoints;
	size_t endpoints_count;
	const struct static_file *files; /* none: no live page */
	size_t files_count;
	const struct view_limits *limits; /* may change from one publish to the next */
	const char *version;
};

struct exporter;

struct exporter_ops {
	const char *name;
	/* 0, or a negative errno after one line was logged. *ret is untouched on failure. */
	int (*open)(struct exporter **ret, const struct exporter_config *config,
		    struct sd_event *event);
	/* Takes its own reference if it keeps the view. NULL: not interested. */
	void (*publish)(struct exporter *self, struct view *view);
	/* Adds what it counts of itself to a view that nobody else has seen yet; memory is the
	 * view's. NULL: nothing. */
	void (*account)(const struct exporter *self, struct view *view);
	/* entered: the alert began; else it ended. NULL: not interested. */
	void (*notify)(struct exporter *self, const struct view_alert *alert, bool entered);
	void (*close)(struct exporter *self); /* NULL is a no-op */
};
