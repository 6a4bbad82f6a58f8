/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands.  Each is given the words after its name, and returns the exit status. */
#ifndef NETHOOD_COMMANDS_H
#define NETHOOD_COMMANDS_H

#include <stdio.h>

struct nethood_net;

int cmd_run(int argc, char **argv);
int cmd_up(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_path(int argc, char **argv);
int cmd_drops(int argc, char **argv);
int cmd_sysctl(int argc, char **argv);
int cmd_neigh(int argc, char **argv);
int cmd_proc(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/** neigh_why() - the net's side of `neigh NAME why`: @words is "ADDRESS [DEV]".  Return: 0, -ENOENT, -ENODEV, -EINVAL */
int neigh_why(struct nethood_net *net, const char *words, FILE *f);

/** record_turn() - the net's side of `record NAME FILE`: one piece into @fd, and how far it is, into @text.  Return: 0, -errno */
int record_turn(struct nethood_net *net, const char *words, int fd, char *text, size_t text_bytes);

/** proc_files() - the net's side of `proc NAME FILE`: a file, or the files in a directory; "": all but sysctls.
 *  Return: 0, -ENOENT, -EACCES, -EIO */
int proc_files(struct nethood_net *net, const char *words, FILE *f);

#endif
