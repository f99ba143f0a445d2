// SPDX-License-Identifier: GPL-2.0
/* The console. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"
#include "terminal.h"

/* Output waits for so long, so that characters are written together... */
#define FLUSH_NS    4000000
/* ...unless there are so many already. */
#define FLUSH_BYTES 2048

/* ---- rings ------------------------------------------------------------------ */

static bool ring_put(struct console_ring *ring, uint8_t c)
{
	if (ring->count == CONSOLE_RING)
		return false;
	ring->bytes[(ring->head + ring->count++) % CONSOLE_RING] = c;
	return true;
}

static void ring_drop(struct console_ring *ring, size_t count)
{
	ring->head = (ring->head + count) % CONSOLE_RING;
	ring->count -= count;
}

/* ---- the guest's side --------------------------------------------------------- */

bool console_put(struct console *console, uint8_t c)
{
	if (console->out < 0)
		return true;
	if (!ring_put(&console->sent, c)) {
		console->starved = true;
		return false;
	}
	if (console->sent.count == 1)
		clock_timer_set(console->flush, clock_monotonic() + FLUSH_NS, 0);
	else if (console->sent.count == FLUSH_BYTES)
		clock_timer_set(console->flush, 1, 0); /* long past: now */
	return true;
}

int console_get(struct console *console)
{
	uint8_t c;

	if (!console->typed.count)
		return -1;
	c = console->typed.bytes[console->typed.head];
	ring_drop(&console->typed, 1);
	return c;
}

/* ---- the user's side ------------------------------------------------------------ */

bool console_may_read(const struct console *console)
{
	return console->typed.count < CONSOLE_RING / 2;
}

static void help(const struct console *console)
{
	char key = console->escape + '@';

	note("keys: ^%c x leave, ^%c b send a break, ^%c ^%c send ^%c, ^%c ? this", key, key, key,
	     key, key, key);
}

/* One key; most go to the guest. */
static enum console_command key(struct console *console, uint8_t c)
{
	bool escaped = console->escaped;

	console->escaped = false;
	if (!console->terminal || (!escaped && c != console->escape)) {
		ring_put(&console->typed, c);
		return CONSOLE_NOTHING;
	}
	if (!escaped) {
		console->escaped = true;
		return CONSOLE_NOTHING;
	}
	if (c == console->escape) {
		ring_put(&console->typed, c);
		return CONSOLE_NOTHING;
	}
	switch (c) {
	case 'x':
	case 'X':
		return CONSOLE_QUIT;
	case 'b':
	case 'B':
		return CONSOLE_BREAK;
	default:
		help(console);
		return CONSOLE_NOTHING;
	}
}

enum console_command console_read(struct console *console)
{
	enum console_command command = CONSOLE_NOTHING;
	uint8_t typed[256];
	ssize_t got = read(console->in, typed, sizeof(typed));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return CONSOLE_NOTHING;
	if (got <= 0)
		return CONSOLE_EOF;
	for (ssize_t i = 0; i < got && command == CONSOLE_NOTHING; i++)
		command = key(console, typed[i]);
	return command;
}

size_t console_take(const struct console *console, uint8_t *to, size_t size)
{
	const struct console_ring *ring = &console->sent;
	size_t count = ring->count < size ? ring->count : size;

	for (size_t i = 0; i < count; i++)
		to[i] = ring->bytes[(ring->head + i) % CONSOLE_RING];
	return count;
}

bool console_written(struct console *console, size_t count)
{
	bool starved = console->starved;

	ring_drop(&console->sent, count);
	console->starved = false;
	return starved;
}

/* ---- life ------------------------------------------------------------------------ */

/*
 * A terminal or a pipe may stop taking output (^S), and the I/O thread must not
 * wait for it.  O_NONBLOCK on our standard output would hit everybody who
 * shares it, so open it once more where that can be done.
 */
static void open_output(struct console *console)
{
	struct stat st;

	console->out = -1;
	if (fstat(STDOUT_FILENO, &st))
		return;
	console->out_blocks = !S_ISREG(st.st_mode);
	if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))
		console->out =
			open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (console->out < 0)
		console->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static int open_stdio(struct console *console)
{
	open_output(console);
	if (fcntl(STDIN_FILENO, F_GETFD) < 0)
		return 0;
	console->in = STDIN_FILENO;
	if (!isatty(STDIN_FILENO))
		return 0;
	if (terminal_raw(STDIN_FILENO))
		console->in = -1; /* in the background: keys are not for us */
	else
		console->terminal = true;
	return 0;
}

int console_open(struct console *console, const char *where, uint8_t escape)
{
	*console = (struct console){ .in = -1, .out = -1, .escape = escape };
	console->flush = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (console->flush < 0)
		return fail("cannot make a timer: %s.", strerror(errno));
	if (!strcmp(where, "none"))
		return 0;
	if (!strcmp(where, "stdio"))
		return open_stdio(console);
	console->out = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0644);
	if (console->out >= 0)
		return 0;
	fail("cannot write the console to %s: %s. Choose another file, or --console none.", where,
	     strerror(errno));
	close(console->flush);
	return -1;
}

void console_close(struct console *console)
{
	if (console->terminal)
		terminal_restore();
	if (console->out >= 0)
		close(console->out);
	close(console->flush);
}
