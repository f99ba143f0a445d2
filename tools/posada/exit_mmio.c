// SPDX-License-Identifier: GPL-2.0
/* Exits of accesses where no memory is mapped: decode and execute. */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "emulate.h"
#include "linear.h"
#include "vm.h"
#include "walk.h"

/* Access rights of CS (SDM 3C 25.4.1, table 25-2) */
#define CS_L	  (1U << 13)
#define CS_DB	  (1U << 14)

#define RFLAGS_TF (1ULL << 8)
#define EFER_LMA  (1ULL << 10)

static unsigned int code_mode(const struct posada_run *run)
{
	if (run->efer & EFER_LMA && run->cs_access & CS_L)
		return 64;
	return run->cs_access & CS_DB ? 32 : 16;
}

static void stuck(struct vm *vm, const char *what)
{
	const struct posada_run *run = vm->vcpu.run;

	vm_end(vm, END_STUCK, 0, "%s at %#llx, where there is no memory; rip %#llx", what,
	       (unsigned long long)run->mmio.gpa, (unsigned long long)run->rip);
}

static void cannot_emulate(struct vm *vm, const uint8_t *bytes, unsigned int len, unsigned int mode)
{
	const struct posada_run *run = vm->vcpu.run;
	char text[128];

	insn_text(bytes, len, mode, run->rip, text, sizeof(text));
	vm_end(vm, END_STUCK, 0, "cannot emulate '%s' on address %#llx; rip %#llx", text,
	       (unsigned long long)run->mmio.gpa, (unsigned long long)run->rip);
}

/* Decode the instruction at RIP.  Its bytes may lie in two pages; the second is looked at only if need be. */
static int decode(struct vm *vm, const struct insn **insn)
{
	const struct posada_run *run = vm->vcpu.run;
	unsigned int mode = code_mode(run), have;
	uint64_t linear = mode == 64 ? run->rip : (run->cs_base + run->rip) & 0xffffffff;
	uint8_t bytes[INSN_MAX_LENGTH];
	int ret;

	have = 4096 - (linear & 4095);
	if (have > sizeof(bytes))
		have = sizeof(bytes);
	ret = linear_read(vm, linear, bytes, have, WALK_EXEC);
	if (ret)
		return ret;
	ret = insn_cache_decode(&vm->decoded, run->rip, bytes, have, mode, insn);
	if (ret == -ENODATA && have < sizeof(bytes)) {
		ret = linear_read(vm, linear + have, bytes + have, sizeof(bytes) - have, WALK_EXEC);
		if (ret)
			return ret;
		have = sizeof(bytes);
		ret = insn_cache_decode(&vm->decoded, run->rip, bytes, have, mode, insn);
	}
	if (!ret)
		return LINEAR_OK;
	cannot_emulate(vm, bytes, have, mode);
	return LINEAR_STUCK;
}

/* ---- state that is not in the run page ------------------------------------------ */

/* The legacy region of an XSAVE area (SDM 1 13.4.1): XMM registers at 160; header at 512. */
#define XSAVE_XMM 160
#define XMM_BYTES 256
#define XSAVE_BV  512
#define XSAVE_SSE (1ULL << 1)

struct extra {
	struct posada_state state;
	uint8_t xsave[16384] __attribute__((aligned(64)));
};

/*
 * A component in its initial state (all zero) is not in the area, and XSTATE_BV
 * says so.  Without XSAVE there is no XSTATE_BV and nothing is left out.
 */
static void xmm_in_use(const struct vm *vm, struct extra *extra)
{
	uint64_t bv;

	if (vm->vcpu.xsave_size <= XSAVE_BV)
		return;
	memcpy(&bv, extra->xsave + XSAVE_BV, sizeof(bv));
	if (!(bv & XSAVE_SSE))
		memset(extra->xsave + XSAVE_XMM, 0, XMM_BYTES);
	bv |= XSAVE_SSE;
	memcpy(extra->xsave + XSAVE_BV, &bv, sizeof(bv));
}

static int fetch_extra(struct vm *vm, const struct insn *insn, struct extra *extra,
		       struct emulate_cpu *cpu)
{
	uint32_t groups = POSADA_STATE_REGS;
	int err;

	if (insn->needs & INSN_SEGMENTS)
		groups |= POSADA_STATE_SEGMENTS;
	if (insn->needs & INSN_XMMS) {
		if (vm->vcpu.xsave_size > sizeof(extra->xsave))
			return -E2BIG;
		groups |= POSADA_STATE_XSAVE;
		extra->state.xsave = (uintptr_t)extra->xsave;
		extra->state.xsave_size = vm->vcpu.xsave_size;
	}
	err = vm->vcpu.driver->state_get(&vm->vcpu, &extra->state, groups);
	if (err)
		return err;
	cpu->gpr[POSADA_RSP] = extra->state.regs.gpr[POSADA_RSP];
	cpu->base[INSN_SS] = extra->state.segments.ss.base;
	cpu->base[INSN_FS] = extra->state.segments.fs.base;
	cpu->base[INSN_GS] = extra->state.segments.gs.base;
	xmm_in_use(vm, extra);
	cpu->xmm = (uint8_t(*)[16])(extra->xsave + XSAVE_XMM);
	return 0;
}

static int put_extra(struct vm *vm, const struct insn *insn, struct extra *extra,
		     const struct emulate_cpu *cpu)
{
	uint32_t groups = 0;

	if (insn->changes & INSN_RSP) {
		memcpy(extra->state.regs.gpr, cpu->gpr, sizeof(extra->state.regs.gpr));
		groups |= POSADA_STATE_REGS;
	}
	if (insn->changes & INSN_XMMS) {
		groups |= POSADA_STATE_XSAVE;
	} else {
		extra->state.xsave = 0;
		extra->state.xsave_size = 0;
	}
	return groups ? vm->vcpu.driver->state_set(&vm->vcpu, &extra->state, groups) : 0;
}

/* ---- one instruction --------------------------------------------------------------- */

static int bus_load(void *context, uint64_t linear, void *to, unsigned int len, bool rmw)
{
	return linear_read(context, linear, to, len, rmw ? WALK_WRITE : WALK_READ);
}

static int bus_store(void *context, uint64_t linear, const void *from, unsigned int len)
{
	return linear_write(context, linear, from, len);
}

static int execute(struct vm *vm, const struct insn *insn, struct emulate_cpu *cpu)
{
	const struct emulate_bus bus = { bus_load, bus_store, vm };
	struct extra extra;
	int ret;

	if (!insn->needs)
		return emulate(insn, cpu, &bus);
	memset(&extra.state, 0, sizeof(extra.state));
	memset(extra.xsave, 0, XSAVE_BV);
	ret = fetch_extra(vm, insn, &extra, cpu);
	if (!ret) {
		ret = emulate(insn, cpu, &bus);
		if (ret != EMULATE_DONE)
			return ret;
		ret = put_extra(vm, insn, &extra, cpu);
	}
	if (!ret)
		return EMULATE_DONE;
	vm_end(vm, END_ERROR, ret, "cannot get at the guest's registers: %s", strerror(-ret));
	return LINEAR_STUCK;
}

/* A driver that executes it itself. */
static void exit_mmio_data(struct vm *vm, struct posada_run *run)
{
	const struct driver_data *data = &vm->vcpu.data;

	pthread_mutex_lock(&vm->lock);
	if (run->mmio.flags & POSADA_ACCESS_WRITE)
		bus_write(&vm->bus, run->mmio.gpa, data->bytes, data->width);
	else
		bus_read(&vm->bus, run->mmio.gpa, data->bytes, data->width);
	pthread_mutex_unlock(&vm->lock);
	run->apply = POSADA_APPLY_SKIP;
}

void exit_mmio(struct vm *vm)
{
	struct posada_run *run = vm->vcpu.run;
	struct emulate_cpu cpu = {
		.gpr = (uint64_t *)run->regs,
		.rip = run->rip,
		.rflags = run->rflags,
		.base = { [INSN_ES] = run->es_base, [INSN_CS] = run->cs_base, [INSN_DS] = run->ds_base },
	};
	const struct insn *insn;
	int ret;

	if (vm->vcpu.data.bytes)
		return exit_mmio_data(vm, run);
	if (run->mmio.flags & POSADA_ACCESS_EVENT)
		return stuck(vm,
			     "an interrupt or exception is delivered through tables or a stack");
	if (run->mmio.flags & POSADA_ACCESS_EXEC)
		return stuck(vm, "the guest fetches instructions");
	if (run->mmio.flags & POSADA_ACCESS_WALK)
		return stuck(vm, "the guest has page tables");
	if (decode(vm, &insn) != LINEAR_OK)
		return;
	ret = execute(vm, insn, &cpu);
	if (ret != EMULATE_DONE) {
		/* A round of a REP is a step: it traps, and goes on where it is. */
		if (ret == EMULATE_AGAIN && run->rflags & RFLAGS_TF)
			run->apply = POSADA_APPLY_RIP;
		return; /* to be executed again, after an exception or an interrupt */
	}
	run->rip = cpu.rip;
	run->apply = POSADA_APPLY_RIP;
	if (cpu.rflags != run->rflags) {
		run->rflags = cpu.rflags;
		run->apply |= POSADA_APPLY_RFLAGS;
	}
}
