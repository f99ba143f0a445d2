// SPDX-License-Identifier: GPL-2.0
/* posada stat, regs, exits, pause, resume, quit, list: look after running guests. */
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "report.h"
#include "report_vcpu.h"

/* One of these subcommands: a request, and how to show the answer. */
struct subject {
	const char *name;
	const char *help;
	void (*show)(const json_t *answer);
};

struct choice {
	const char *guest;
	bool json;
};

/* Return: -1 to go on, else an exit status. */
static int parse(const struct subject *subject, bool wants_guest, int argc, char **argv,
		 struct choice *choice)
{
	static const struct option table[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'h') {
			fputs(subject->help, stdout);
			return STATUS_OK;
		}
		if (c == '?')
			return usage_error(subject->name);
		choice->json = true;
	}
	if (optind + wants_guest != argc) {
		note(wants_guest ? "name one guest. 'posada list' shows those that run." :
				   "it takes no names.");
		return usage_error(subject->name);
	}
	choice->guest = argv[optind];
	return -1;
}

static int ask(const struct subject *subject, int argc, char **argv)
{
	struct choice choice = { 0 };
	int status = parse(subject, true, argc, argv, &choice);
	json_t *answer;

	if (status >= 0)
		return status;
	answer = control_ask(choice.guest, json_pack("{s:s}", "command", subject->name), false);
	if (!answer)
		return STATUS_CANNOT;
	json_object_del(answer, "ok");
	if (choice.json)
		report_dump(stdout, answer);
	else
		subject->show(answer);
	json_decref(answer);
	return STATUS_OK;
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value ? value : "?";
}

static long long number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

/* ---- stat --------------------------------------------------------------------------- */

static void show_stat(const json_t *answer)
{
	report_print(stdout, answer);
}

int command_stat(int argc, char **argv)
{
	static const struct subject stat = {
		.name = "stat",
		.help = "Usage: posada stat NAME [--json]\n"
			"\n"
			"Shows what the vCPU of a running guest has done: entries, interrupts, memory\n"
			"faults, and exits by reason.\n"
			"\n"
			"Examples:\n"
			"  posada stat demo\n"
			"  posada stat demo --json | jq '.exits[0]'\n",
		.show = show_stat,
	};

	return ask(&stat, argc, argv);
}

/* ---- regs --------------------------------------------------------------------------- */

static void show_regs(const json_t *answer)
{
	report_regs_print(stdout, answer);
}

int command_regs(int argc, char **argv)
{
	static const struct subject regs = {
		.name = "regs",
		.help = "Usage: posada regs NAME [--json]\n"
			"\n"
			"Shows the registers of a guest, running or paused, with flags by name and the\n"
			"instruction at rip.\n"
			"\n"
			"Examples:\n"
			"  posada regs demo\n"
			"  posada regs demo --json | jq -r .rip\n",
		.show = show_regs,
	};

	return ask(&regs, argc, argv);
}

/* ---- exits -------------------------------------------------------------------------- */

static void show_exits(const json_t *answer)
{
	report_exits_print(stdout, answer);
}

int command_exits(int argc, char **argv)
{
	static const struct subject exits = {
		.name = "exits",
		.help = "Usage: posada exits NAME [--json]\n"
			"\n"
			"Shows the last 64 exits of a guest that came to the launcher; if it was started\n"
			"with --log-exits, also its last 64 VM exits of any kind.\n"
			"\n"
			"Examples:\n"
			"  posada exits demo\n"
			"  posada exits demo --json | jq -r '.launcher[-1].name'\n",
		.show = show_exits,
	};

	return ask(&exits, argc, argv);
}

/* ---- pause, resume, quit -------------------------------------------------------------- */

static void show_state(const json_t *answer)
{
	printf("%s: %s\n", text(answer, "name"), text(answer, "state"));
}

static void show_nothing(const json_t *answer)
{
	(void)answer;
}

int command_pause(int argc, char **argv)
{
	static const struct subject pause = {
		.name = "pause",
		.help = "Usage: posada pause NAME [--json]\n"
			"\n"
			"Stops a guest until 'posada resume'. Its clocks go on.\n"
			"\n"
			"Examples:\n"
			"  posada pause demo\n",
		.show = show_state,
	};

	return ask(&pause, argc, argv);
}

int command_resume(int argc, char **argv)
{
	static const struct subject resume = {
		.name = "resume",
		.help = "Usage: posada resume NAME [--json]\n"
			"\n"
			"Lets a paused guest go on.\n"
			"\n"
			"Examples:\n"
			"  posada resume demo\n",
		.show = show_state,
	};

	return ask(&resume, argc, argv);
}

int command_quit(int argc, char **argv)
{
	static const struct subject quit = {
		.name = "quit",
		.help = "Usage: posada quit NAME [--json]\n"
			"\n"
			"Ends a guest at once, as if its power were cut.\n"
			"\n"
			"Examples:\n"
			"  posada quit demo\n",
		.show = show_nothing,
	};

	return ask(&quit, argc, argv);
}

/* ---- list ------------------------------------------------------------------------------- */

/* The guests that answer; a socket whose guest was killed is passed over. */
static json_t *guests(void)
{
	json_t *list = json_array();
	struct dirent **entries;
	char directory[80];
	int nr;

	if (!control_directory(directory, sizeof(directory)))
		return list;
	nr = scandir(directory, &entries, NULL, alphasort);
	for (int i = 0; i < nr; i++) {
		char *dot = strrchr(entries[i]->d_name, '.');
		json_t *info = NULL;

		if (dot && !strcmp(dot, ".sock")) {
			*dot = '\0';
			if (control_name_valid(entries[i]->d_name))
				info = control_ask(entries[i]->d_name,
						   json_pack("{s:s}", "command", "info"), true);
		}
		if (info) {
			json_object_del(info, "ok");
			json_array_append_new(list, info);
		}
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
	return list;
}

int command_list(int argc, char **argv)
{
	static const struct subject subject = {
		.name = "list",
		.help = "Usage: posada list [--json]\n"
			"\n"
			"Lists your running guests.\n"
			"\n"
			"Examples:\n"
			"  posada list\n",
	};
	struct choice choice = { 0 };
	int status = parse(&subject, false, argc, argv, &choice);
	json_t *list, *guest;
	size_t i;

	if (status >= 0)
		return status;
	list = guests();
	if (choice.json) {
		report_dump(stdout, list);
	} else if (!json_array_size(list)) {
		printf("No guest is running.\n");
	} else {
		printf("%-20s %8s %10s %10s  %s\n", "NAME", "PID", "MEMORY", "SECONDS", "STATE");
		json_array_foreach(list, i, guest)
			printf("%-20s %8lld %9lldK %10.1f  %s\n", text(guest, "name"),
			       number(guest, "pid"), number(guest, "memory") >> 10,
			       json_real_value(json_object_get(guest, "seconds")),
			       text(guest, "state"));
	}
	json_decref(list);
	return STATUS_OK;
}
