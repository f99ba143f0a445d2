// SPDX-License-Identifier: GPL-2.0
/* posada bench: what exits, interrupts, first touches and VMs cost. */
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "clock.h"
#include "commands.h"
#include "report.h"

static const char *const names[] = {
	"nothing",     "cpuid",	      "rdmsr",	    "wrmsr",
	"vmcall",      "hlt",	      "out",	    "in",
	"out-device",  "mmio-write",  "mmio-read",  "interrupt",
	"touch",       "touch-fresh", "touch-huge", "touch-huge-fresh",
	"touch-along", "life",	      "memory",
};

#define NR_NAMES (sizeof(names) / sizeof(names[0]))

static char **wanted;	  /* NULL-terminated, empty: all */
static json_t *results;	  /* with --json */
static bool instructions; /* are what the TSC counts */

int bench_wanted(const char *name)
{
	if (!*wanted)
		return 1;
	for (char **w = wanted; *w; w++)
		if (!strcmp(*w, name))
			return 1;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void head(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	if (instructions)
		printf("The TSC counts instructions here: one tick is one.\n");
	else
		printf("The TSC runs at %.1f MHz.\n", clock_tsc_khz() / 1000.0);
	printf("%-17s %10s %10s %10s %10s  %-5s %s\n", "OPERATION", "MIN", "MEDIAN", "P99", "MEAN",
	       "UNIT", "WHAT");
}

void bench_report(const char *name, const char *what, const char *unit, uint64_t *values,
		  size_t count)
{
	unsigned long long min, median, p99, mean = 0;

	for (size_t i = 0; i < count; i++)
		mean += values[i];
	mean /= count;
	qsort(values, count, sizeof(values[0]), compare);
	min = values[0];
	median = values[count / 2];
	p99 = values[count * 99 / 100];
	if (results) {
		json_array_append_new(results,
				      json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "name", name,
						"what", what, "unit", unit, "count",
						(json_int_t)count, "min", (json_int_t)min, "median",
						(json_int_t)median, "p99", (json_int_t)p99, "mean",
						(json_int_t)mean));
		return;
	}
	head();
	printf("%-17s %10llu %10llu %10llu %10llu  %-5s %s\n", name, min, median, p99, mean, unit,
	       what);
	fflush(stdout);
}

/* An instruction each: the loop below executes 2 * n + 2 of them between its RDTSCs, on any CPU. */
static uint64_t ticks_of_loop(uint64_t n)
{
	uint32_t from, to;

	asm volatile("rdtsc\n\t"
		     "mov %%eax, %0\n\t"
		     "1: dec %2\n\t"
		     "jnz 1b\n\t"
		     "rdtsc\n\t"
		     "mov %%eax, %1"
		     : "=&r"(from), "=&r"(to), "+&r"(n)
		     :
		     : "eax", "edx", "cc");
	return (uint32_t)(to - from);
}

/* Does the TSC count instructions?  Best of some tries: a timer interrupt may come between. */
static bool ticks_are_instructions(void)
{
	for (int i = 0; i < 5; i++) {
		uint64_t short_loop = ticks_of_loop(1000), long_loop = ticks_of_loop(3000);

		if (long_loop - short_loop == 4000 && short_loop == 2002)
			return true;
	}
	return false;
}

static int help(void)
{
	printf("Usage: posada bench [--json | --mark] [OPERATION...]\n"
	       "\n"
	       "Measures, in ticks of the TSC, what a guest's exits cost (between two RDTSC of\n"
	       "the guest), interrupts, first touches of memory, the life of a VM, and how much\n"
	       "memory of the kernel a VM takes. Without OPERATION all of them:\n"
	       "\n ");
	for (size_t i = 0; i < NR_NAMES; i++)
		printf(" %s%s", names[i], i % 8 == 7 ? "\n " : "");
	printf("\n"
	       "\n"
	       "With --mark each exit happens once between two 'xchg %%bx, %%bx', for a tracer\n"
	       "that stops there; see tools/machine/trace-exit.sh. Nothing is measured.\n"
	       "\n"
	       "Boot with mitigations=off for figures to compare, and see 'posada doctor' first\n"
	       "if it fails.\n"
	       "\n"
	       "Examples:\n"
	       "  posada bench\n"
	       "  posada bench --json out in cpuid\n");
	return STATUS_OK;
}

static int measure(void)
{
	int (*const groups[])(void) = { bench_exits, bench_interrupts, bench_touches, bench_life,
					bench_memory };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i]())
			return -1;
	return 0;
}

static bool known(const char *name)
{
	for (size_t i = 0; i < NR_NAMES; i++)
		if (!strcmp(names[i], name))
			return true;
	note("there is no operation '%s'.", name);
	return false;
}

int command_bench(int argc, char **argv)
{
	static const struct option table[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "mark", no_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false, mark = false;
	int c, ret;

	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'h')
			return help();
		if (c == '?')
			return usage_error("bench");
		if (c == 'm')
			mark = true;
		else
			json = true;
	}
	for (int i = optind; i < argc; i++)
		if (!known(argv[i]))
			return usage_error("bench");
	wanted = argv + optind;
	if (mark)
		return bench_marked_exits() ? STATUS_CANNOT : STATUS_OK;
	results = json ? json_array() : NULL;
	instructions = ticks_are_instructions();
	ret = measure();
	if (results && !ret) {
		json_t *all = json_pack("{s:s, s:O}", "tick",
					instructions ? "instruction" : "cycle", "results", results);

		if (!instructions)
			json_object_set_new(all, "khz", json_integer((json_int_t)clock_tsc_khz()));
		report_dump(stdout, all);
		json_decref(all);
	}
	json_decref(results);
	return ret ? STATUS_CANNOT : STATUS_OK;
}
