// SPDX-License-Identifier: GPL-2.0
/* Exits of RDMSR and WRMSR that the driver does not handle itself. */
#include "loop.h"

#include <stdbool.h>
#include <stdlib.h>

#include "cli.h"
#include "linear.h"
#include "vm.h"

#define VECTOR_GP 13

/*
 * MSRs that systems touch without asking CPUID first, or whose absence they
 * take badly.  They read as a constant and swallow what is written; every other
 * MSR is #GP.
 */
static const struct row {
	uint32_t first;
	uint32_t last;
	uint64_t value;
} rows[] = {
	{ 0x017, 0x017, 0 },	       /* PLATFORM_ID */
	{ 0x01b, 0x01b, 0xfee00000 },  /* APIC_BASE: no APIC is enabled */
	{ 0x034, 0x034, 0 },	       /* SMI_COUNT */
	{ 0x03a, 0x03a, 1 },	       /* FEATURE_CONTROL: locked, without VMX */
	{ 0x08b, 0x08b, 0 },	       /* BIOS_SIGN_ID: no microcode update */
	{ 0x0ce, 0x0ce, 0 },	       /* PLATFORM_INFO */
	{ 0x0fe, 0x0fe, 0 },	       /* MTRRCAP: none */
	{ 0x140, 0x140, 0 },	       /* MISC_FEATURES_ENABLES */
	{ 0x179, 0x17a, 0 },	       /* MCG_CAP: no banks; MCG_STATUS */
	{ 0x198, 0x199, 0 },	       /* PERF_STATUS, PERF_CTL */
	{ 0x2ff, 0x2ff, 0 },	       /* MTRR_DEF_TYPE: off */
	{ 0xc0010015, 0xc0010015, 0 }, /* HWCR of AMD's, read by some without asking */
	{ 0xc0011029, 0xc0011029, 0 }, /* DE_CFG of AMD's */
};

static const struct row *find(uint32_t index)
{
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (index >= rows[i].first && index <= rows[i].last)
			return &rows[i];
	return NULL;
}

/*
 * A user row may be about a register that the vCPU has and the module would have
 * read by itself.
 */
static bool state_rdmsr(struct vm *vm, uint32_t index, uint64_t *value)
{
	struct posada_msr msr = { .index = index };
	struct posada_state state = { .msrs = (uintptr_t)&msr, .nr_msrs = 1 };

	if (vm->vcpu.driver->state_get(&vm->vcpu, &state, POSADA_STATE_MSRS))
		return false;
	*value = msr.value;
	return true;
}

static bool state_wrmsr(struct vm *vm, uint32_t index, uint64_t value)
{
	struct posada_msr msr = { .index = index, .value = value };
	struct posada_state state = { .msrs = (uintptr_t)&msr, .nr_msrs = 1 };

	return !vm->vcpu.driver->state_set(&vm->vcpu, &state, POSADA_STATE_MSRS);
}

void exit_rdmsr(struct vm *vm)
{
	struct posada_run *run = vm->vcpu.run;
	const struct row *row = find(run->msr.index);
	uint64_t value = row ? row->value : 0;
	bool own = !row && state_rdmsr(vm, run->msr.index, &value);

	if (vm->verbose)
		note("guest reads MSR %#x: %s (rip %#llx)", run->msr.index,
		     row ? "a constant" : own ? "its own" : "#GP", (unsigned long long)run->rip);
	if (!row && !own) {
		vcpu_fault(vm, VECTOR_GP);
		return;
	}
	run->regs[POSADA_RAX] = (uint32_t)value;
	run->regs[POSADA_RDX] = value >> 32;
	run->apply = POSADA_APPLY_SKIP;
}

void exit_wrmsr(struct vm *vm)
{
	struct posada_run *run = vm->vcpu.run;
	const struct row *row = find(run->msr.index);
	bool own = !row && state_wrmsr(vm, run->msr.index, run->msr.value);

	if (vm->verbose)
		note("guest writes %#llx to MSR %#x: %s (rip %#llx)",
		     (unsigned long long)run->msr.value, run->msr.index,
		     row ? "ignored" : own ? "done" : "#GP", (unsigned long long)run->rip);
	if (row || own)
		run->apply = POSADA_APPLY_SKIP;
	else
		vcpu_fault(vm, VECTOR_GP);
}
