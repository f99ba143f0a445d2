// SPDX-License-Identifier: GPL-2.0
#include "explain.h"

#include <linux/build_bug.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "cpu.h"
#include "exit.h"
#include "inject.h"
#include "vcpu.h"
#include "vmx_ops.h"

bool explain_always;
module_param_named(check_entries, explain_always, bool, 0444);
MODULE_PARM_DESC(check_entries, "judge each VM entry by the manual's rules before it is tried, and refuse it with POSADA_EXIT_FAILED (slow)");

/* VM-instruction errors, SDM 3C 31.4 */
#define ERROR_CONTROLS	7
#define ERROR_HOST	8

/* The names that both lists of fields have mean the same; one of each width and kind. */
#define SAME(name, encoding)	static_assert((name) == (encoding))
SAME(VIRTUAL_PROCESSOR_ID, 0x0000);
SAME(GUEST_TR_SELECTOR, 0x080e);
SAME(HOST_TR_SELECTOR, 0x0c0c);
SAME(EPT_POINTER, 0x201a);
SAME(GUEST_PDPTR3, 0x2810);
SAME(HOST_IA32_PERF_GLOBAL_CTRL, 0x2c04);
SAME(SECONDARY_VM_EXEC_CONTROL, 0x401e);
SAME(GUEST_TR_AR_BYTES, 0x4822);
SAME(VMX_PREEMPTION_TIMER_VALUE, 0x482e);
SAME(GUEST_PENDING_DBG_EXCEPTIONS, 0x6822);
SAME(HOST_RIP, 0x6c16);

struct explain *explain_create(void)
{
	return kzalloc(sizeof(struct explain), GFP_KERNEL_ACCOUNT);
}

void explain_destroy(struct explain *explain)
{
	kfree(explain);
}

static u64 succeeded(const struct posada_vcpu *vcpu)
{
	u64 entries = 0;
	int i;

	for (i = 0; i < POSADA_STATS_REASONS; i++)
		entries += vcpu->stats.exits[i];
	return entries;
}

bool explain_valid(struct posada_vcpu *vcpu)
{
	return vcpu->explain->known && vcpu->explain->entries == succeeded(vcpu);
}

static void snapshot(struct posada_vcpu *vcpu, u32 instruction_error)
{
	struct explain *e = vcpu->explain;
	unsigned int i;

	for (i = 0; i < VMCS_NR_FIELDS; i++)
		e->image.there[i] = vmcs_try_read(entry_number(i), &e->image.value[i]);
	/* A VMREAD that failed has put its own error there. */
	e->image.value[VMCS_VM_INSTRUCTION_ERROR] = instruction_error;

	cpu_facts(&e->cpu);
	e->cpu.vmcs_address = vcpu->vmcs.pa;
	e->cpu.vtpr = vcpu_tpr(vcpu);
}

static void judge(struct posada_vcpu *vcpu, struct entry_violation *first)
{
	struct explain *e = vcpu->explain;

	e->nr_rules = entry_check(&e->image, &e->cpu, first, first ? 1 : 0);
}

u32 explain_failed(struct posada_vcpu *vcpu, u32 instruction_error, u64 qualification)
{
	struct explain *e = vcpu->explain;

	snapshot(vcpu, instruction_error);
	judge(vcpu, NULL);
	e->instruction_error = instruction_error;
	e->qualification = qualification;
	e->entries = succeeded(vcpu);
	e->known = true;
	return e->nr_rules;
}

int explain_entry(struct posada_vcpu *vcpu)
{
	struct explain *e = vcpu->explain;
	struct entry_violation first;

	snapshot(vcpu, vmcs_read(VM_INSTRUCTION_ERROR));
	judge(vcpu, &first);
	if (!e->nr_rules)
		return EXIT_RESUME;
	switch (entry_stage(first.id)) {
	case ENTRY_CONTROLS:
		e->instruction_error = ERROR_CONTROLS;
		break;
	case ENTRY_HOST:
		e->instruction_error = ERROR_HOST;
		break;
	case ENTRY_GUEST:
		e->instruction_error = 0;
		break;
	}
	e->qualification = 0;
	e->entries = succeeded(vcpu);
	e->known = true;
	return exit_refused_entry(vcpu, e->instruction_error, e->nr_rules);
}
