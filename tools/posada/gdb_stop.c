// SPDX-License-Identifier: GPL-2.0
/* posada run --gdb: the guest stops, and goes on. */
#include "gdb.h"
#include "gdb_step.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vm.h"

#define VECTOR_BP 3
#define EFER_LMA  (1ULL << 10)
#define MSR_LSTAR 0xc0000082

/* ---- vCPU thread ------------------------------------------------------------------------ */

/* The caller then comes to vm_serve(), which waits while REQUEST_DEBUG is set. */
static void stop_here(struct gdb *gdb, struct gdb_stop stop)
{
	uint64_t one = 1;

	gdb->stop = stop;
	vm_request(gdb->vm, REQUEST_DEBUG);
	if (write(gdb->wake.fd, &one, sizeof(one)) < 0)
		return; /* full: it is awake already */
}

/* Is the INT3 at @rip one of ours, or the guest's own? */
static bool int3_is_ours(struct gdb *gdb, uint64_t rip)
{
	struct driver_vcpu *vcpu = &gdb->vm->vcpu;
	struct posada_state state = { 0 };
	const struct gdb_memory memory = {
		.ram = &gdb->vm->ram,
		.control = &state.control,
		.gpa_bits = gdb->vm->driver.info.gpa_bits,
	};
	uint64_t gpa;

	if (vcpu->driver->state_get(vcpu, &state, POSADA_STATE_CONTROL | POSADA_STATE_SEGMENTS))
		return false;
	if (!(state.control.efer & EFER_LMA))
		rip = (uint32_t)(rip + state.segments.cs.base);
	return gdb_translate(&memory, rip, &gpa) && gdb_break_at(&gdb->breaks, gpa);
}

static void give_int3_back(struct vm *vm)
{
	struct posada_interrupt event = { .type = POSADA_INTERRUPT_EXCEPTION, .vector = VECTOR_BP };
	int err = vm->vcpu.driver->interrupt(&vm->vcpu, &event);

	if (err)
		vm_end(vm, END_ERROR, err, "cannot inject exception 3: %s", strerror(-err));
}

bool gdb_debug_exit(struct vm *vm)
{
	const struct posada_run *run = vm->vcpu.run;
	struct gdb *gdb = vm->gdb;

	if (!gdb)
		return false;
	if ((run->debug.flags & POSADA_DEBUG_HIT_INT3) &&
	    (!gdb->attached || !int3_is_ours(gdb, run->rip)))
		give_int3_back(vm);
	else if (gdb->attached)
		stop_here(gdb, (struct gdb_stop){ GDB_SIGTRAP, run->debug.flags, run->debug.dr6 });
	return true;
}

bool gdb_shutdown_exit(struct vm *vm)
{
	struct gdb *gdb = vm->gdb;

	if (!gdb || !gdb->attached || gdb->end_told)
		return false;
	gdb->end_told = true;
	stop_here(gdb, (struct gdb_stop){ .signal = GDB_SIGSEGV });
	return true;
}

/* ---- stop and go ---------------------------------------------------------------------------- */

/*
 * What an exit handler has left to be done at the next RUN is done now, so that
 * the debugger sees an instruction either before it or after it.  With a kick
 * waiting, RUN does that and comes back without entering the guest.
 */
static void settle(struct vm_call *call)
{
	struct driver_vcpu *vcpu = &call->vm->vcpu;

	while (vcpu->run->apply && !call->vm->vcpu_gone) {
		vcpu->driver->kick(vcpu);
		vcpu->run->offer = 0;
		if (vcpu->driver->run(vcpu) != -EINTR)
			break;
	}
}

void gdb_halt(struct gdb *gdb)
{
	struct vm_call call = { .function = settle };

	vm_request(gdb->vm, REQUEST_DEBUG);
	vm_call_vcpu(gdb->vm, &call);
	gdb->stopped = true;
	gdb->cpu_valid = false;
	if (!gdb->stop.signal)
		gdb->stop.signal = GDB_SIGINT;
}

/* In place of TF, where that would not do: a breakpoint of the CPU, if one is free. */
static bool step_by_breakpoint(struct gdb *gdb, struct posada_guest_debug *debug)
{
	struct driver_vcpu *vcpu = &gdb->vm->vcpu;
	struct posada_msr lstar = { .index = MSR_LSTAR };
	struct posada_state state = { .msrs = (uintptr_t)&lstar, .nr_msrs = 1 };
	const struct gdb_memory memory = {
		.ram = &gdb->vm->ram,
		.control = &state.control,
		.gpa_bits = gdb->vm->driver.info.gpa_bits,
	};
	uint64_t target;
	unsigned int i = 0;

	while (i < GDB_HARD && gdb->breaks.hard[i].len)
		i++;
	if (i == GDB_HARD ||
	    vcpu->driver->state_get(vcpu, &state,
				    POSADA_STATE_REGS | POSADA_STATE_SEGMENTS |
					    POSADA_STATE_CONTROL | POSADA_STATE_MSRS) ||
	    !gdb_step_target(&memory, &state, lstar.value, &target))
		return false;
	debug->dr[i] = target;
	debug->dr7 |= 1ULL << 2 * i;
	return true;
}

int gdb_go(struct gdb *gdb, bool step)
{
	struct driver_vcpu *vcpu = &gdb->vm->vcpu;
	struct posada_guest_debug debug = {
		.flags = gdb->vm->log_exits ? POSADA_DEBUG_LOG : 0,
	};
	int err;

	if (gdb->breaks.nr_soft)
		debug.flags |= POSADA_DEBUG_INT3;
	debug.dr7 = gdb_break_dr7(&gdb->breaks, debug.dr);
	if (step && !step_by_breakpoint(gdb, &debug))
		debug.flags |= POSADA_DEBUG_STEP;
	if (debug.dr7)
		debug.flags |= POSADA_DEBUG_BREAKPOINTS;
	err = vcpu->driver->debug(vcpu, &debug);
	if (err)
		return -err;
	gdb->stop = (struct gdb_stop){ 0 };
	gdb->stopped = false;
	gdb->cpu_valid = false;
	vm_release(gdb->vm, REQUEST_DEBUG);
	return 0;
}

/* ---- the vCPU, stopped ----------------------------------------------------------------------- */

static void with_xsave(struct gdb *gdb)
{
	gdb->cpu.state.xsave = (uintptr_t)gdb->cpu.xsave;
	gdb->cpu.state.xsave_size = gdb->cpu.xsave_size;
}

int gdb_load_cpu(struct gdb *gdb)
{
	struct driver_vcpu *vcpu = &gdb->vm->vcpu;
	struct gdb_cpu *cpu = &gdb->cpu;
	int err;

	if (gdb->cpu_valid)
		return 0;
	memset(&cpu->state, 0, sizeof(cpu->state));
	with_xsave(gdb);
	err = vcpu->driver->state_get(vcpu, &cpu->state, GDB_GROUPS);
	if (err)
		return -err;
	/* Once gdb has been told what this is, it stays so. */
	if (!gdb->described)
		cpu->wide = cpu->state.control.efer & EFER_LMA;
	gdb->cpu_valid = true;
	return 0;
}

int gdb_store_cpu(struct gdb *gdb, uint32_t groups)
{
	struct driver_vcpu *vcpu = &gdb->vm->vcpu;
	struct posada_state *state = &gdb->cpu.state;
	int err;

	if (!groups)
		return 0;
	state->xsave = 0;
	state->xsave_size = 0;
	if (groups & POSADA_STATE_XSAVE)
		with_xsave(gdb);
	err = vcpu->driver->state_set(vcpu, state, groups);
	/* What the driver refused is not what the guest has. */
	gdb->cpu_valid = false;
	return -err;
}

struct gdb_memory gdb_memory_of(const struct gdb *gdb)
{
	return (struct gdb_memory){
		.ram = &gdb->vm->ram,
		.control = &gdb->cpu.state.control,
		.gpa_bits = gdb->vm->driver.info.gpa_bits,
		.physical = gdb->physical,
	};
}

/* ---- what gdb is told -------------------------------------------------------------------------- */

static void put_hardware(struct gdb *gdb, struct gdb_writer *writer)
{
	static const char *const words[] = {
		[GDB_WATCH_WRITE] = "watch",
		[GDB_WATCH_READ] = "rwatch",
		[GDB_WATCH_ACCESS] = "awatch",
	};

	/* A watchpoint before a breakpoint: its access is over, the other will come again. */
	for (unsigned int i = 0; i < GDB_HARD; i++)
		if (gdb->stop.dr6 & 1U << i && gdb->breaks.hard[i].len &&
		    gdb->breaks.hard[i].type != GDB_BREAK_HARD) {
			gdb_print(writer, "%s:%llx;", words[gdb->breaks.hard[i].type],
				  (unsigned long long)gdb->breaks.hard[i].address);
			return;
		}
	/* One that is not gdb's was there for a step. */
	for (unsigned int i = 0; i < GDB_HARD; i++)
		if (gdb->stop.dr6 & 1U << i && gdb->breaks.hard[i].len && gdb->hardware_word) {
			gdb_print(writer, "hwbreak:;");
			return;
		}
}

void gdb_put_stop(struct gdb *gdb, struct gdb_writer *writer)
{
	gdb_print(writer, "T%02xthread:1;", gdb->stop.signal);
	if (gdb->stop.flags & POSADA_DEBUG_HIT_BREAKPOINT)
		put_hardware(gdb, writer);
	else if (gdb->stop.flags & POSADA_DEBUG_HIT_INT3 && gdb->hardware_word)
		gdb_print(writer, "swbreak:;");
}
