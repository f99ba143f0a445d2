// SPDX-License-Identifier: GPL-2.0
/* The terminal in raw mode, and back again. */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

static struct termios saved;
static volatile sig_atomic_t raw_fd = -1;

void terminal_restore(void)
{
	int fd = raw_fd;

	if (fd < 0)
		return;
	raw_fd = -1;
	message_raw(false);
	tcsetattr(fd, TCSADRAIN, &saved);
}

/* A signal that kills: put the terminal right, then let it. */
static void die(int signal)
{
	int fd = raw_fd;

	if (fd >= 0)
		tcsetattr(fd, TCSANOW, &saved);
	raise(signal); /* SA_RESETHAND: the default action now */
}

static void restore_when_killed(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT };
	struct sigaction action = { .sa_handler = die, .sa_flags = SA_RESETHAND | SA_NODEFER };

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

int terminal_raw(int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &saved))
		return -errno;
	/* In the background tcsetattr() would stop us. */
	if (tcgetpgrp(fd) != getpgrp())
		return -ENOTTY;
	raw = saved;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	restore_when_killed();
	atexit(terminal_restore);
	raw_fd = fd;
	if (tcsetattr(fd, TCSADRAIN, &raw)) {
		raw_fd = -1;
		return -errno;
	}
	message_raw(true);
	return 0;
}
