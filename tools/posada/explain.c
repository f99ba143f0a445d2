// SPDX-License-Identifier: GPL-2.0
/* posada explain: why a VM entry failed, from a dump. */
#include "explain.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "explain_json.h"
#include "report.h"

static int help(void)
{
	printf("Usage: posada explain FILE [--json]\n"
	       "\n"
	       "Judges a VMCS by the rules of the manual (SDM volume 3C, chapter 27) and tells\n"
	       "each one that it breaks, with the fields and their values. FILE is what\n"
	       "'posada run --dump FILE' wrote when the CPU refused to enter a guest; - is the\n"
	       "standard input. No VMX is needed.\n"
	       "\n"
	       "  --json   for machines\n"
	       "\n"
	       "FILE has lines NAME = VALUE, with the names of VMCS fields (GUEST_CR0) and\n"
	       "capability MSRs (IA32_VMX_BASIC) and numbers as in C, in any order; # begins a\n"
	       "comment. Fields that are not there count as 0. It can be written by hand, or\n"
	       "made of another hypervisor's dump.\n"
	       "\n"
	       "Exit status: 0 no rule is broken, 2 wrong usage, 4 FILE cannot be read or\n"
	       "understood, 8 at least one rule is broken.\n"
	       "\n"
	       "Examples:\n"
	       "  posada run --kernel boot.bin --flat real --dump failed.vmcs\n"
	       "  posada explain failed.vmcs\n"
	       "  sed 's/^GUEST_RFLAGS.*/GUEST_RFLAGS = 2/' failed.vmcs | posada explain -\n");
	return STATUS_OK;
}

static int load(const char *name, struct explanation *e, char error[EXPLAIN_ERROR])
{
	FILE *file = strcmp(name, "-") != 0 ? fopen(name, "r") : stdin;
	int err;

	if (!file) {
		snprintf(error, EXPLAIN_ERROR, "%s", strerror(errno));
		return -errno;
	}
	err = explain_load(file, e, error);
	if (file != stdin)
		fclose(file);
	if (!err)
		err = explain_judge(e, error);
	return err;
}

static int explain(const char *name, bool json)
{
	struct explanation e = { 0 };
	char error[EXPLAIN_ERROR];
	int status;

	if (load(name, &e, error)) {
		explain_free(&e);
		note("%s: %s.", name, error);
		return STATUS_CANNOT;
	}
	if (json) {
		json_t *report = explain_json(&e);

		report_dump(stdout, report);
		json_decref(report);
	} else {
		explain_print(stdout, &e);
	}
	status = e.nr_rules ? STATUS_FAILED_ENTRY : STATUS_OK;
	explain_free(&e);
	return status;
}

int command_explain(int argc, char **argv)
{
	static const struct option table[] = { { "json", no_argument, NULL, 'j' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'h')
			return help();
		if (c != 'j')
			return usage_error("explain");
		json = true;
	}
	if (optind + 1 != argc) {
		note("explain what? Give one FILE.");
		return usage_error("explain");
	}
	return explain(argv[optind], json);
}
