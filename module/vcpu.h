/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One virtual CPU: its VMCS, what the VMCS does not hold, and the run loop.
 */
#ifndef POSADA_VCPU_H
#define POSADA_VCPU_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/posada.h>

#include "cpuid.h"
#include "debug.h"
#include "fpu.h"
#include "inject.h"
#include "mem.h"
#include "msr.h"
#include "step.h"
#include "trap.h"
#include "vmcs.h"

struct explain;
struct posada_vm;

/* posada_vcpu.requests: from any thread, before a kick */
#define REQUEST_KICK	0	/* RUN returns */
#define REQUEST_EVENT	1	/* something was queued in events */
#define REQUEST_POLICY	2	/* the VM has another policy */
#define REQUEST_END	3	/* a TERMINATE row was met, perhaps by another vCPU */

/* posada_vcpu.slow: why a stay is not the plain one */
#define SLOW_DR		(1U << 0)  /* the guest's DR7 enables breakpoints */
#define SLOW_POLICY	(1U << 1)  /* exits are held against vm->policy */
#define SLOW_STEP	(1U << 2)  /* an instruction is to be executed past its trap */
#define SLOW_DEBUG	(1U << 3)  /* POSADA_GUEST_DEBUG asked for something */
#define SLOW_CHECK	(1U << 4)  /* entries are judged before they are tried */

/* posada_vcpu.dead */
#define VCPU_SHUTDOWN	1	/* triple fault */
#define VCPU_TERMINATED	2	/* a TERMINATE row */

/**
 * struct exit_record - the last exit, for what completes it
 * @reason: basic exit reason
 * @rip: of the instruction that caused it
 * @rflags: at that instruction
 * @insn_len: its length, 0 if the CPU does not tell
 * @gpa: EPT violation: where
 * @gva: EPT violation: guest-linear address, with POSADA_ACCESS_GVA
 * @access: EPT violation: POSADA_ACCESS_* bits
 */
struct exit_record {
	u64 rip;
	u64 rflags;
	u32 insn_len;
	u32 access;
	u32 reason;
	u64 gpa;
	u64 gva;
};

/**
 * struct posada_vcpu - a virtual CPU
 *
 * Who may touch a field: [I] set once; [a] atomic, anybody; [v] @mutex;
 * [r] @mutex to write, anybody may read a value that is a moment old.
 *
 * @run: [I] the run page; userspace writes it at any time
 * @requests: [a] REQUEST_* bits
 * @events: see there
 * @vmcs: [v]
 * @controls: [v] primary processor-based controls as they are in the VMCS
 * @exit: [v]
 * @generation: [v] mem.generation at the last INVEPT on this CPU
 * @cpu: [v] where the vCPU ran last, or -1
 * @halted: [v] in HLT
 * @halted_in_nmi: [v] HLT in an NMI handler: an NMI does not wake it
 * @serial: [I] never the same for two vCPUs, dead ones included
 * @dead: [v] VCPU_*: every RUN says so again
 * @slow: [v] SLOW_* bits; 0 for the plain stay
 * @step: [v] see there
 * @debug: [v] see there
 * @trap_dr: [v] every MOV DR exits
 * @trap_exceptions: [v] vectors that exit for the policy
 * @end: [v] with REQUEST_END or VCPU_TERMINATED: what did it; vm->vcpus_lock to write
 * @link: in vm->vcpus
 * @osxsave: [v] the guest's CR4.OSXSAVE, so that its XCR0 is in force
 * @dr_loaded: [v] the guest's debug registers are in the CPU
 * @host_dr: [v] the host's, meanwhile, if it uses any
 * @dr: [v] the guest's DR0-DR3
 * @dr6: [v] the guest's DR6
 * @cr2: [v] the guest's CR2, while not in the guest
 * @host_debugctl: [v] IA32_DEBUGCTL to come back to
 * @explain: [v] the last entry that failed
 * @fpu: [v]
 * @msrs: [v]
 * @cpuid: [v]
 * @scratch: [v] for resolving faults
 * @apic_page: [I] virtual-APIC page, for the TPR (CR8)
 * @vpid: [I] virtual-processor identifier, 0 without
 * @id: [I] number in the VM
 * @vm: [I] holds a reference
 * @mutex: one thread runs or changes a vCPU
 * @runner: [a] the task in RUN, under RCU; to kick it
 * @wait: a halted vCPU sleeps here
 * @stats: [r]
 */
struct posada_vcpu {
	struct posada_run *run;
	unsigned long requests;
	struct events events;
	struct posada_vmcs vmcs;
	u32 controls;
	struct exit_record exit;
	u64 generation;
	u64 serial;
	int cpu;
	bool halted;
	bool halted_in_nmi;
	u8 dead;
	bool osxsave;
	bool dr_loaded;
	bool trap_dr;
	u32 slow;
	u32 trap_exceptions;
	struct step step;
	struct debug debug;
	struct trap_facts end;
	struct list_head link;
	unsigned long host_dr[4];
	unsigned long dr[4];
	unsigned long dr6;
	unsigned long cr2;
	u64 host_debugctl;
	struct explain *explain;
	struct guest_fpu fpu;
	struct msrs msrs;
	struct cpuid cpuid;
	struct mem_scratch scratch;
	u8 *apic_page;
	u16 vpid;
	u32 id;
	struct posada_vm *vm;
	struct mutex mutex;
	struct task_struct __rcu *runner;
	struct rcuwait wait;
	struct posada_stats stats;
};

/* TPR in the virtual-APIC page (SDM 3C 30.1.1): bits 7:4 are CR8. */
#define APIC_PAGE_TPR	0x80

static inline u8 vcpu_tpr(const struct posada_vcpu *vcpu)
{
	return READ_ONCE(vcpu->apic_page[APIC_PAGE_TPR]);
}

int vcpu_init(void);	/* what all vCPUs share; at load */
void vcpu_exit(void);

struct posada_vcpu *vcpu_create(struct posada_vm *vm, u32 id);	/* or ERR_PTR */
void vcpu_destroy(struct posada_vcpu *vcpu);

/**
 * vcpu_run - POSADA_RUN
 * @vcpu: of a VM of this process
 *
 * Return: 0 with the run page filled, or -errno as the uAPI says.
 */
int vcpu_run(struct posada_vcpu *vcpu);

/* Make RUN look at @requests soon, wherever it is; any context but NMI. */
void vcpu_kick(struct posada_vcpu *vcpu);

/**
 * vcpu_open - make the VMCS current outside of RUN
 * @vcpu: mutex held
 *
 * Interrupts and preemption are off until vcpu_close().
 * Return: 0, -EBUSY (VMX held by another), -EIO.
 */
int vcpu_open(struct posada_vcpu *vcpu);
void vcpu_close(struct posada_vcpu *vcpu);

/* What follows from a new CPUID table; the VMCS is current. */
void vcpu_cpuid_changed(struct posada_vcpu *vcpu);

/* What the secondary controls are without a policy. */
u32 vcpu_secondary_controls(const struct posada_vcpu *vcpu);

/* Write the exception bitmap; the VMCS is current. */
void vcpu_exceptions(struct posada_vcpu *vcpu);

/* Primary controls: set @set, clear @clear.  The VMCS is current. */
void vcpu_controls(struct posada_vcpu *vcpu, u32 set, u32 clear);

#endif /* POSADA_VCPU_H */
