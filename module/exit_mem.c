// SPDX-License-Identifier: GPL-2.0
/* Accesses that EPT does not let through. */
#include "exit.h"

#include <linux/bug.h>

#include "vcpu.h"
#include "vm.h"
#include "vmx_ops.h"

/* SDM 3C table 28-7 */
#define QUAL_READ	(1ULL << 0)
#define QUAL_WRITE	(1ULL << 1)
#define QUAL_FETCH	(1ULL << 2)
#define QUAL_GVA	(1ULL << 7)
#define QUAL_FINAL	(1ULL << 8)	/* of the linear address, not of a walk */
#define QUAL_IRET_NMI	(1ULL << 12)	/* NMIs were unblocked by the IRET that faulted */

static u32 access_of(u64 qual, bool event)
{
	u32 access = 0;

	if (qual & QUAL_READ)
		access |= POSADA_ACCESS_READ;
	if (qual & QUAL_WRITE)
		access |= POSADA_ACCESS_WRITE;
	if (qual & QUAL_FETCH)
		access |= POSADA_ACCESS_EXEC;
	if (qual & QUAL_GVA) {
		access |= POSADA_ACCESS_GVA;
		if (!(qual & QUAL_FINAL))
			access |= POSADA_ACCESS_WALK;
	}
	if (event)
		access |= POSADA_ACCESS_EVENT;
	return access;
}

static int to_user_mmio(struct posada_vcpu *vcpu, u64 qual)
{
	struct posada_run *run = vcpu->run;

	run->qualification = qual;
	run->mmio.gpa = vcpu->exit.gpa;
	run->mmio.gva = vcpu->exit.gva;
	run->mmio.flags = vcpu->exit.access;
	run->mmio.error = 0;
	return exit_to_user_walk(vcpu, POSADA_EXIT_MMIO);
}

int exit_ept_violation(struct posada_vcpu *vcpu)
{
	struct exit_record *exit = &vcpu->exit;
	u64 qual = vmcs_read(EXIT_QUALIFICATION);
	bool event = vcpu->events.event;

	exit->rip = vmcs_read(GUEST_RIP);
	exit->rflags = vmcs_read(GUEST_RFLAGS);
	exit->insn_len = 0;
	exit->gpa = vmcs_read(GUEST_PHYSICAL_ADDRESS);
	exit->gva = qual & QUAL_GVA ? vmcs_read(GUEST_LINEAR_ADDRESS) : 0;
	exit->access = access_of(qual, event);

	/* The IRET runs again: until it succeeds NMIs are blocked (SDM 3C 28.2.3). */
	if ((qual & QUAL_IRET_NMI) && !event)
		vmcs_write(GUEST_INTERRUPTIBILITY_INFO,
			   vmcs_read(GUEST_INTERRUPTIBILITY_INFO) | GUEST_INTR_STATE_NMI);

	if (!mem_has(&vcpu->vm->mem, exit->gpa, qual & QUAL_WRITE))
		return to_user_mmio(vcpu, qual);
	return EXIT_FAULT;
}

/* The module made an entry that the CPU does not understand. */
int exit_ept_misconfig(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;

	WARN_ONCE(1, "posada: EPT misconfiguration at gpa %#llx\n",
		  vmcs_read(GUEST_PHYSICAL_ADDRESS));
	run->qualification = vmcs_read(GUEST_PHYSICAL_ADDRESS);
	memset(run->raw, 0, sizeof(run->raw));
	return exit_to_user(vcpu, POSADA_EXIT_UNKNOWN);
}

void exit_memory_error(struct posada_vcpu *vcpu, int err)
{
	struct posada_run *run = vcpu->run;

	run->qualification = 0;
	run->mmio.gpa = vcpu->exit.gpa;
	run->mmio.gva = vcpu->exit.gva;
	run->mmio.flags = vcpu->exit.access;
	run->mmio.error = -err;
	exit_to_user_insn(vcpu, POSADA_EXIT_MEMORY);
}
