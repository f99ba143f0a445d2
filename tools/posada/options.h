/* SPDX-License-Identifier: GPL-2.0 */
/* posada run: its command line. */
#ifndef POSADA_OPTIONS_H
#define POSADA_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "boot.h"

struct driver;

#define OPTIONS_RAMS 16

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
 * @verbose: tell of what the guest looks for
 * @wait_if_halted: a halt is no end
 * @driver: what runs it
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
	bool verbose;
	bool wait_if_halted;
	const struct driver *driver;
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
