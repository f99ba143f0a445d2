// SPDX-License-Identifier: GPL-2.0
/* posada run: its command line. */
#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "control.h"
#include "driver.h"
#include "policies.h"
#include "gdb.h"

#define DEFAULT_MEMORY (128ULL << 20)
#define ESCAPE	       1 /* ^A */

static int help(void)
{
	printf("Usage: posada run --kernel FILE [OPTION...]\n"
	       "\n"
	       "Runs a guest: a Linux bzImage (or vmlinux), a multiboot 1 or ELF kernel, or a\n"
	       "flat binary. Its serial port is this terminal.\n"
	       "\n"
	       "What to run\n"
	       "  --kernel FILE        the kernel\n"
	       "  --initrd FILE        Linux: initial RAM disk\n"
	       "  --append TEXT        add to the command line\n"
	       "  --cmdline TEXT       the command line, in place of the usual one: Linux gets\n"
	       "                       one that boots quickly on what hardware there is here\n"
	       "  --module FILE[:ARGS] multiboot: a module; may be repeated\n"
	       "  --flat MODE          the kernel is a flat binary, entered at its first byte\n"
	       "                       in real, protected or long mode\n"
	       "  --load ADDRESS       flat: where it goes (real mode 0x7c00, else 0x100000)\n"
	       "\n"
	       "What it gets\n"
	       "  --memory SIZE        RAM, with K, M or G (default 128M)\n"
	       "  --ram ADDRESS:SIZE   more RAM, anywhere; may be repeated\n"
	       "  --console WHERE      stdio (default), none, or a file for its output\n"
	       "  --escape KEY         the escape key, ^A to ^Z (default ^A)\n"
	       "  --name NAME          for posada inject, stat, pause... (default: process id)\n"
	       "  --driver NAME        what runs it: posada (default) or kvm\n"
	       "\n"
	       "What traps it (see 'posada policy --help')\n"
	       "  --trap ROW           one row of the trap policy, such as io:w=0x80:ignore; may\n"
	       "                       be repeated; the first row that matches decides\n"
	       "  --policy FILE        more rows, behind those: of a file, or one of the presets\n"
	       "                       pc (default), strict and kvm; may be repeated\n"
	       "\n"
	       "How it ends\n"
	       "  --timeout SECONDS    end it after that time\n"
	       "  --wait-if-halted     a guest that halts with interrupts off does not end\n"
	       "  --stats              print exits by reason on standard error\n"
	       "  --json               print how it ended, and --stats, as JSON there\n"
	       "  --dump FILE          if the CPU refuses to enter it, save why: 'posada explain'\n"
	       "  --verbose            tell of ports and MSRs it looks for\n"
	       "\n"
	       "Looking in\n"
	       "  --gdb :PORT          let gdb attach, from this computer; or unix:PATH\n"
	       "  --gdb-wait           do not begin before gdb says so\n"
	       "  --log-exits          keep the last 64 VM exits for posada exits; every exit\n"
	       "                       costs more then\n"
	       "\n"
	       "On a terminal: ^A x leaves, ^A b sends a break, ^A ^A sends ^A, ^A ? helps.\n"
	       "\n"
	       "Exit status\n"
	       "    0  powered off, reset, or halted for good\n"
	       "    2  wrong usage\n"
	       "    4  could not be started, or the host failed\n"
	       "    6  triple fault\n"
	       "    8  the CPU refused to enter it\n"
	       "   10  it did what nothing here can emulate\n"
	       "   12  a row of its trap policy terminates it\n"
	       "  124  --timeout\n"
	       "  130  ended by its user: escape key, signal, posada quit\n"
	       "  odd  it wrote CODE to port 0xf4: (CODE << 1) | 1\n"
	       "\n"
	       "Examples:\n"
	       "  posada run --kernel vmlinuz --initrd initrd.img\n"
	       "  posada run --kernel vmlinuz --memory 1G --append 'root=/dev/ram0 debug'\n"
	       "  posada run --kernel boot.bin --flat real --console none --timeout 5\n"
	       "  posada run --kernel kernel.elf --module 'disk.img:ro' --stats\n"
	       "  posada run --kernel vmlinuz --trap msr=0x1b:ignore=0xfee00900 --policy strict\n");
	return STATUS_OK;
}

/* ---- one option each ---------------------------------------------------------------- */

static int wrong(const char *option, const char *value, const char *wants)
{
	note("--%s %s: it wants %s.", option, value, wants);
	return usage_error("run");
}

static int take_ram(struct options *o, const char *text)
{
	const char *colon = strchr(text, ':');
	char address[32];

	if (o->nr_rams == OPTIONS_RAMS)
		return wrong("ram", text, "to be given 16 times at most");
	if (!colon || (size_t)(colon - text) >= sizeof(address))
		return wrong("ram", text, "ADDRESS:SIZE, such as 0x200000000:1G");
	memcpy(address, text, colon - text);
	address[colon - text] = '\0';
	if (!parse_size(address, &o->ram[o->nr_rams].gpa) ||
	    !parse_size(colon + 1, &o->ram[o->nr_rams].size))
		return wrong("ram", text, "ADDRESS:SIZE, such as 0x200000000:1G");
	o->nr_rams++;
	return 0;
}

static int take_flat(struct options *o, const char *text)
{
	static const struct {
		const char *name;
		enum boot_flat flat;
	} modes[] = { { "real", FLAT_REAL },
		      { "protected", FLAT_PROTECTED },
		      { "long", FLAT_LONG } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(text, modes[i].name)) {
			o->boot.flat = modes[i].flat;
			return 0;
		}
	}
	return wrong("flat", text, "real, protected or long");
}

static int take_escape(struct options *o, const char *text)
{
	char key = *text == '^' ? text[1] & ~32 : 0;

	if (key < 'A' || key > 'Z' || text[2])
		return wrong("escape", text, "^ and a letter, such as ^A");
	o->escape = key - '@';
	return 0;
}

static int take_module(struct options *o, const char *text)
{
	if (o->boot.nr_modules == BOOT_MODULES)
		return wrong("module", text, "to be given 32 times at most");
	o->boot.module[o->boot.nr_modules++] = text;
	return 0;
}

static int take_memory(struct options *o, const char *text)
{
	if (parse_size(text, &o->memory) && o->memory)
		return 0;
	return wrong("memory", text, "a size, such as 512M");
}

static int take_load(struct options *o, const char *text)
{
	o->boot.has_load = parse_size(text, &o->boot.load);
	return o->boot.has_load ? 0 : wrong("load", text, "an address, such as 0x100000");
}

static int take_timeout(struct options *o, const char *text)
{
	if (parse_number(text, 1000000000, &o->timeout) && o->timeout)
		return 0;
	return wrong("timeout", text, "a number of seconds");
}

static int take_name(struct options *o, const char *text)
{
	o->name = text;
	if (control_name_valid(text))
		return 0;
	return wrong("name", text, "up to 64 letters, digits, '.', '_', '-'");
}

static int take_gdb(struct options *o, const char *text)
{
	o->gdb = text;
	return gdb_where_valid(text) ? 0 : wrong("gdb", text, ":PORT or unix:PATH");
}

static int take_driver(struct options *o, const char *text)
{
	o->driver = driver_find(text);
	return o->driver ? 0 : wrong("driver", text, "posada or kvm");
}

static int take_trap(struct options *o, const char *text)
{
	if (o->nr_traps == POSADA_POLICY_MAX_TRAPS)
		return wrong("trap", text, "to be given 256 times at most: try --policy FILE");
	o->trap[o->nr_traps++] = text;
	return 0;
}

static int take_policy(struct options *o, const char *text)
{
	if (o->nr_policies == OPTIONS_POLICIES)
		return wrong("policy", text, "to be given 8 times at most");
	o->policies[o->nr_policies++] = text;
	return 0;
}

/* ---- all of them ---------------------------------------------------------------------- */

/* A text or a flag goes where @offset says, or @take knows what to do. */
static const struct row {
	const char *name;
	int argument;
	size_t offset;
	int (*take)(struct options *o, const char *text);
} rows[] = {
	{ "kernel", required_argument, offsetof(struct options, boot.kernel), NULL },
	{ "initrd", required_argument, offsetof(struct options, boot.initrd), NULL },
	{ "append", required_argument, offsetof(struct options, boot.append), NULL },
	{ "cmdline", required_argument, offsetof(struct options, boot.command_line), NULL },
	{ "console", required_argument, offsetof(struct options, console), NULL },
	{ "dump", required_argument, offsetof(struct options, dump), NULL },
	{ "stats", no_argument, offsetof(struct options, stats), NULL },
	{ "json", no_argument, offsetof(struct options, json), NULL },
	{ "verbose", no_argument, offsetof(struct options, verbose), NULL },
	{ "wait-if-halted", no_argument, offsetof(struct options, wait_if_halted), NULL },
	{ "gdb-wait", no_argument, offsetof(struct options, gdb_wait), NULL },
	{ "log-exits", no_argument, offsetof(struct options, log_exits), NULL },
	{ "gdb", required_argument, 0, take_gdb },
	{ "module", required_argument, 0, take_module },
	{ "flat", required_argument, 0, take_flat },
	{ "load", required_argument, 0, take_load },
	{ "memory", required_argument, 0, take_memory },
	{ "ram", required_argument, 0, take_ram },
	{ "escape", required_argument, 0, take_escape },
	{ "name", required_argument, 0, take_name },
	{ "driver", required_argument, 0, take_driver },
	{ "timeout", required_argument, 0, take_timeout },
	{ "trap", required_argument, 0, take_trap },
	{ "policy", required_argument, 0, take_policy },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static int take(struct options *o, const struct row *row, const char *text)
{
	if (row->take)
		return row->take(o, text);
	if (row->argument)
		*(const char **)((char *)o + row->offset) = text;
	else
		*(bool *)((char *)o + row->offset) = true;
	return 0;
}

/* Options that mean nothing together, or nothing alone. */
static int check(const struct options *o)
{
	if (!o->boot.kernel)
		note("there is nothing to run. Say --kernel FILE.");
	else if (o->boot.has_load && !o->boot.flat)
		note("--load is for flat binaries. Say --flat MODE too, or leave it out.");
	else if (o->boot.flat &&
		 (o->boot.initrd || o->boot.command_line || o->boot.append || o->boot.nr_modules))
		note("a flat binary takes no --initrd, --append, --cmdline or --module.");
	else if (o->gdb_wait && !o->gdb)
		note("--gdb-wait waits for whom? Say --gdb :PORT too.");
	else
		return 0;
	return usage_error("run");
}

static int load_policies(struct options *o, bool presets)
{
	for (unsigned int i = 0; i < o->nr_policies; i++)
		if (!!preset_find(o->policies[i]) == presets &&
		    policies_load(&o->policy, o->policies[i]))
			return STATUS_CANNOT;
	return 0;
}

/* What is said for one case goes before what is said for many: presets match all. */
static int gather_policy(struct options *o)
{
	char error[POLICY_ERROR];
	int err;

	for (unsigned int i = 0; i < o->nr_traps; i++) {
		if (!policy_add(&o->policy, o->trap[i], "--trap", 0, error))
			continue;
		note("%s.", error);
		return usage_error("policy");
	}
	err = load_policies(o, false);
	return err ? err : load_policies(o, true);
}

int options_parse(struct options *o, int argc, char **argv)
{
	struct option table[NR_ROWS + 2] = { { "help", no_argument, NULL, 'h' } };
	int c, index, err;

	for (size_t i = 0; i < NR_ROWS; i++)
		table[i + 1] = (struct option){ rows[i].name, rows[i].argument, NULL, 0 };
	*o = (struct options){
		.memory = DEFAULT_MEMORY,
		.console = "stdio",
		.escape = ESCAPE,
		.driver = driver_find("posada"),
	};
	while ((c = getopt_long(argc, argv, "h", table, &index)) != -1) {
		if (c == 'h')
			return help();
		if (c == '?')
			return usage_error("run");
		err = take(o, &rows[index - 1], optarg);
		if (err)
			return err;
	}
	if (optind < argc) {
		note("'%s' is no option.", argv[optind]);
		return usage_error("run");
	}
	err = check(o);
	if (!err)
		err = gather_policy(o);
	return err ? err : -1;
}
