// SPDX-License-Identifier: GPL-2.0
/* posada move: have a running guest go on in a new VM. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "clock.h"
#include "commands.h"
#include "control.h"

struct choice {
	uint64_t times;
	uint64_t every_ms;
	const char *into;
};

static int help(void)
{
	printf("Usage: posada move NAME [OPTION...]\n"
	       "\n"
	       "Takes the VM of a running guest down, makes a new one with the same memory and\n"
	       "the same state, and lets the guest go on there. It notices nothing.\n"
	       "\n"
	       "  --times N            that often (default 1)\n"
	       "  --every MS           wait that many milliseconds in between (default 0)\n"
	       "  --into WHAT          vm, vcpu (a new vCPU in the same VM), or both by turns\n"
	       "                       (default)\n"
	       "\n"
	       "Examples:\n"
	       "  posada move demo\n"
	       "  posada move demo --times 100 --every 20\n");
	return STATUS_OK;
}

static int wrong(const char *option, const char *value, const char *wants)
{
	note("--%s %s: it wants %s.", option, value, wants);
	return usage_error("move");
}

/* Return: -1 to go on, else an exit status. */
static int take(struct choice *choice, int c, const char *text)
{
	switch (c) {
	case 'h':
		return help();
	case 't':
		if (!parse_number(text, 1000000, &choice->times) || !choice->times)
			return wrong("times", text, "a number from 1 to 1000000");
		return -1;
	case 'e':
		if (!parse_number(text, 3600000, &choice->every_ms))
			return wrong("every", text, "a number of milliseconds");
		return -1;
	case 'i':
		choice->into = text;
		if (strcmp(text, "vm") && strcmp(text, "vcpu") && strcmp(text, "both"))
			return wrong("into", text, "vm, vcpu or both");
		return -1;
	}
	return usage_error("move");
}

static const char *turn(const struct choice *choice, uint64_t i)
{
	static const char *const both[] = { "vcpu", "vm" };

	return strcmp(choice->into, "both") ? choice->into : both[i % 2];
}

/* Return: how often the guest has been moved in all, 0 if it could not be. */
static long long move_once(const char *guest, const char *into)
{
	json_t *answer =
		control_ask(guest, json_pack("{s:s, s:s}", "command", "move", "into", into), false);
	long long moves = answer ? json_integer_value(json_object_get(answer, "moves")) : 0;

	json_decref(answer);
	return moves;
}

static void sleep_ms(uint64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

int command_move(int argc, char **argv)
{
	static const struct option table[] = {
		{ "times", required_argument, NULL, 't' },
		{ "every", required_argument, NULL, 'e' },
		{ "into", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct choice choice = { .times = 1, .into = "both" };
	long long moves = 0;
	int c;

	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		int status = take(&choice, c, optarg);

		if (status >= 0)
			return status;
	}
	if (optind + 1 != argc) {
		note("name one guest. 'posada list' shows those that run.");
		return usage_error("move");
	}
	for (uint64_t i = 0; i < choice.times; i++) {
		if (i && choice.every_ms)
			sleep_ms(choice.every_ms);
		moves = move_once(argv[optind], turn(&choice, i));
		if (!moves)
			return STATUS_CANNOT;
	}
	printf("%s: moved %lld times in all\n", argv[optind], moves);
	return STATUS_OK;
}
