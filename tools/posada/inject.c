// SPDX-License-Identifier: GPL-2.0
/* posada inject: interrupt a running guest. */
#include <getopt.h>
#include <stdio.h>

#include "cli.h"
#include "commands.h"
#include "control.h"

static int help(void)
{
	printf("Usage: posada inject NAME --irq N | --vector N | --nmi\n"
	       "\n"
	       "  --irq N     an edge on input N (0..15) of the guest's 8259 pair\n"
	       "  --vector N  vector N (16..255), past the 8259 pair\n"
	       "  --nmi       a non-maskable interrupt\n"
	       "\n"
	       "Examples:\n"
	       "  posada inject demo --nmi\n"
	       "  posada inject demo --irq 5\n");
	return STATUS_OK;
}

static int parse_option(json_t *request, int c, const char *text)
{
	uint64_t value;

	if (c == 'n') {
		json_object_set_new(request, "nmi", json_true());
		return 0;
	}
	if (!parse_number(text, c == 'i' ? 15 : 255, &value)) {
		note("%s %s: it wants a number, %s.", c == 'i' ? "--irq" : "--vector", text,
		     c == 'i' ? "0..15" : "16..255");
		return -1;
	}
	json_object_set_new(request, c == 'i' ? "irq" : "vector", json_integer((json_int_t)value));
	return 0;
}

static int send(const char *name, json_t *request)
{
	json_t *answer = control_ask(name, request, false);

	if (!answer)
		return STATUS_CANNOT;
	if (json_is_true(json_object_get(answer, "masked")))
		note("the guest's interrupt controller masks that input; it will wait there.");
	json_decref(answer);
	return STATUS_OK;
}

int command_inject(int argc, char **argv)
{
	static const struct option table[] = {
		{ "irq", required_argument, NULL, 'i' },
		{ "vector", required_argument, NULL, 'v' },
		{ "nmi", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	json_t *request = json_pack("{s:s}", "command", "inject");
	int c, events = 0, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'h')
			status = help();
		else if (c == '?' || parse_option(request, c, optarg))
			status = usage_error("inject");
		else
			events++;
	}
	if (status < 0 && (events != 1 || optind + 1 != argc)) {
		note("name one guest, and one of --irq, --vector and --nmi.");
		status = usage_error("inject");
	}
	if (status < 0)
		return send(argv[optind], request);
	json_decref(request);
	return status;
}
