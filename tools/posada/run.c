// SPDX-License-Identifier: GPL-2.0
/* posada run: a guest, from its command line to its exit status. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "cli.h"
#include "commands.h"
#include "control.h"
#include "events.h"
#include "loop.h"
#include "ram.h"
#include "report.h"
#include "vm.h"

#define DEFAULT_MEMORY	(128ULL << 20)
#define MAX_RAMS	16
#define ESCAPE		1	/* ^A */

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
	} ram[MAX_RAMS];
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
	       "  --driver NAME        what runs it: posada\n"
	       "\n"
	       "How it ends\n"
	       "  --timeout SECONDS    end it after that time\n"
	       "  --wait-if-halted     a guest that halts with interrupts off does not end\n"
	       "  --stats              print exits by reason on standard error\n"
	       "  --json               print how it ended, and --stats, as JSON there\n"
	       "  --verbose            tell of ports and MSRs it looks for\n"
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
	       "  124  --timeout\n"
	       "  130  ended by its user: escape key, signal, posada quit\n"
	       "  odd  it wrote CODE to port 0xf4: (CODE << 1) | 1\n"
	       "\n"
	       "Examples:\n"
	       "  posada run --kernel vmlinuz --initrd initrd.img\n"
	       "  posada run --kernel vmlinuz --memory 1G --append 'root=/dev/ram0 debug'\n"
	       "  posada run --kernel boot.bin --flat real --console none --timeout 5\n"
	       "  posada run --kernel kernel.elf --module 'disk.img:ro' --stats\n");
	return STATUS_OK;
}

/* ---- options ------------------------------------------------------------------------ */

static int wrong(const char *option, const char *value, const char *wants)
{
	note("--%s %s: it wants %s.", option, value, wants);
	return usage_error("run");
}

static int parse_ram(struct options *o, const char *text)
{
	const char *colon = strchr(text, ':');
	char address[32];

	if (o->nr_rams == MAX_RAMS)
		return wrong("ram", text, "to be given 16 times at most");
	if (!colon || (size_t)(colon - text) >= sizeof(address))
		return wrong("ram", text, "ADDRESS:SIZE, such as 0x200000000:1G");
	memcpy(address, text, colon - text);
	address[colon - text] = '\0';
	if (!parse_size(address, &o->ram[o->nr_rams].gpa) || !parse_size(colon + 1, &o->ram[o->nr_rams].size))
		return wrong("ram", text, "ADDRESS:SIZE, such as 0x200000000:1G");
	o->nr_rams++;
	return 0;
}

static int parse_flat(struct options *o, const char *text)
{
	static const struct {
		const char *name;
		enum boot_flat flat;
	} modes[] = { { "real", FLAT_REAL }, { "protected", FLAT_PROTECTED }, { "long", FLAT_LONG } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(text, modes[i].name)) {
			o->boot.flat = modes[i].flat;
			return 0;
		}
	}
	return wrong("flat", text, "real, protected or long");
}

static int parse_escape(struct options *o, const char *text)
{
	char key = *text == '^' ? text[1] & ~32 : 0;

	if (key < 'A' || key > 'Z' || text[2])
		return wrong("escape", text, "^ and a letter, such as ^A");
	o->escape = key - '@';
	return 0;
}

static int parse_module(struct options *o, const char *text)
{
	if (o->boot.nr_modules == BOOT_MODULES)
		return wrong("module", text, "to be given 32 times at most");
	o->boot.module[o->boot.nr_modules++] = text;
	return 0;
}

static int parse_one(struct options *o, const char *name, const char *value)
{
	if (!strcmp(name, "kernel"))
		o->boot.kernel = value;
	else if (!strcmp(name, "initrd"))
		o->boot.initrd = value;
	else if (!strcmp(name, "append"))
		o->boot.append = value;
	else if (!strcmp(name, "cmdline"))
		o->boot.command_line = value;
	else if (!strcmp(name, "console"))
		o->console = value;
	else if (!strcmp(name, "stats"))
		o->stats = true;
	else if (!strcmp(name, "json"))
		o->json = true;
	else if (!strcmp(name, "verbose"))
		o->verbose = true;
	else if (!strcmp(name, "wait-if-halted"))
		o->wait_if_halted = true;
	else if (!strcmp(name, "module"))
		return parse_module(o, value);
	else if (!strcmp(name, "ram"))
		return parse_ram(o, value);
	else if (!strcmp(name, "flat"))
		return parse_flat(o, value);
	else if (!strcmp(name, "escape"))
		return parse_escape(o, value);
	else if (!strcmp(name, "memory"))
		return parse_size(value, &o->memory) && o->memory ? 0 : wrong(name, value, "a size, such as 512M");
	else if (!strcmp(name, "load"))
		return (o->boot.has_load = parse_size(value, &o->boot.load)) ?
			       0 :
			       wrong(name, value, "an address, such as 0x100000");
	else if (!strcmp(name, "timeout"))
		return parse_number(value, 1000000000, &o->timeout) && o->timeout ?
			       0 :
			       wrong(name, value, "a number of seconds");
	else if (!strcmp(name, "name"))
		return control_name_valid(o->name = value) ?
			       0 :
			       wrong(name, value, "up to 64 letters, digits, '.', '_', '-'");
	else if (!strcmp(name, "driver"))
		return (o->driver = driver_find(value)) ? 0 : wrong(name, value, "posada");
	return 0;
}

/* Options that mean nothing together, or nothing alone. */
static int check(const struct options *o)
{
	if (!o->boot.kernel)
		note("there is nothing to run. Say --kernel FILE.");
	else if (o->boot.has_load && !o->boot.flat)
		note("--load is for flat binaries. Say --flat MODE too, or leave it out.");
	else if (o->boot.flat && (o->boot.initrd || o->boot.command_line || o->boot.append || o->boot.nr_modules))
		note("a flat binary takes no --initrd, --append, --cmdline or --module.");
	else
		return 0;
	return usage_error("run");
}

/* Return: -1 to go on, else the exit status. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "kernel", required_argument, NULL, 0 },
		{ "initrd", required_argument, NULL, 0 },
		{ "append", required_argument, NULL, 0 },
		{ "cmdline", required_argument, NULL, 0 },
		{ "module", required_argument, NULL, 0 },
		{ "flat", required_argument, NULL, 0 },
		{ "load", required_argument, NULL, 0 },
		{ "memory", required_argument, NULL, 0 },
		{ "ram", required_argument, NULL, 0 },
		{ "console", required_argument, NULL, 0 },
		{ "escape", required_argument, NULL, 0 },
		{ "name", required_argument, NULL, 0 },
		{ "driver", required_argument, NULL, 0 },
		{ "timeout", required_argument, NULL, 0 },
		{ "wait-if-halted", no_argument, NULL, 0 },
		{ "stats", no_argument, NULL, 0 },
		{ "json", no_argument, NULL, 0 },
		{ "verbose", no_argument, NULL, 0 },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c, index, err;

	while ((c = getopt_long(argc, argv, "h", table, &index)) != -1) {
		if (c == 'h')
			return help();
		if (c == '?')
			return usage_error("run");
		err = parse_one(o, table[index].name, optarg);
		if (err)
			return err;
	}
	if (optind < argc) {
		note("'%s' is no option.", argv[optind]);
		return usage_error("run");
	}
	err = check(o);
	return err ? err : -1;
}

/* ---- the guest ------------------------------------------------------------------------- */

static int make_ram(const struct options *o, struct vm *vm)
{
	if (ram_add_main(&vm->ram, o->memory))
		return -1;
	for (unsigned int i = 0; i < o->nr_rams; i++)
		if (ram_add(&vm->ram, o->ram[i].gpa, o->ram[i].size))
			return -1;
	return 0;
}

static void *vcpu_thread(void *vm)
{
	loop_run(vm);
	return NULL;
}

static int run_threads(struct vm *vm, struct events *events)
{
	pthread_t vcpu;
	int err = pthread_create(&vcpu, NULL, vcpu_thread, vm);

	if (err)
		return fail("cannot start a thread: %s.", strerror(err));
	events_loop(events);
	pthread_join(vcpu, NULL);
	events_drain(events);
	return 0;
}

/* With the terminal as it was. */
static void tell_end(const struct options *o, struct vm *vm)
{
	json_t *report = o->stats ? report_stats(vm) : report_info(vm);

	if (o->json) {
		json_object_set_new(report, "end", json_string(vm_end_name(vm->end)));
		json_object_set_new(report, "why", json_string(vm->why));
		json_object_set_new(report, "status", json_integer(vm_exit_status(vm)));
		report_dump(stderr, report);
	} else {
		if (vm->end >= END_TRIPLE_FAULT || o->verbose)
			note("guest '%s' ended: %s%s%s.", vm->name, vm_end_name(vm->end), *vm->why ? ": " : "",
			     vm->why);
		if (o->stats)
			report_print(stderr, report);
	}
	json_decref(report);
}

static int run_started(const struct options *o, struct vm *vm)
{
	static struct control control;
	struct events events;
	bool controlled;
	int ret = -1;

	if (events_open(&events, vm, o->timeout))
		return STATUS_CANNOT;
	/* A guest that nobody named can do without. */
	controlled = !control_open(&control, &events, vm->name);
	if (controlled || !o->name)
		ret = run_threads(vm, &events);
	if (controlled)
		control_close(&control);
	events_close(&events);
	console_close(&vm->console);
	if (ret)
		return STATUS_CANNOT;
	tell_end(o, vm);
	return vm_exit_status(vm);
}

static int run(struct options *o)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct posada_state state = { 0 };
	char pid[16];
	int ret = STATUS_CANNOT;

	if (!vm) {
		note("out of memory.");
		return STATUS_CANNOT;
	}
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	vm->name = o->name ? o->name : pid;
	vm->verbose = o->verbose;
	vm->wait_if_halted = o->wait_if_halted;
	o->boot.ram = &vm->ram;
	o->boot.state = &state;
	if (make_ram(o, vm) || boot_load(&o->boot) || vm_init(vm))
		goto out_free;
	if (vm_start(vm, o->driver, &state))
		goto out_destroy;
	if (o->verbose)
		note("guest '%s' is %s, entered at %#llx", vm->name, o->boot.kind,
		     (unsigned long long)state.regs.rip);
	/* From here on the terminal is the guest's. */
	if (!console_open(&vm->console, o->console, o->escape))
		ret = run_started(o, vm);
	vm_stop(vm);
out_destroy:
	vm_destroy(vm);
out_free:
	free(vm);
	return ret;
}

int command_run(int argc, char **argv)
{
	struct options o = {
		.memory = DEFAULT_MEMORY,
		.console = "stdio",
		.escape = ESCAPE,
		.driver = driver_find("posada"),
	};
	int status = parse(&o, argc, argv);

	return status >= 0 ? status : run(&o);
}
