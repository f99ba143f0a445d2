// SPDX-License-Identifier: GPL-2.0
#include "vcpu.h"

#include <linux/err.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/segment.h>

#include "compat.h"
#include "cpu.h"
#include "cr.h"
#include "debug.h"
#include "exit.h"
#include "explain.h"
#include "ledger.h"
#include "mitigate.h"
#include "state.h"
#include "vm.h"
#include "vmenter.h"
#include "vmx_ops.h"
#include "work.h"

/*
 * The longest stay in the guest without an exit, in TSC ticks: a watchdog for a
 * guest with interrupts off on a CPU that would keep the host's from arriving.
 * The value is in the VMCS and is loaded anew by each entry, at no cost.
 */
#define STAY_TICKS	(1U << 21)

/* Entries in a row with the host's interrupts off; each is at most an exit long. */
#define ENTRIES_IN_A_ROW	64

static DEFINE_IDA(vpids);
static atomic64_t serials = ATOMIC64_INIT(0);

int vcpu_init(void)
{
	int err;

	fpu_init();
	err = cpuid_init();
	if (err)
		return err;
	err = msr_init();
	if (err)
		cpuid_exit();
	return err;
}

void vcpu_exit(void)
{
	msr_exit();
	cpuid_exit();
	ida_destroy(&vpids);
}

/* ---- one stay in non-root mode ------------------------------------------------------- */

void vcpu_controls(struct posada_vcpu *vcpu, u32 set, u32 clear)
{
	u32 controls = (vcpu->controls | set) & ~clear;

	if (controls == vcpu->controls)
		return;
	vcpu->controls = controls;
	vmcs_write(CPU_BASED_VM_EXEC_CONTROL, controls);
}

/* The vCPU is on another CPU than last time (or has never run). */
static void moved(struct posada_vcpu *vcpu)
{
	if (vcpu->cpu >= 0)
		vcpu->stats.migrations++;
	vcpu->cpu = smp_processor_id();
	vcpu->generation = 0;
	msr_cpu_changed(vcpu);
}

/* Translations from before the last removal, or of another stay on this CPU. */
static void flush(struct posada_vcpu *vcpu, u64 generation)
{
	vmx_invept(INVALIDATE_SINGLE, vcpu->vm->mem.ept.eptp);
	if (!vcpu->generation && vcpu->vpid)
		vmx_invvpid(INVALIDATE_SINGLE, vcpu->vpid);
	vcpu->generation = generation;
}

/* What the program asked for since the last exit. */
static void apply(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	u32 what = READ_ONCE(run->apply);

	if (likely(what == POSADA_APPLY_SKIP)) {
		exit_skip(vcpu);
	} else if (what == POSADA_APPLY_STEP) {
		if (!vcpu->halted)	/* else the instruction is done, and was HLT */
			step_want(vcpu);
	} else if (what) {
		if (what & POSADA_APPLY_RFLAGS) {
			/* Reserved bits as the CPU has them (SDM 1 3.4.3). */
			vcpu->exit.rflags = (READ_ONCE(run->rflags) & 0x3f7fd5) | 2;
			vmcs_write(GUEST_RFLAGS, vcpu->exit.rflags);
		}
		if (what & POSADA_APPLY_RIP)
			exit_skip_to(vcpu, READ_ONCE(run->rip));
		else if (what & POSADA_APPLY_SKIP)
			exit_skip(vcpu);
		inject_settle_shadow(vcpu);	/* IF=0 and a shadow do not go together */
		if (what & POSADA_APPLY_RFLAGS)
			exit_settle_shadow(vcpu);
	}
	run->apply = 0;
}

/* The program asked RUN to return. */
static int kicked(struct posada_vcpu *vcpu)
{
	vcpu->exit.reason = 0;
	return exit_to_user(vcpu, POSADA_EXIT_KICK);
}

/* All requests but events, the most important first. */
static noinline int request(struct posada_vcpu *vcpu)
{
	step_break(vcpu);
	if (test_and_clear_bit(REQUEST_END, &vcpu->requests)) {
		vcpu->dead = VCPU_TERMINATED;
		vcpu->exit.reason = 0;
		vcpu->exit.rip = vmcs_read(GUEST_RIP);
		vcpu->exit.rflags = vmcs_read(GUEST_RFLAGS);
		vcpu->exit.insn_len = 0;
		return trap_ended(vcpu);
	}
	if (test_and_clear_bit(REQUEST_KICK, &vcpu->requests))
		return kicked(vcpu);
	if (test_and_clear_bit(REQUEST_POLICY, &vcpu->requests))
		trap_load(vcpu);
	return EXIT_IRQ;	/* begin again: the stay may be another one now */
}

/* An armed step is executed before anything is delivered. */
static bool only_step(struct posada_vcpu *vcpu)
{
	if (debug_delivers(vcpu))
		return true;
	if (!vcpu->step.armed)
		return false;
	if (!vcpu->events.event)
		return true;
	step_break(vcpu);
	step_forget(vcpu);
	return false;
}

/* Requests and events; anything but EXIT_RESUME forbids the entry. */
static __always_inline int before_entry(struct posada_vcpu *vcpu, const bool watched)
{
	if (unlikely(READ_ONCE(vcpu->requests) & ~BIT(REQUEST_EVENT)))
		return request(vcpu);
	if (watched && only_step(vcpu))
		return EXIT_RESUME;
	if (vcpu->halted) {
		clear_bit(REQUEST_EVENT, &vcpu->requests);
		smp_mb__after_atomic();	/* then look; pairs with inject_ioctl() */
		if (!inject_wakes(vcpu))
			return EXIT_HALT;	/* check stays set */
		vcpu->halted = false;
	}
	inject_prepare(vcpu);
	return EXIT_RESUME;
}

/*
 * Enter and handle exits as long as that can be done with interrupts off.  There
 * are two of it: the plain one does not pay for what the other looks at.
 */
static __always_inline int guest_loop(struct posada_vcpu *vcpu, const bool watched)
{
	struct posada_run *run = vcpu->run;
	int budget = ENTRIES_IN_A_ROW;
	int answer;
	u32 reason;

	do {
		if (unlikely(READ_ONCE(vcpu->requests) || vcpu->events.check)) {
			answer = before_entry(vcpu, watched);
			if (answer != EXIT_RESUME)
				return answer;
		}
		if (watched && (vcpu->slow & SLOW_CHECK)) {
			answer = explain_entry(vcpu);
			if (answer != EXIT_RESUME)
				return answer;
		}
		if (unlikely(vmenter(run->regs, &vcpu->vmcs.host_rsp, vcpu->vmcs.launched)))
			return exit_vmfail(vcpu);
		reason = vmcs_read(VM_EXIT_REASON);
		if (unlikely(reason & VMX_EXIT_REASONS_FAILED_VMENTRY))
			return exit_failed_entry(vcpu, reason);
		vcpu->vmcs.launched = true;
		vcpu->events.shadow_stale = false;
		answer = exit_handle(vcpu, reason, watched);
		if (watched && (vcpu->slow & SLOW_DEBUG))
			answer = debug_after(vcpu, answer);
	} while (answer == EXIT_RESUME && --budget);

	return answer == EXIT_RESUME ? EXIT_IRQ : answer;
}

/* With something to look at: see SLOW_*. */
static noinline int guest_loop_watched(struct posada_vcpu *vcpu)
{
	int answer = EXIT_RESUME;

	if (vcpu->slow & SLOW_DR)
		dr_load(vcpu);
	if (vcpu->slow & SLOW_DEBUG)
		answer = debug_begin(vcpu);
	if (answer != EXIT_RESUME)
		return answer;
	if (vcpu->step.wanted && !vcpu->step.armed)
		step_resume(vcpu);
	answer = guest_loop(vcpu, true);
	step_break(vcpu);	/* a step does not outlast its stay: it is tried again */
	return answer;
}

/* Host registers that a VM exit changes and that host code with interrupts on needs. */
static void host_debug_save(struct posada_vcpu *vcpu)
{
	if (vmx_caps.debugctl)
		vcpu->host_debugctl = msr_get(MSR_IA32_DEBUGCTLMSR);
	if (vmx_caps.perf_global)
		vmcs_write(HOST_IA32_PERF_GLOBAL_CTRL, msr_get(MSR_CORE_PERF_GLOBAL_CTRL));
}

static void host_debug_restore(struct posada_vcpu *vcpu)
{
	unsigned long dr7 = this_cpu_read(cpu_dr7);

	if (unlikely(vcpu->dr_loaded))
		dr_unload(vcpu);
	if (unlikely(dr7))
		native_set_debugreg(7, dr7);
	if (unlikely(vcpu->host_debugctl))
		msr_put(MSR_IA32_DEBUGCTLMSR, vcpu->host_debugctl);
}

/* Interrupts are off.  From root mode with nothing of ours in force, and back. */
static int window(struct posada_vcpu *vcpu)
{
	u64 generation;
	int answer;
	int err = cpu_open(&vcpu->vmcs);

	if (unlikely(err))
		return err;
	mitigate_flush();
	mem_enter(&vcpu->vm->mem);
	generation = READ_ONCE(vcpu->vm->mem.generation);
	if (unlikely(vcpu->generation != generation))
		flush(vcpu, generation);
	if (unlikely(vcpu->vmcs.host_cpu != smp_processor_id()))
		vmcs_host_cpu(&vcpu->vmcs);
	vmcs_host_task(&vcpu->vmcs);
	host_debug_save(vcpu);
	if (READ_ONCE(vcpu->run->apply))
		apply(vcpu);
	native_write_cr2(vcpu->cr2);

	answer = likely(!vcpu->slow) ? guest_loop(vcpu, false) : guest_loop_watched(vcpu);

	vcpu->cr2 = native_read_cr2();
	host_debug_restore(vcpu);
	mem_leave();
	cpu_close(&vcpu->vmcs);
	return answer;
}

/* Interrupts are off, preemption too.  Leave only for what needs either. */
static int stay_loop(struct posada_vcpu *vcpu)
{
	int answer;

	for (;;) {
		if (unlikely(xfer_to_guest_mode_work_pending()))
			return EXIT_WORK;
		answer = window(vcpu);
		switch (answer) {
		case EXIT_IRQ:
			local_irq_enable();
			/* The pending interrupt arrives between these two. */
			asm volatile("nop");
			local_irq_disable();
			/* Newer kernels hold them off while the FPU is in use. */
			if (unlikely(local_softirq_pending()))
				return EXIT_WORK;
			continue;
		case EXIT_NMI:
			/* NMIs are blocked until the IRET of this one. */
			asm volatile("int $2" : : : "memory");
			continue;
		case EXIT_MCE:
			asm volatile("int $18" : : : "memory");
			continue;
		}
		return answer;
	}
}

/* Descriptor-table state that a VM exit leaves different (SDM 3C 28.5.2). */
struct host_tables {
	struct desc_ptr gdt;
	u16 ldt;
	u16 ds;
	u16 es;
};

static void tables_save(struct host_tables *t)
{
	native_store_gdt(&t->gdt);
	store_ldt(t->ldt);
	savesegment(ds, t->ds);
	savesegment(es, t->es);
}

static void tables_restore(const struct host_tables *t)
{
	native_load_gdt(&t->gdt);
	invalidate_tss_limit();
	if (unlikely(t->ldt))
		asm volatile("lldt %0" : : "rm" (t->ldt));
	if (unlikely(t->ds | t->es)) {
		loadsegment(ds, t->ds);
		loadsegment(es, t->es);
	}
}

/* With the guest's registers in the CPU: from the host's to the guest's and back. */
static int stay(struct posada_vcpu *vcpu)
{
	struct host_tables tables;
	int answer;

	preempt_disable();
	if (unlikely(vcpu->cpu != smp_processor_id()))
		moved(vcpu);
	answer = cpu_load(&vcpu->vmcs);
	if (unlikely(answer))
		goto out_enable_preemption;
	mitigate_load(vcpu);
	tables_save(&tables);
	fpu_load(&vcpu->fpu, vcpu->osxsave);
	msr_load(&vcpu->msrs);
	current->flags |= PF_VCPU;	/* ticks count as guest time */

	local_irq_disable();
	answer = stay_loop(vcpu);
	local_irq_enable();

	current->flags &= ~PF_VCPU;
	msr_save(&vcpu->msrs);
	fpu_save(&vcpu->fpu, vcpu->osxsave);
	tables_restore(&tables);
	mitigate_save();
out_enable_preemption:
	preempt_enable();
	return answer;
}

/* ---- RUN --------------------------------------------------------------------------------- */

static bool wakes(struct posada_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests) || inject_wakes(vcpu);
}

/* Asleep in HLT.  0, or -EINTR. */
static int sleep(struct posada_vcpu *vcpu)
{
	return rcuwait_wait_event(&vcpu->wait, wakes(vcpu), TASK_INTERRUPTIBLE);
}

/* Bring what the guest touched into EPT.  EXIT_RESUME, EXIT_TO_USER or -errno. */
static int resolve(struct posada_vcpu *vcpu)
{
	struct exit_record *exit = &vcpu->exit;
	unsigned int made = 0;
	int answer;

	answer = mem_fault(&vcpu->vm->mem, &vcpu->scratch, exit->gpa, exit->access,
			   &made);
	vcpu->stats.faults++;
	vcpu->stats.mapped += made;
	if (answer >= 0 || answer == -EINTR || answer == -ENOMEM)
		return min(answer, EXIT_RESUME);
	/* HMM says EPERM for a mapping without the permission. */
	exit_memory_error(vcpu, answer == -EPERM ? -EFAULT : answer);
	return EXIT_TO_USER;
}

static int run_loop(struct posada_vcpu *vcpu)
{
	int answer = EXIT_RESUME;

	while (answer >= 0 && answer != EXIT_TO_USER) {
		if (vcpu->halted) {
			answer = sleep(vcpu);
			if (answer)
				break;
		}
		answer = stay(vcpu);
		if (answer == EXIT_FAULT)
			answer = resolve(vcpu);
		else if (answer == EXIT_WORK || answer == -EAGAIN)
			answer = work_handle();
	}
	return answer < 0 ? answer : 0;
}

/* Bits from a program that may write while we look: each word is read once. */
static int check_run(struct posada_vcpu *vcpu)
{
	const u32 applies = POSADA_APPLY_SKIP | POSADA_APPLY_RIP | POSADA_APPLY_RFLAGS;
	struct posada_run *run = vcpu->run;
	u32 offer = READ_ONCE(run->offer);
	u32 what = READ_ONCE(run->apply);

	if (unlikely(what & ~applies) && what != POSADA_APPLY_STEP)
		return -EINVAL;
	if (READ_ONCE(run->flags) & ~POSADA_RUN_EXIT_HLT || READ_ONCE(run->reserved0))
		return -EINVAL;
	if (offer & ~(POSADA_OFFER_VALID | POSADA_OFFER_VECTOR))
		return -EINVAL;
	if (offer != vcpu->events.offer) {
		vcpu->events.offer = offer & POSADA_OFFER_VALID ? offer : 0;
		vcpu->events.check = true;
	}
	return 0;
}

/* FS and GS selectors other than 0 cannot be brought back (32-bit tasks). */
static bool selectors_in_use(void)
{
	u16 fs, gs;

	savesegment(fs, fs);
	savesegment(gs, gs);
	return fs | gs;
}

/* The same answer as before. */
static void run_dead(struct posada_vcpu *vcpu)
{
	if (vcpu->dead == VCPU_TERMINATED)
		trap_ended(vcpu);
	else
		exit_to_user_insn(vcpu, POSADA_EXIT_SHUTDOWN);
}

int vcpu_run(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	int err;

	if (unlikely(!vm_is_mine(vcpu->vm)))
		return -EIO;
	if (unlikely(selectors_in_use()))
		return -EOPNOTSUPP;
	err = mutex_lock_interruptible(&vcpu->mutex);
	if (err)
		return err;
	err = check_run(vcpu);
	if (err)
		goto out_unlock;
	run->status = 0;
	if (unlikely(vcpu->dead)) {
		run_dead(vcpu);
		goto out_unlock;
	}

	rcu_assign_pointer(vcpu->runner, current);
	err = run_loop(vcpu);
	rcu_assign_pointer(vcpu->runner, NULL);

	if (vcpu->events.taken) {
		vcpu->events.taken = false;
		run->offer = 0;
		run->status = POSADA_STATUS_TAKEN;
	}
	if (!err)
		vcpu->stats.to_user++;
out_unlock:
	mutex_unlock(&vcpu->mutex);
	return err;
}

void vcpu_kick(struct posada_vcpu *vcpu)
{
	struct task_struct *runner;

	smp_mb__after_atomic();	/* the request before looking where the vCPU is */
	rcuwait_wake_up(&vcpu->wait);
	preempt_disable();
	rcu_read_lock();
	runner = rcu_dereference(vcpu->runner);
	if (runner)
		kick_process(runner);
	rcu_read_unlock();
	preempt_enable();
}

/* ---- outside of RUN -------------------------------------------------------------------------- */

static int open_here(struct posada_vcpu *vcpu)
{
	int err;

	preempt_disable();
	if (vcpu->cpu != smp_processor_id())
		moved(vcpu);
	err = cpu_load(&vcpu->vmcs);
	if (err)
		goto out_enable_preemption;
	local_irq_disable();
	err = cpu_open(&vcpu->vmcs);
	if (err)
		goto out_enable_irqs;
	return 0;

out_enable_irqs:
	local_irq_enable();
out_enable_preemption:
	preempt_enable();
	return err;
}

int vcpu_open(struct posada_vcpu *vcpu)
{
	int err;

	lockdep_assert_held(&vcpu->mutex);
	do {
		err = open_here(vcpu);
		if (err == -EAGAIN)	/* this CPU is going down: to another */
			schedule_timeout_uninterruptible(1);
	} while (err == -EAGAIN);
	return err;
}

void vcpu_close(struct posada_vcpu *vcpu)
{
	cpu_close(&vcpu->vmcs);
	local_irq_enable();
	preempt_enable();
}

/* ---- life -------------------------------------------------------------------------- */

void vcpu_exceptions(struct posada_vcpu *vcpu)
{
	vmcs_write(EXCEPTION_BITMAP, BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC) |
				     vcpu->trap_exceptions | debug_exceptions(vcpu));
}

u32 vcpu_secondary_controls(const struct posada_vcpu *vcpu)
{
	u32 cpu2 = vmx_caps.cpu2 & ~vcpu->cpuid.cpu2;

	return vcpu->vpid ? cpu2 : cpu2 & ~SECONDARY_EXEC_ENABLE_VPID;
}

void vcpu_cpuid_changed(struct posada_vcpu *vcpu)
{
	cr_update_owned(vcpu);
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vcpu_secondary_controls(vcpu));
	trap_arm(vcpu);
}

static void vmcs_init(struct posada_vcpu *vcpu)
{
	struct vmx_caps *caps = &vmx_caps;

	vcpu->controls = caps->cpu;

	vmcs_write(PIN_BASED_VM_EXEC_CONTROL, caps->pin);
	vmcs_write(CPU_BASED_VM_EXEC_CONTROL, caps->cpu);
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vcpu_secondary_controls(vcpu));
	if (caps->cpu2 & SECONDARY_EXEC_ENCLS_EXITING)
		vmcs_write(ENCLS_EXITING_BITMAP, ~0ULL);
	vmcs_write(VM_EXIT_CONTROLS, caps->exit);
	vmcs_write(VM_ENTRY_CONTROLS, caps->entry);
	vcpu_exceptions(vcpu);
	vmcs_write(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmcs_write(CR3_TARGET_COUNT, 0);
	vmcs_write(VM_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmcs_write(VMCS_LINK_POINTER, ~0ULL);
	vmcs_write(MSR_BITMAP, msr_bitmap());
	vmcs_write(EPT_POINTER, vcpu->vm->mem.ept.eptp);
	vmcs_write(VIRTUAL_APIC_PAGE_ADDR, __pa(vcpu->apic_page));
	vmcs_write(TPR_THRESHOLD, 0);
	if (vcpu->vpid)
		vmcs_write(VIRTUAL_PROCESSOR_ID, vcpu->vpid);
	if (caps->timer)
		vmcs_write(VMX_PREEMPTION_TIMER_VALUE, STAY_TICKS >> caps->timer_shift);
	if (caps->perf_global)
		vmcs_write(GUEST_IA32_PERF_GLOBAL_CTRL, 0);
	vmcs_host_init(&vcpu->vmcs, vmexit_landing);
	state_reset(vcpu);
}

/* A number of its own for the TLB, or 0: then every entry and exit flushes. */
static u16 vpid_alloc(void)
{
	int vpid;

	if (!vmx_caps.vpid)
		return 0;
	vpid = ida_alloc_range(&vpids, 1, U16_MAX, GFP_KERNEL);
	return vpid < 0 ? 0 : vpid;
}

static void vpid_free(u16 vpid)
{
	if (vpid)
		ida_free(&vpids, vpid);
}

static int fill(struct posada_vcpu *vcpu)
{
	const struct posada_cpuid_entry *entries;
	u32 nr;
	int err;

	entries = cpuid_supported(&nr);
	err = cpuid_set(&vcpu->cpuid, entries, nr);
	if (err)
		return err;
	mutex_lock(&vcpu->mutex);
	err = vcpu_open(vcpu);
	if (!err) {
		vmcs_init(vcpu);
		vcpu_close(vcpu);
	}
	mutex_unlock(&vcpu->mutex);
	return err;
}

struct posada_vcpu *vcpu_create(struct posada_vm *vm, u32 id)
{
	struct posada_vcpu *vcpu;
	int err = -ENOMEM;

	if (test_and_set_bit(id, vm->ids))
		return ERR_PTR(-EEXIST);
	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		goto out_free_id;
	vcpu->id = id;
	vcpu->serial = atomic64_inc_return(&serials);
	vcpu->vm = vm;
	vcpu->cpu = -1;
	mutex_init(&vcpu->mutex);
	rcuwait_init(&vcpu->wait);

	vcpu->run = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run)
		goto out_free_vcpu;
	vcpu->apic_page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->apic_page)
		goto out_free_run;
	err = fpu_create(&vcpu->fpu);
	if (err)
		goto out_free_apic_page;
	vcpu->explain = explain_create();
	if (!vcpu->explain) {
		err = -ENOMEM;
		goto out_destroy_fpu;
	}
	if (explain_always)
		vcpu->slow |= SLOW_CHECK;
	err = vmcs_create(&vcpu->vmcs);
	if (err)
		goto out_destroy_explain;
	vcpu->vpid = vpid_alloc();
	err = fill(vcpu);
	if (err)
		goto out_destroy_vmcs;
	vm_get(vm);
	vm_add(vm, vcpu);
	ledger_add(LEDGER_VCPU);
	return vcpu;

out_destroy_vmcs:
	vpid_free(vcpu->vpid);
	cpuid_free(&vcpu->cpuid);
	vmcs_destroy(&vcpu->vmcs);
out_destroy_explain:
	explain_destroy(vcpu->explain);
out_destroy_fpu:
	fpu_destroy(&vcpu->fpu);
out_free_apic_page:
	free_page((unsigned long)vcpu->apic_page);
out_free_run:
	free_page((unsigned long)vcpu->run);
out_free_vcpu:
	kfree(vcpu);
out_free_id:
	clear_bit(id, vm->ids);
	return ERR_PTR(err);
}

void vcpu_destroy(struct posada_vcpu *vcpu)
{
	struct posada_vm *vm = vcpu->vm;

	ledger_remove(LEDGER_VCPU);
	vm_remove(vm, vcpu);
	mem_scratch_free(&vcpu->scratch);
	debug_free(vcpu);
	vmcs_destroy(&vcpu->vmcs);
	cpuid_free(&vcpu->cpuid);
	vpid_free(vcpu->vpid);
	explain_destroy(vcpu->explain);
	fpu_destroy(&vcpu->fpu);
	free_page((unsigned long)vcpu->apic_page);
	free_page((unsigned long)vcpu->run);
	clear_bit(vcpu->id, vm->ids);
	kfree(vcpu);
	vm_put(vm);
}
