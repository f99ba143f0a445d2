// SPDX-License-Identifier: GPL-2.0
/* The trap policy as text. */
#include "policy.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RW	  (POSADA_TRAP_READ | POSADA_TRAP_WRITE)
#define VECTOR_UD 6
#define VECTOR_GP 13

/* ---- names ----------------------------------------------------------------------- */

/* What the numbers of a kind are, if it has any, and how they are written. */
static const struct kind {
	const char *name;
	const char *number; /* NULL: it has none */
	uint32_t max;
	bool decimal;
	bool access;
	bool result; /* it gives the guest one value */
	const char *did;
} kinds[POSADA_TRAP_KINDS] = {
	[POSADA_TRAP_CPUID] = { "cpuid", "leaf", ~0U, false, false, false, NULL },
	[POSADA_TRAP_IO] = { "io", "port", 0xffff, false, true, true, NULL },
	[POSADA_TRAP_MSR] = { "msr", "MSR", ~0U, false, true, true, NULL },
	[POSADA_TRAP_CR] = { "cr", "control register", 8, true, true, true, NULL },
	[POSADA_TRAP_DR] = { "dr", "debug register", 7, true, true, true, NULL },
	[POSADA_TRAP_EXCEPTION] = { "exception", "vector", 31, true, false, false, NULL },
	[POSADA_TRAP_VMCALL] = { "vmcall", .result = true, .did = "VMCALL" },
	[POSADA_TRAP_HLT] = { "hlt", .did = "HLT" },
	[POSADA_TRAP_PAUSE] = { "pause", .did = "PAUSE" },
	[POSADA_TRAP_RDTSC] = { "rdtsc", .result = true, .did = "RDTSC" },
	[POSADA_TRAP_RDPMC] = { "rdpmc", .result = true, .did = "RDPMC" },
	[POSADA_TRAP_RDRAND] = { "rdrand", .result = true, .did = "RDRAND" },
	[POSADA_TRAP_RDSEED] = { "rdseed", .result = true, .did = "RDSEED" },
	[POSADA_TRAP_INVLPG] = { "invlpg", .did = "INVLPG or INVPCID" },
	[POSADA_TRAP_WBINVD] = { "wbinvd", .did = "WBINVD or INVD" },
	[POSADA_TRAP_MONITOR] = { "monitor", .did = "MONITOR" },
	[POSADA_TRAP_MWAIT] = { "mwait", .did = "MWAIT" },
	[POSADA_TRAP_TABLES] = { "tables", .did = "an instruction of the descriptor tables" },
	[POSADA_TRAP_XSETBV] = { "xsetbv", .did = "XSETBV" },
};

static const char *const dispositions[POSADA_DISPOSITIONS] = {
	[POSADA_NATIVE] = "native", [POSADA_EMULATE] = "emulate", [POSADA_IGNORE] = "ignore",
	[POSADA_FAULT] = "fault",   [POSADA_USER] = "user",	  [POSADA_TERMINATE] = "terminate",
};

#define ALL_KINDS                                                                              \
	"cpuid, io, msr, cr, dr, exception, vmcall, hlt, pause, rdtsc, rdpmc, rdrand, rdseed," \
	" invlpg, wbinvd, monitor, mwait, tables or xsetbv"
#define ALL_DISPOSITIONS "native, emulate, ignore, fault, user or terminate"

const char *policy_kind_name(uint32_t what)
{
	return what < POSADA_TRAP_KINDS ? kinds[what].name : "?";
}

const char *policy_disposition_name(uint32_t disposition)
{
	return disposition < POSADA_DISPOSITIONS ? dispositions[disposition] : "?";
}

/* A piece of a row. */
struct part {
	const char *at;
	size_t len;
};

/* For printf()'s "%.*s": complaints are short. */
#define SHOW(part) ((part).len < 40 ? (int)(part).len : 40), (part).at

static bool is(struct part part, const char *name)
{
	return strlen(name) == part.len && !memcmp(part.at, name, part.len);
}

static int find_kind(struct part part)
{
	for (int i = 0; i < POSADA_TRAP_KINDS; i++)
		if (is(part, kinds[i].name))
			return i;
	return -1;
}

static int find_disposition(struct part part)
{
	for (int i = 0; i < POSADA_DISPOSITIONS; i++)
		if (is(part, dispositions[i]))
			return i;
	return -1;
}

static uint32_t find_access(struct part part)
{
	if (is(part, "rw"))
		return RW;
	return is(part, "r") ? POSADA_TRAP_READ : is(part, "w") ? POSADA_TRAP_WRITE : 0;
}

static struct part part_of(const char *text)
{
	return (struct part){ text, strlen(text) };
}

int policy_kind_find(const char *name)
{
	return find_kind(part_of(name));
}

int policy_disposition_find(const char *name)
{
	return find_disposition(part_of(name));
}

/* ---- text to row ------------------------------------------------------------------- */

static int wrong(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, POLICY_ERROR, format, args);
	va_end(args);
	return -1;
}

/* Cut off what comes before any character of @ends, which stays. */
static struct part cut(const char **text, const char *ends)
{
	struct part part = { *text, strcspn(*text, ends) };

	*text += part.len;
	return part;
}

static bool take(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

/* All of it a number, decimal or 0x.  strtoull() would take blanks and signs too. */
static bool number(struct part part, uint64_t max, uint64_t *value)
{
	bool hex = part.len > 2 && !memcmp(part.at, "0x", 2);
	char copy[32];

	if (!part.len || part.len >= sizeof(copy))
		return false;
	memcpy(copy, part.at, part.len);
	copy[part.len] = '\0';
	for (const char *digit = hex ? copy + 2 : copy; *digit; digit++)
		if (!(hex ? isxdigit((unsigned char)*digit) : isdigit((unsigned char)*digit)))
			return false;
	errno = 0;
	*value = strtoull(copy, NULL, hex ? 16 : 10);
	return !errno && *value <= max;
}

static bool is_register(uint64_t cr)
{
	return cr == 0 || cr == 3 || cr == 4 || cr == 8;
}

static int parse_range(const struct kind *kind, struct part range, struct posada_trap *trap,
		       char *error)
{
	const char *dash = memchr(range.at, '-', range.len);
	struct part first = range, last;
	uint64_t from, to;

	if (!kind->number)
		return wrong(error, "'%s' has no range: leave out '=%.*s'", kind->name,
			     SHOW(range));
	last = first;
	if (dash) {
		first.len = dash - range.at;
		last = (struct part){ dash + 1, range.len - first.len - 1 };
	}
	if (!number(first, kind->max, &from) || !number(last, kind->max, &to))
		return wrong(error,
			     kind->decimal ? "'%.*s' is no %s: say 0 to %u, or two such as 0-%u" :
					     "'%.*s' is no %s: say 0 to %#x, or two such as 0-%#x",
			     SHOW(range), kind->number, kind->max, kind->max);
	if (from > to)
		return wrong(error, "the range '%.*s' is upside down: say '%.*s-%.*s'", SHOW(range),
			     SHOW(last), SHOW(first));
	if (trap->what == POSADA_TRAP_CR && !(is_register(from) && is_register(to)))
		return wrong(error, "'%.*s' is no control register: say 0, 3, 4 or 8, or 0-8",
			     SHOW(range));
	if (trap->what == POSADA_TRAP_EXCEPTION && from == 2 && to == 2)
		return wrong(error, "vector 2 is the NMI, no exception: NMIs are not for rows");
	trap->first = from;
	trap->last = to;
	return 0;
}

static int parse_value(const struct kind *kind, struct part value, struct posada_trap *trap,
		       char *error)
{
	uint64_t n;

	switch (trap->disposition) {
	case POSADA_IGNORE:
		if (!kind->result)
			return wrong(error, "'%s' gives the guest no value: say 'ignore' alone",
				     kind->name);
		if (trap->access == POSADA_TRAP_WRITE)
			return wrong(error, "a write gives the guest no value: say 'ignore' alone");
		if (!number(value, ~0ULL, &n))
			return wrong(error, "'%.*s' is no value: say a number such as 0xff",
				     SHOW(value));
		trap->value = n;
		return 0;
	case POSADA_FAULT:
		if (is(value, "#ud"))
			trap->value = VECTOR_UD;
		else if (is(value, "#gp"))
			trap->value = VECTOR_GP;
		else
			return wrong(error, "'%.*s' is no fault: say fault=#ud or fault=#gp",
				     SHOW(value));
		return 0;
	default:
		return wrong(error, "'%s' takes no value: leave out '=%.*s'",
			     dispositions[trap->disposition], SHOW(value));
	}
}

/* ":DISPOSITION[=VALUE]", to the end */
static int parse_disposition(const struct kind *kind, const char *text, struct posada_trap *trap,
			     char *error)
{
	struct part name;
	int disposition;

	if (!take(&text, ':'))
		return wrong(error, "it ends before it says what happens: add ':' and one of %s",
			     ALL_DISPOSITIONS);
	name = cut(&text, ":=");
	disposition = find_disposition(name);
	if (disposition < 0)
		return wrong(error, "'%.*s' is no disposition: say %s", SHOW(name),
			     ALL_DISPOSITIONS);
	trap->disposition = disposition;
	if (take(&text, '='))
		return parse_value(kind, part_of(text), trap, error);
	if (*text)
		return wrong(error,
			     "'%.*s' is too much: nothing comes behind the disposition but =VALUE",
			     SHOW(part_of(text)));
	if (disposition == POSADA_FAULT)
		return wrong(error, "which fault? Say fault=#ud or fault=#gp");
	return 0;
}

/* ":ACCESS", if what comes behind the ':' is one */
static int parse_access(const struct kind *kind, const char **text, struct posada_trap *trap,
			char *error)
{
	const char *behind = *text;
	struct part name;
	uint32_t access;

	trap->access = kind->access ? RW : 0;
	if (!take(&behind, ':'))
		return 0;
	name = cut(&behind, ":=");
	access = find_access(name);
	if (!access) {
		if (find_disposition(name) >= 0)
			return 0;
		return wrong(error, "'%.*s' is no access (%s) and no disposition (%s)", SHOW(name),
			     kind->access ? "r, w or rw" : "here is none", ALL_DISPOSITIONS);
	}
	if (!kind->access)
		return wrong(error, "'%s' has no direction: leave out ':%.*s'", kind->name,
			     SHOW(name));
	trap->access = access;
	*text = behind;
	return 0;
}

int policy_parse_row(const char *text, struct posada_trap *trap, char *error)
{
	const struct kind *kind;
	struct part name;
	int what;

	memset(trap, 0, sizeof(*trap));
	if (text[strcspn(text, " \t")])
		return wrong(error, "a row has no blanks in it: write it in one piece");
	name = cut(&text, ":=");
	what = find_kind(name);
	if (what < 0)
		return wrong(error, "'%.*s' is no kind: say %s", SHOW(name), ALL_KINDS);
	trap->what = what;
	kind = &kinds[what];
	trap->last = kind->number ? kind->max : 0;
	if (parse_access(kind, &text, trap, error))
		return -1;
	if (take(&text, '=') && parse_range(kind, cut(&text, ":"), trap, error))
		return -1;
	return parse_disposition(kind, text, trap, error);
}

/* ---- row to text --------------------------------------------------------------------- */

struct output {
	char *text;
	size_t used;
	size_t size;
};

static void put(struct output *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct output *out, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out->text + out->used, out->size - out->used, format, args);
	va_end(args);
	if (len > 0)
		out->used += len;
	if (out->used >= out->size)
		out->used = out->size - 1;
}

static void put_number(struct output *out, const struct kind *kind, uint32_t value)
{
	if (kind->decimal)
		put(out, "%u", value);
	else
		put(out, "%#x", value);
}

static void put_range(struct output *out, const struct kind *kind, const struct posada_trap *trap)
{
	if (!kind->number || (!trap->first && trap->last == kind->max))
		return;
	put(out, "=");
	put_number(out, kind, trap->first);
	if (trap->first == trap->last)
		return;
	put(out, "-");
	put_number(out, kind, trap->last);
}

const char *policy_print_row(const struct posada_trap *trap, char *text)
{
	struct output out = { text, 0, POLICY_TEXT };

	put(&out, "%s", policy_kind_name(trap->what));
	if (trap->what < POSADA_TRAP_KINDS) {
		if (trap->access == POSADA_TRAP_READ || trap->access == POSADA_TRAP_WRITE)
			put(&out, trap->access == POSADA_TRAP_READ ? ":r" : ":w");
		put_range(&out, &kinds[trap->what], trap);
	}
	put(&out, ":%s", policy_disposition_name(trap->disposition));
	if (trap->disposition == POSADA_FAULT)
		put(&out, trap->value == VECTOR_UD ? "=#ud" : "=#gp");
	else if (trap->value)
		put(&out, "=%#llx", (unsigned long long)trap->value);
	return text;
}

/* ---- many rows ------------------------------------------------------------------------- */

static int wrong_at(char *error, const char *source, unsigned int line, const char *why)
{
	if (line)
		return wrong(error, "%s:%u: %s", source, line, why);
	return wrong(error, "%s: %s", source, why);
}

int policy_add(struct policy *policy, const char *text, const char *source, unsigned int line,
	       char *error)
{
	char why[POLICY_ERROR] = "a policy has 256 rows at most: one can be for a whole range";

	_Static_assert(POSADA_POLICY_MAX_TRAPS == 256, "as the words say");
	if (policy->nr == POSADA_POLICY_MAX_TRAPS)
		return wrong_at(error, source, line, why);
	if (policy_parse_row(text, &policy->trap[policy->nr], why))
		return wrong_at(error, source, line, why);
	policy->source[policy->nr] = source;
	policy->line[policy->nr++] = line;
	return 0;
}

/* One line less its comment and the blanks around it. */
static struct part trim(struct part line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] == '#' && (!i || isspace((unsigned char)line.at[i - 1])))
			line.len = i;
	while (line.len && isspace((unsigned char)*line.at))
		line.at++, line.len--;
	while (line.len && isspace((unsigned char)line.at[line.len - 1]))
		line.len--;
	return line;
}

static int parse_line(struct policy *policy, struct part line, const char *source, unsigned int nr,
		      char *error)
{
	char text[2 * POLICY_TEXT];

	if (!line.len)
		return 0;
	if (line.len >= sizeof(text))
		return wrong_at(error, source, nr, "no row is that long: is it a file of rows?");
	memcpy(text, line.at, line.len);
	text[line.len] = '\0';
	return policy_add(policy, text, source, nr, error);
}

int policy_parse(struct policy *policy, const char *text, const char *source, char *error)
{
	for (unsigned int nr = 1; *text; nr++) {
		struct part line = cut(&text, "\n");

		if (parse_line(policy, trim(line), source, nr, error))
			return -1;
		take(&text, '\n');
	}
	return 0;
}

const char *policy_origin(const struct policy *policy, uint32_t row, char *text, size_t size)
{
	struct output out = { text, 0, size };

	put(&out, "%s", policy->source[row]);
	if (policy->line[row])
		put(&out, ":%u", policy->line[row]);
	return text;
}

/* ---- what a guest did --------------------------------------------------------------------- */

static const char *exception_name(uint32_t vector)
{
	static const char *const names[] = {
		"#DE", "#DB", NULL,  "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", NULL,  "#TS",
		"#NP", "#SS", "#GP", "#PF", NULL,  "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
	};

	return vector < sizeof(names) / sizeof(names[0]) && names[vector] ? names[vector] : "reserved";
}

const char *policy_describe(uint32_t what, uint32_t access, uint32_t number, uint64_t value,
			    char *text)
{
	struct output out = { text, 0, POLICY_TEXT };
	bool writes = access & POSADA_TRAP_WRITE;

	put(&out, "the guest ");
	if (writes)
		put(&out, "wrote 0x%llx to ", (unsigned long long)value);
	else if (access)
		put(&out, "read ");
	switch (what) {
	case POSADA_TRAP_CPUID:
		put(&out, "executed CPUID with leaf %#x", number);
		break;
	case POSADA_TRAP_IO:
		put(&out, "port %#x", number);
		break;
	case POSADA_TRAP_MSR:
		put(&out, "MSR %#x", number);
		break;
	case POSADA_TRAP_CR:
		put(&out, "CR%u", number);
		break;
	case POSADA_TRAP_DR:
		put(&out, "DR%u", number);
		break;
	case POSADA_TRAP_EXCEPTION:
		put(&out, "raised exception %u (%s)", number, exception_name(number));
		break;
	default:
		put(&out, "executed %s",
		    what < POSADA_TRAP_KINDS ? kinds[what].did : "what is unknown here");
	}
	return text;
}
