// SPDX-License-Identifier: GPL-2.0
/* posada policy: the trap policy of a running guest, or of a file. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "policies.h"
#include "report.h"

static int help(void)
{
	printf("Usage: posada policy NAME [--json]\n"
	       "       posada policy NAME --set FILE|PRESET\n"
	       "       posada policy --check FILE|PRESET\n"
	       "\n"
	       "Shows the trap policy of a running guest: what happens when it does something\n"
	       "restricted, row by row, and how often each row was met. The first row that\n"
	       "matches decides; behind the rows that were set come those of the module.\n"
	       "\n"
	       "  --set FILE    put these rows in place of the ones that were set\n"
	       "  --check FILE  read them only, and print them as they were understood\n"
	       "  --json        the table for machines\n"
	       "\n"
	       "A row is KIND[:ACCESS][=FIRST[-LAST]]:DISPOSITION[=VALUE], without blanks; # at\n"
	       "the start of a line or behind a blank begins a comment.\n"
	       "\n"
	       "  KIND         cpuid, io, msr, cr, dr, exception: with numbers; vmcall, hlt, pause,\n"
	       "               rdtsc, rdpmc, rdrand, rdseed, invlpg, wbinvd, monitor, mwait,\n"
	       "               tables, xsetbv\n"
	       "  ACCESS       of io, msr, cr, dr: r, w or rw (as if left out)\n"
	       "  FIRST-LAST   decimal or 0x; left out: all there are\n"
	       "  DISPOSITION  native, emulate, ignore[=VALUE], fault=#ud, fault=#gp, user,\n"
	       "               terminate\n"
	       "\n"
	       "Examples:\n"
	       "  posada policy demo\n"
	       "  posada policy --check strict >my.policy\n"
	       "  posada policy demo --set my.policy\n"
	       "  posada run --kernel vmlinuz --trap io:w=0x80:ignore --trap exception=6:user\n");
	return STATUS_OK;
}

/* ---- a file ----------------------------------------------------------------------------- */

static struct policy *load(const char *name)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		fail("out of memory.");
	if (!policy || !policies_load(policy, name))
		return policy;
	free(policy);
	return NULL;
}

static int check(const char *name)
{
	struct policy *policy = load(name);
	char text[POLICY_TEXT];

	if (!policy)
		return STATUS_CANNOT;
	for (uint32_t i = 0; i < policy->nr; i++)
		puts(policy_print_row(&policy->trap[i], text));
	free(policy);
	return STATUS_OK;
}

/* ---- a guest ------------------------------------------------------------------------------ */

static void show(const json_t *answer)
{
	const json_t *rows = json_object_get(answer, "rows"), *row;
	size_t i;

	printf("%4s %14s  %s\n", "ROW", "HITS", "WHAT HAPPENS");
	json_array_foreach(rows, i, row)
	{
		const char *text = json_string_value(json_object_get(row, "text"));
		bool built_in = json_is_true(json_object_get(row, "built_in"));

		printf("%4lld %14lld  ", (long long)json_integer_value(json_object_get(row, "row")),
		       (long long)json_integer_value(json_object_get(row, "hits")));
		printf(built_in ? "%-48s built in\n" : "%s\n", text ? text : "?");
	}
}

static json_t *rows_of(const struct policy *policy)
{
	json_t *rows = json_array();
	char text[POLICY_TEXT];

	for (uint32_t i = 0; i < policy->nr; i++)
		json_array_append_new(rows, json_string(policy_print_row(&policy->trap[i], text)));
	return rows;
}

static int ask(const char *guest, const char *set, bool json)
{
	json_t *request = json_pack("{s:s}", "command", "policy"), *answer;

	if (set) {
		struct policy *policy = load(set);

		if (!policy) {
			json_decref(request);
			return STATUS_CANNOT;
		}
		json_object_set_new(request, "set", rows_of(policy));
		free(policy);
	}
	answer = control_ask(guest, request, false);
	if (!answer)
		return STATUS_CANNOT;
	json_object_del(answer, "ok");
	if (json)
		report_dump(stdout, answer);
	else if (!set)
		show(answer);
	json_decref(answer);
	return STATUS_OK;
}

/* ---- the command line ------------------------------------------------------------------------ */

int command_policy(int argc, char **argv)
{
	static const struct option table[] = {
		{ "set", required_argument, NULL, 's' },
		{ "check", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *set = NULL, *file = NULL;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'h')
			return help();
		if (c == '?')
			return usage_error("policy");
		if (c == 's')
			set = optarg;
		else if (c == 'c')
			file = optarg;
		else
			json = true;
	}
	if (file && (set || json || optind != argc))
		note("--check FILE stands alone.");
	else if (file)
		return check(file);
	else if (optind + 1 != argc)
		note("name one guest, or say --check FILE. 'posada list' shows those that run.");
	else
		return ask(argv[optind], set, json);
	return usage_error("policy");
}
