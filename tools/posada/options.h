/* SPDX-License-Identifier: GPL-2.0 */
/* posada run: its command line. */
#ifndef POSADA_OPTIONS_H
#define POSADA_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "boot.h"
#include "policy.h"

struct driver;

#define OPTIONS_RAMS	 16
#define OPTIONS_POLICIES 8

/**
 * struct options - the command line
 * @boot: what to load
 * @memory: RAM from 0
 * @ram: further RAM
 * @nr_rams: how many
 * @name: of the guest, or NULL
 * @console: where it goes
 * @escape: the escape key
 * @timeout: seconds, 0: none
 * @stats: print them at the end
 * @json: as JSON
 * @dump: where a VMCS goes that the CPU refuses, or NULL
 * @verbose: tell of what the guest looks for
 * @wait_if_halted: a halt is no end
 * @gdb: where to wait for a debugger, or NULL
 * @gdb_wait: the guest begins when the debugger lets it
 * @log_exits: the driver keeps the last exits
 * @driver: what runs it
 * @trap: rows of the trap policy, one each
 * @nr_traps: how many
 * @policies: files and presets with more rows
 * @nr_policies: how many
 * @policy: all of them, in the order in which they are tried
 */
struct options {
	struct boot boot;
	uint64_t memory;
	struct {
		uint64_t gpa;
		uint64_t size;
	} ram[OPTIONS_RAMS];
	unsigned int nr_rams;
	const char *name;
	const char *console;
	uint8_t escape;
	uint64_t timeout;
	bool stats;
	bool json;
	const char *dump;
	bool verbose;
	bool wait_if_halted;
	const char *gdb;
	bool gdb_wait;
	bool log_exits;
	const struct driver *driver;
	const char *trap[POSADA_POLICY_MAX_TRAPS];
	unsigned int nr_traps;
	const char *policies[OPTIONS_POLICIES];
	unsigned int nr_policies;
	struct policy policy;
};

/**
 * options_parse() - read the command line
 * @o: out, with defaults for what was not said
 * @argc: of the subcommand
 * @argv: of the subcommand; strings stay where they are
 *
 * Return: -1 to go on, else the exit status: help was asked for, or something
 * is wrong and has been told.
 */
int options_parse(struct options *o, int argc, char **argv);

#endif /* POSADA_OPTIONS_H */
