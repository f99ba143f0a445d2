// SPDX-License-Identifier: GPL-2.0
/* posada: run guests on /dev/posada, and look after them. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"

static const struct {
	const char *name;
	int (*function)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "run", command_run, "run a guest" },
	{ "list", command_list, "list running guests" },
	{ "stat", command_stat, "show what a guest has done: exits by reason" },
	{ "regs", command_regs, "show a guest's registers" },
	{ "policy", command_policy, "show what traps a guest, how often; change it" },
	{ "exits", command_exits, "show a guest's last exits" },
	{ "explain", command_explain, "say why the CPU refused to enter a guest" },
	{ "inject", command_inject, "interrupt a guest" },
	{ "pause", command_pause, "stop a guest for a while" },
	{ "resume", command_resume, "let it go on" },
	{ "move", command_move, "go on in a new VM or vCPU" },
	{ "quit", command_quit, "end a guest" },
	{ "doctor", command_doctor, "say whether, and why, VMX can be used here" },
	{ "bench", command_bench, "measure what exits, interrupts and VMs cost" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
	printf("Usage: posada COMMAND [OPTION...]\n"
	       "\n"
	       "Runs guests with Intel VMX, through /dev/posada.\n"
	       "\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].what);
	printf("\n"
	       "Examples:\n"
	       "  posada doctor\n"
	       "  posada run --kernel vmlinuz --initrd initrd.img\n"
	       "  posada run --help\n"
	       "\n"
	       "Exit status: 0 done, 2 wrong usage, 4 cannot do it; posada run has more.\n");
	return STATUS_OK;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "posada: what shall I do?\n");
		return usage_error("");
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help();
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[1]))
			continue;
		argv[1] = argv[0]; /* what getopt() complains as */
		return commands[i].function(argc - 1, argv + 1);
	}
	note("there is no command '%s'.", argv[1]);
	return usage_error("");
}
