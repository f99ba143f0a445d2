// SPDX-License-Identifier: GPL-2.0
/* What all subcommands share. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool raw_terminal;

void message_raw(bool raw)
{
	raw_terminal = raw;
}

/* One write per message: two threads must not mix theirs. */
static void message(const char *format, va_list args)
{
	char text[1024] = "posada: ";
	size_t at = strlen(text);
	int len = vsnprintf(text + at, sizeof(text) - at - 2, format, args);

	if (len > 0)
		at += (size_t)len < sizeof(text) - at - 2 ? (size_t)len : sizeof(text) - at - 3;
	if (raw_terminal)
		text[at++] = '\r';
	text[at++] = '\n';
	fwrite(text, 1, at, stderr);
	fflush(stderr);
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(format, args);
	va_end(args);
}

static bool number(const char *text, uint64_t *value, char **end)
{
	/* strtoull() would take "-1" and " 1" too */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	return !errno;
}

bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	return number(text, value, &end) && !*end && *value <= max;
}

bool parse_size(const char *text, uint64_t *value)
{
	static const char suffixes[] = "kmgt";
	const char *suffix;
	unsigned int shift;
	char *end;

	if (!number(text, value, &end))
		return false;
	if (!*end)
		return true;
	suffix = strchr(suffixes, *end | 32);
	if (!suffix || end[1])
		return false;
	shift = 10 * (suffix - suffixes + 1);
	if (*value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

const char *why(int err)
{
	switch (-err) {
	case ENODEV:
		return "VMX cannot be used. 'posada doctor' says why";
	case EBUSY:
		return "another hypervisor holds VMX. 'posada doctor' says who";
	case EPROTO:
		return "the module speaks another version of the ABI. Build both from the same tree";
	default:
		return strerror(-err);
	}
}

int usage_error(const char *subcommand)
{
	fprintf(stderr, "Try 'posada %s%s--help'.\n", subcommand, *subcommand ? " " : "");
	return STATUS_USAGE;
}
