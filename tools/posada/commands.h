/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands: each parses its own options and returns an exit status. */
#ifndef POSADA_COMMANDS_H
#define POSADA_COMMANDS_H

int command_run(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_inject(int argc, char **argv);
int command_stat(int argc, char **argv);
int command_regs(int argc, char **argv);
int command_exits(int argc, char **argv);
int command_pause(int argc, char **argv);
int command_resume(int argc, char **argv);
int command_move(int argc, char **argv);
int command_quit(int argc, char **argv);
int command_list(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_explain(int argc, char **argv);

#endif /* POSADA_COMMANDS_H */
