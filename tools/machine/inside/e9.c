// SPDX-License-Identifier: GPL-2.0
/*
 * e9 - copy standard input to I/O port 0xe9
 *
 * Both Bochs (port_e9_hack) and QEMU (isa-debugcon) print what arrives there.
 * One REP OUTSB per buffer: a byte costs the emulated CPU one instruction, where
 * the emulated UART would take thousands. Ends at end of file, or once it has
 * passed on the line that says that the machine goes off: processes that outlive
 * the command may hold the pipe open for ever.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#define PORT 0xe9
#define LAST "\001posada off\n"

static void out(const char *bytes, size_t count)
{
	asm volatile("cld; rep outsb"
		     : "+S"(bytes), "+c"(count)
		     : "d"(PORT)
		     : "memory", "cc");
}

int main(void)
{
	static char buf[65536];
	ssize_t n;

	if (ioperm(PORT, 1, 1)) {
		perror("e9: ioperm");
		return 1;
	}
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		out(buf, (size_t)n);
		if (memmem(buf, (size_t)n, LAST, strlen(LAST)))
			return 0;
	}
	return n < 0;
}
