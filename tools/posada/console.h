/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The console: what the guest's serial port (and port 0xe9) is wired to.
 *
 * Output gathers in a ring and is written by the I/O thread a few milliseconds
 * later, so that a character costs the guest no system call.  Both rings are
 * protected by vm->lock; the descriptors belong to the I/O thread.
 */
#ifndef POSADA_CONSOLE_H
#define POSADA_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_RING 8192

struct console_ring {
	uint8_t bytes[CONSOLE_RING];
	size_t head;
	size_t count;
};

/**
 * struct console - where characters come from and go to
 * @in: descriptor to read from, or -1
 * @out: descriptor to write to, or -1: output is thrown away
 * @out_blocks: a write to @out may block: ask poll() first
 * @terminal: @in is a terminal in raw mode: escape keys work
 * @escape: the escape key, a control character
 * @escaped: it was pressed
 * @flush: timerfd: time to write
 * @sent: characters from the guest that wait to be written
 * @typed: characters that wait for the guest
 * @starved: the guest's port had no room
 */
struct console {
	int in;
	int out;
	bool out_blocks;
	bool terminal;
	uint8_t escape;
	bool escaped;
	int flush;
	struct console_ring sent;
	struct console_ring typed;
	bool starved;
};

/**
 * console_open() - "stdio", "none", or a file to write to
 * @console: out
 * @where: as on the command line
 * @escape: the escape key, a control character
 *
 * Return: 0, or -1 after fail().
 */
int console_open(struct console *console, const char *where, uint8_t escape);

/** console_close() - undo console_open(): the terminal is as it was */
void console_close(struct console *console);

/** console_put() - a character from the guest.  Return: false if there is no room now */
bool console_put(struct console *console, uint8_t c);

/** console_get() - a character for the guest, or -1 */
int console_get(struct console *console);

/** console_may_read() - is there room for what would be typed? */
bool console_may_read(const struct console *console);

/* What was typed, apart from characters. */
enum console_command {
	CONSOLE_NOTHING,
	CONSOLE_QUIT,  /* escape x */
	CONSOLE_BREAK, /* escape b */
	CONSOLE_EOF,   /* there will be no more */
};

/** console_read() - take what was typed; once console->in is readable */
enum console_command console_read(struct console *console);

/**
 * console_take() - characters that wait to be written
 * @console: the console
 * @to: out
 * @size: how many at most
 *
 * They stay in the ring until console_written().
 */
size_t console_take(const struct console *console, uint8_t *to, size_t size);

/** console_written() - @count of them are out.  Return: a serial port had been refused room */
bool console_written(struct console *console, size_t count);

#endif /* POSADA_CONSOLE_H */
