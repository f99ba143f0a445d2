// SPDX-License-Identifier: GPL-2.0
/* posada run --gdb: gdb's "monitor" command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "gdb.h"
#include "report.h"
#include "report_vcpu.h"
#include "vm.h"

static void do_regs(struct gdb *gdb, FILE *file, const char *argument)
{
	json_t *regs = report_regs(gdb->vm);

	(void)argument;
	report_regs_print(file, regs);
	json_decref(regs);
}

static void do_exits(struct gdb *gdb, FILE *file, const char *argument)
{
	json_t *exits = report_exits(gdb->vm);

	(void)argument;
	report_exits_print(file, exits);
	json_decref(exits);
}

static void do_stat(struct gdb *gdb, FILE *file, const char *argument)
{
	json_t *stats = report_stats(gdb->vm);

	(void)argument;
	report_print(file, stats);
	json_decref(stats);
}

static void do_physical(struct gdb *gdb, FILE *file, const char *argument)
{
	if (!strcmp(argument, "on"))
		gdb->physical = true;
	else if (!strcmp(argument, "off"))
		gdb->physical = false;
	fprintf(file, "Addresses are guest-%s.\n", gdb->physical ? "physical" : "virtual");
}

static void do_translate(struct gdb *gdb, FILE *file, const char *argument)
{
	struct gdb_memory memory;
	uint64_t address, gpa;

	if (!parse_number(argument, UINT64_MAX, &address)) {
		fprintf(file, "translate what? An address, such as 0xffffffff81000000.\n");
		return;
	}
	if (gdb_load_cpu(gdb)) {
		fprintf(file, "The registers cannot be read.\n");
		return;
	}
	memory = gdb_memory_of(gdb);
	memory.physical = false;
	if (gdb_translate(&memory, address, &gpa))
		fprintf(file, "0x%llx\n", (unsigned long long)gpa);
	else
		fprintf(file, "not mapped\n");
}

static void do_help(struct gdb *gdb, FILE *file, const char *argument);

static const struct {
	const char *name;
	const char *help;
	void (*function)(struct gdb *gdb, FILE *file, const char *argument);
} commands[] = {
	{ "regs", "all registers, with flags by name", do_regs },
	{ "exits", "the last exits", do_exits },
	{ "stat", "what the vCPU has done", do_stat },
	{ "physical", "on: addresses are guest-physical; off", do_physical },
	{ "translate", "ADDRESS: where the page tables put it", do_translate },
	{ "help", "this list", do_help },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void do_help(struct gdb *gdb, FILE *file, const char *argument)
{
	(void)gdb;
	(void)argument;
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(file, "monitor %-10s %s\n", commands[i].name, commands[i].help);
}

char *gdb_monitor(struct gdb *gdb, const char *command)
{
	size_t len = strcspn(command, " "), size, i;
	char *text = NULL;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (i = 0; i < NR_COMMANDS; i++)
		if (strlen(commands[i].name) == len && !memcmp(commands[i].name, command, len))
			break;
	if (i == NR_COMMANDS)
		fprintf(file, "No such command; try 'monitor help'.\n");
	else
		commands[i].function(gdb, file, command + len + strspn(command + len, " "));
	if (!fclose(file))
		return text;
	free(text);
	return NULL;
}
