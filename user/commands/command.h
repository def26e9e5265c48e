/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: one file each, one line each in the table of main.c. */
#pragma once

/* argv[0] is the command's name. Returns the exit status; what failed has been logged. */
int cmd_run(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_check_config(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
