// SPDX-License-Identifier: GPL-2.0
/* What a guest has done. */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "exitname.h"
#include "vm.h"

static const char *state_of(struct vm *vm)
{
	const char *state = "running";

	pthread_mutex_lock(&vm->request_lock);
	if (vm->end)
		state = vm_end_name(vm->end);
	else if (__atomic_load_n(&vm->requests, __ATOMIC_RELAXED) & REQUEST_PAUSE)
		state = "paused";
	else if (__atomic_load_n(&vm->requests, __ATOMIC_RELAXED) & REQUEST_DEBUG)
		state = "stopped by gdb";
	pthread_mutex_unlock(&vm->request_lock);
	return state;
}

json_t *report_info(struct vm *vm)
{
	return json_pack("{s:s, s:i, s:s, s:I, s:f}", "name", vm->name, "pid", (int)getpid(),
			 "state", state_of(vm), "memory", (json_int_t)guest_memory_total(&vm->ram),
			 "seconds", (double)(clock_monotonic() - vm->started) / NSEC);
}

/* Most frequent first. */
static int by_count(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "count"));
	json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "count"));

	return (x < y) - (x > y);
}

static json_t *exits_of(const struct posada_stats *stats)
{
	json_t *rows[POSADA_STATS_REASONS], *exits = json_array();
	size_t nr = 0;

	for (int i = 0; i < POSADA_STATS_REASONS; i++)
		if (stats->exits[i])
			rows[nr++] = json_pack("{s:i, s:s, s:I}", "reason", i, "name",
					       exit_reason_name(i), "count",
					       (json_int_t)stats->exits[i]);
	qsort(rows, nr, sizeof(rows[0]), by_count);
	for (size_t i = 0; i < nr; i++)
		json_array_append_new(exits, rows[i]);
	return exits;
}

json_t *report_stats(struct vm *vm)
{
	struct posada_stats stats = { 0 };
	json_t *report = report_info(vm);
	int err = vm_stats(vm, &stats);

	if (err) {
		json_object_set_new(report, "error", json_string(strerror(-err)));
		return report;
	}
#define COUNT(field) json_object_set_new(report, #field, json_integer((json_int_t)stats.field))
	COUNT(entries);
	COUNT(to_user);
	COUNT(irq);
	COUNT(nmi);
	COUNT(exceptions);
	COUNT(redelivered);
	COUNT(faults);
	COUNT(mapped);
	COUNT(migrations);
#undef COUNT
	json_object_set_new(report, "exits", exits_of(&stats));
	return report;
}

static long long number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value ? value : "?";
}

void report_print(FILE *file, const json_t *stats)
{
	static const struct {
		const char *key;
		const char *words;
	} rows[] = {
		{ "entries", "VM entries" },
		{ "to_user", "exits to the launcher" },
		{ "irq", "interrupts delivered" },
		{ "nmi", "NMIs delivered" },
		{ "exceptions", "exceptions injected" },
		{ "redelivered", "events delivered again" },
		{ "faults", "memory faults resolved" },
		{ "mapped", "pages mapped" },
		{ "migrations", "moves to another CPU" },
	};
	const json_t *exits = json_object_get(stats, "exits"), *row;
	long long total = 0;
	size_t i;

	fprintf(file, "%s: %s, pid %lld, %lld KiB, %.1f s\n", text(stats, "name"),
		text(stats, "state"), number(stats, "pid"), number(stats, "memory") >> 10,
		json_real_value(json_object_get(stats, "seconds")));
	if (json_object_get(stats, "error")) {
		fprintf(file, "no statistics: %s\n", text(stats, "error"));
		return;
	}
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(file, "%14lld  %s\n", number(stats, rows[i].key), rows[i].words);
	json_array_foreach(exits, i, row) total += number(row, "count");
	fprintf(file, "%14lld  exits, of these\n", total);
	json_array_foreach(exits, i, row)
		fprintf(file, "%14lld  %5.1f %%  %s (%lld)\n", number(row, "count"),
			total ? 100.0 * number(row, "count") / total : 0.0, text(row, "name"),
			number(row, "reason"));
}

void report_dump(FILE *file, const json_t *json)
{
	json_dumpf(json, file, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	fputc('\n', file);
	fflush(file);
}
