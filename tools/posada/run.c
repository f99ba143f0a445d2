// SPDX-License-Identifier: GPL-2.0
/* posada run: a guest, from its command line to its exit status. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "events.h"
#include "explain_json.h"
#include "gdb.h"
#include "loop.h"
#include "options.h"
#include "policies.h"
#include "ram.h"
#include "report.h"
#include "report_vcpu.h"
#include "vm.h"

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

/* What led there, for ends that nobody wanted.  The vCPU thread is gone. */
static void tell_why(const struct options *o, struct vm *vm, json_t *report)
{
	json_t *regs, *exits;

	if (vm->end != END_TRIPLE_FAULT && vm->end != END_FAILED_ENTRY && vm->end != END_STUCK)
		return;
	regs = report_regs(vm);
	exits = report_exits(vm);
	if (o->json) {
		json_object_set(report, "regs", regs);
		json_object_set(report, "last_exits", exits);
	} else {
		report_regs_print(stderr, regs);
		report_exits_print(stderr, exits);
	}
	json_decref(regs);
	json_decref(exits);
}

/* The VMCS of a failed entry, for posada explain. */
static void dump(const char *name, const struct explanation *e)
{
	FILE *file = fopen(name, "w");
	int err = file ? explain_save(file, e) : -errno;

	if (file && fclose(file) && !err)
		err = -errno;
	if (err)
		note("cannot write %s: %s.", name, strerror(-err));
}

/* With the terminal as it was. */
static void tell_end(const struct options *o, struct vm *vm)
{
	json_t *report = o->stats ? report_stats(vm) : report_info(vm);
	bool explained = vm->explained.nr_fields;

	if (explained && o->dump)
		dump(o->dump, &vm->explained);
	if (o->json) {
		json_object_set_new(report, "end", json_string(vm_end_name(vm->end)));
		json_object_set_new(report, "why", json_string(vm->why));
		json_object_set_new(report, "status", json_integer(vm_exit_status(vm)));
		if (explained)
			json_object_set_new(report, "explain", explain_json(&vm->explained));
		tell_why(o, vm, report);
		report_dump(stderr, report);
	} else {
		if (vm->end >= END_TRIPLE_FAULT || o->verbose)
			note("guest '%s' ended: %s%s%s.", vm->name, vm_end_name(vm->end),
			     *vm->why ? ": " : "", vm->why);
		if (explained)
			explain_print(stderr, &vm->explained);
		tell_why(o, vm, report);
		if (o->stats)
			report_print(stderr, report);
	}
	json_decref(report);
}

/* All that needs the driver, and the debugger if there is to be one. */
static int run_debugged(const struct options *o, struct vm *vm, struct events *events)
{
	static struct gdb gdb;
	int ret;

	if (!o->gdb)
		return run_threads(vm, events);
	if (gdb_open(&gdb, events, o->gdb))
		return -1;
	if (o->gdb_wait)
		gdb_wait(&gdb);
	if (o->gdb_wait || o->verbose)
		note("gdb: target remote %s", !strncmp(o->gdb, "unix:", 5) ? o->gdb + 5 : o->gdb);
	ret = run_threads(vm, events);
	gdb_close(&gdb);
	return ret;
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
		ret = run_debugged(o, vm, &events);
	if (controlled)
		control_close(&control);
	events_close(&events);
	console_close(&vm->console);
	if (ret)
		return STATUS_CANNOT;
	tell_end(o, vm);
	return vm_exit_status(vm);
}

static int log_exits(struct vm *vm)
{
	struct posada_guest_debug debug = { .flags = POSADA_DEBUG_LOG };
	struct driver_vcpu *vcpu = &vm->vcpu;
	int err = vcpu->driver->debug ? vcpu->driver->debug(vcpu, &debug) : -EOPNOTSUPP;

	if (err)
		return fail("--log-exits: the driver refuses: %s.", strerror(-err));
	vm->log_exits = true;
	return 0;
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
	if (policies_apply(vm, &o->policy) || (o->log_exits && log_exits(vm)))
		goto out_stop;
	if (o->verbose)
		note("guest '%s' is %s, entered at %#llx", vm->name, o->boot.kind,
		     (unsigned long long)state.regs.rip);
	/* From here on the terminal is the guest's. */
	if (!console_open(&vm->console, o->console, o->escape))
		ret = run_started(o, vm);
out_stop:
	vm_stop(vm);
out_destroy:
	vm_destroy(vm);
	explain_free(&vm->explained);
out_free:
	free(vm);
	return ret;
}

int command_run(int argc, char **argv)
{
	struct options o;
	int status = options_parse(&o, argc, argv);

	return status >= 0 ? status : run(&o);
}
