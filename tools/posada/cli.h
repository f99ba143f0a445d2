/* SPDX-License-Identifier: GPL-2.0 */
/* What all subcommands share: how they complain, how they read numbers. */
#ifndef POSADA_CLI_H
#define POSADA_CLI_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Exit status of every subcommand.  Odd numbers belong to guests: a write of
 * CODE to port 0xf4 ends `posada run` with (CODE << 1) | 1.
 */
#define STATUS_OK	    0
#define STATUS_USAGE	    2
#define STATUS_CANNOT	    4 /* could not start, or not do what was asked */
#define STATUS_TRIPLE_FAULT 6
#define STATUS_FAILED_ENTRY 8
#define STATUS_STUCK	    10 /* the guest did what nothing here can emulate */
#define STATUS_TERMINATED   12 /* a row of the trap policy */
#define STATUS_TIMEOUT	    124
#define STATUS_USER	    130 /* ended by its user: escape key, signal, quit */

/** note() - "posada: ..." on standard error */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * fail() - note() for a failure; what failed: why. what to do.
 *
 * Its value is -1, so that a function can end with it.
 */
#define fail(...)                  \
	({                         \
		note(__VA_ARGS__); \
		-1;                \
	})

/** message_raw() - end lines with CR LF while the terminal is raw */
void message_raw(bool raw);

/**
 * parse_number() - a whole number, decimal or 0x...
 * @text: all of it must be the number
 * @max: the largest that will do
 * @value: out
 *
 * Return: true if @text is one and not above @max.
 */
bool parse_number(const char *text, uint64_t max, uint64_t *value);

/** parse_size() - as parse_number(), with an optional suffix K, M, G or T */
bool parse_size(const char *text, uint64_t *value);

/** why() - strerror() of a negative errno, in the words of the uAPI where it has some */
const char *why(int err);

/** usage_error() - says that @subcommand --help would help.  Return: STATUS_USAGE */
int usage_error(const char *subcommand);

#endif /* POSADA_CLI_H */
