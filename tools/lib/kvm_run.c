// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_RUN, and its exits in the words of <linux/posada.h>.
 *
 * The great difference: posada reports an instruction before it, and the caller
 * executes it.  KVM reports a port or a device in the midst of an instruction, and
 * finishes that itself at the next KVM_RUN.  So POSADA_APPLY_SKIP is left to KVM,
 * and its absence makes us undo what KVM did.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver_kvm.h"

/* Basic exit reasons (SDM 3C appendix C) */
#define REASON_TRIPLE_FAULT  2
#define REASON_HLT	     12
#define REASON_IO	     30
#define REASON_RDMSR	     31
#define REASON_WRMSR	     32
#define REASON_EPT_VIOLATION 48

#define APPLY_ALL	     (POSADA_APPLY_SKIP | POSADA_APPLY_RIP | POSADA_APPLY_RFLAGS)

/* What an exit comes to. */
#define EXIT_AGAIN	     0 /* nothing for the caller */
#define EXIT_REPORT	     1

/* ---- registers ------------------------------------------------------------------- */

/* In the order of posada_run.regs; RSP is not exchanged. */
#define GENERAL(X)         \
	X(rax, POSADA_RAX) \
	X(rcx, POSADA_RCX) \
	X(rdx, POSADA_RDX) \
	X(rbx, POSADA_RBX) \
	X(rbp, POSADA_RBP) \
	X(rsi, POSADA_RSI) \
	X(rdi, POSADA_RDI) \
	X(r8, POSADA_R8)   \
	X(r9, POSADA_R9)   \
	X(r10, POSADA_R10) \
	X(r11, POSADA_R11) \
	X(r12, POSADA_R12) \
	X(r13, POSADA_R13) \
	X(r14, POSADA_R14) \
	X(r15, POSADA_R15)

static void set_dirty(struct kvm_cpu *cpu)
{
	cpu->kvm->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	cpu->fresh = false;
}

void kvm_regs_in(struct kvm_cpu *cpu)
{
	struct kvm_regs *regs = &cpu->kvm->s.regs.regs;
	uint64_t changed = 0;

#define TAKE(name, number)                             \
	changed |= regs->name ^ cpu->run.regs[number]; \
	regs->name = cpu->run.regs[number];
	GENERAL(TAKE)
#undef TAKE
	if (changed)
		set_dirty(cpu);
}

void kvm_regs_out(struct kvm_cpu *cpu)
{
	const struct kvm_regs *regs = &cpu->kvm->s.regs.regs;

#define GIVE(name, number) cpu->run.regs[number] = regs->name;
	GENERAL(GIVE)
#undef GIVE
	cpu->run.rip = regs->rip;
	cpu->run.rflags = regs->rflags;
}

/* ---- in and out ------------------------------------------------------------------ */

void kvm_poke(struct kvm_cpu *cpu, unsigned int why)
{
	uint64_t one = 1;
	int thread;

	__atomic_or_fetch(&cpu->poke, why, __ATOMIC_SEQ_CST);
	__atomic_store_n(&cpu->kvm->immediate_exit, 1, __ATOMIC_SEQ_CST);
	thread = __atomic_load_n(&cpu->inside, __ATOMIC_SEQ_CST);
	if (thread)
		syscall(SYS_tgkill, getpid(), thread, SIGRTMIN);
	if (__atomic_load_n(&cpu->asleep, __ATOMIC_SEQ_CST) &&
	    write(cpu->wake, &one, sizeof(one)) < 0)
		return; /* full: it is awake already */
}

int kvm_kick(struct driver_vcpu *vcpu)
{
	kvm_poke(kvm_cpu_of(vcpu), POKE_KICK);
	return 0;
}

static unsigned int poked(struct kvm_cpu *cpu)
{
	return __atomic_load_n(&cpu->poke, __ATOMIC_SEQ_CST);
}

static int this_thread(void)
{
	static __thread int tid;

	if (!tid)
		tid = gettid();
	return tid;
}

/* The layout changes: wait until it has. */
static void wait_for_layout(struct kvm_cpu *cpu)
{
	__atomic_store_n(&cpu->inside, 0, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&cpu->vm->lock);
	pthread_mutex_unlock(&cpu->vm->lock);
	__atomic_store_n(&cpu->inside, this_thread(), __ATOMIC_SEQ_CST);
}

static void go_inside(struct kvm_cpu *cpu)
{
	__atomic_store_n(&cpu->inside, this_thread(), __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&cpu->vm->changing, __ATOMIC_SEQ_CST))
		wait_for_layout(cpu);
}

/* KVM_RUN, with the flags that say what it has done. */
static int enter(struct kvm_cpu *cpu)
{
	int ret;

	/* A poke before the store is seen behind it, one after it by KVM. */
	go_inside(cpu);
	__atomic_store_n(&cpu->kvm->immediate_exit, 0, __ATOMIC_SEQ_CST);
	if (poked(cpu))
		ret = -EAGAIN;
	else
		ret = kvm_ioctl(cpu->vcpu->fd, KVM_RUN, 0);
	__atomic_store_n(&cpu->inside, 0, __ATOMIC_SEQ_CST);
	if (ret == -EAGAIN)
		return ret;
	cpu->open_exit = OPEN_NOT;
	cpu->fresh = true;
	cpu->kvm->kvm_dirty_regs = 0;
	kvm_regs_out(cpu);
	return ret;
}

int kvm_refresh(struct kvm_cpu *cpu)
{
	int ret;

	go_inside(cpu);
	__atomic_store_n(&cpu->kvm->immediate_exit, 1, __ATOMIC_SEQ_CST);
	ret = kvm_ioctl(cpu->vcpu->fd, KVM_RUN, 0);
	__atomic_store_n(&cpu->inside, 0, __ATOMIC_SEQ_CST);
	cpu->open_exit = OPEN_NOT;
	cpu->fresh = true;
	cpu->kvm->kvm_dirty_regs = 0;
	kvm_regs_out(cpu);
	return ret == -EINTR ? 0 : ret ? ret : 1;
}

int kvm_settle(struct kvm_cpu *cpu)
{
	int ret;

	if (cpu->open_exit != OPEN_ANSWERED)
		return 0;
	ret = kvm_refresh(cpu);
	cpu->deferred = ret == 1;
	return ret == 1 ? 0 : ret;
}

/*
 * KVM can only go on.  So it does, with whatever lies in its page, and then
 * registers and events are put back as they were.
 */
int kvm_abandon(struct kvm_cpu *cpu)
{
	struct kvm_regs regs = cpu->kvm->s.regs.regs;
	struct kvm_vcpu_events events;
	int fd = cpu->vcpu->fd, err, more;

	err = kvm_ioctl(fd, KVM_GET_VCPU_EVENTS, (uintptr_t)&events);
	if (err)
		return err;
	cpu->kvm->kvm_dirty_regs = 0;
	/* An access that is split comes in parts. */
	do {
		more = kvm_refresh(cpu);
	} while (more == 1);
	if (more)
		return more;
	err = kvm_ioctl(fd, KVM_SET_REGS, (uintptr_t)&regs);
	if (!err)
		err = kvm_ioctl(fd, KVM_SET_VCPU_EVENTS, (uintptr_t)&events);
	cpu->kvm->s.regs.regs = regs;
	cpu->fresh = false;
	kvm_regs_out(cpu);
	return err;
}

/* ---- exits ----------------------------------------------------------------------- */

static void exit_io(struct kvm_cpu *cpu)
{
	struct kvm_run *kvm = cpu->kvm;

	cpu->run.reason = POSADA_EXIT_IO;
	cpu->run.hw_reason = REASON_IO;
	cpu->run.io.port = kvm->io.port;
	cpu->run.io.width = kvm->io.size;
	cpu->run.io.flags = kvm->io.direction == KVM_EXIT_IO_IN ? POSADA_IO_IN : 0;
	cpu->vcpu->data = (struct driver_data){
		.bytes = (uint8_t *)kvm + kvm->io.data_offset,
		.width = kvm->io.size,
		.count = kvm->io.count,
	};
	cpu->open_exit = OPEN_ACCESS;
}

static void exit_mmio(struct kvm_cpu *cpu)
{
	struct kvm_run *kvm = cpu->kvm;

	cpu->run.reason = POSADA_EXIT_MMIO;
	cpu->run.hw_reason = REASON_EPT_VIOLATION;
	cpu->run.mmio.gpa = kvm->mmio.phys_addr;
	cpu->run.mmio.flags = kvm->mmio.is_write ? POSADA_ACCESS_WRITE : POSADA_ACCESS_READ;
	cpu->vcpu->data = (struct driver_data){
		.bytes = kvm->mmio.data,
		.width = kvm->mmio.len,
		.count = 1,
	};
	cpu->open_exit = OPEN_ACCESS;
}

static void exit_msr(struct kvm_cpu *cpu)
{
	struct kvm_run *kvm = cpu->kvm;
	bool is_write = kvm->exit_reason == KVM_EXIT_X86_WRMSR;

	cpu->run.reason = is_write ? POSADA_EXIT_WRMSR : POSADA_EXIT_RDMSR;
	cpu->run.hw_reason = is_write ? REASON_WRMSR : REASON_RDMSR;
	cpu->run.msr.index = kvm->msr.index;
	cpu->run.msr.value = is_write ? kvm->msr.data : 0;
	cpu->open_exit = OPEN_MSR;
}

/*
 * KVM has skipped it.  As an exit it is one before the instruction, which is a
 * byte long (with prefixes that mean nothing, longer).
 */
static int exit_hlt(struct kvm_cpu *cpu)
{
	if (!(cpu->run.flags & POSADA_RUN_EXIT_HLT)) {
		cpu->halted = true;
		return EXIT_AGAIN;
	}
	cpu->run.reason = POSADA_EXIT_HLT;
	cpu->run.hw_reason = REASON_HLT;
	cpu->run.insn_len = 1;
	cpu->run.rip = --cpu->kvm->s.regs.regs.rip;
	set_dirty(cpu);
	return EXIT_REPORT;
}

static void exit_fail_entry(struct kvm_cpu *cpu)
{
	uint64_t why = cpu->kvm->fail_entry.hardware_entry_failure_reason;

	cpu->run.reason = POSADA_EXIT_FAILED;
	/* Either an exit reason with bit 31 set, or a VM-instruction error. */
	cpu->run.hw_reason = why & 1U << 31 ? why : 0;
	cpu->run.failed.instruction_error = why & 1U << 31 ? 0 : why;
}

static void exit_internal(struct kvm_cpu *cpu)
{
	static const char *const words[] = {
		[KVM_INTERNAL_ERROR_EMULATION] = "KVM cannot emulate the instruction",
		[KVM_INTERNAL_ERROR_SIMUL_EX] = "KVM met two exceptions at once",
		[KVM_INTERNAL_ERROR_DELIVERY_EV] = "KVM met an exit while delivering an event",
		[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "KVM does not know this exit",
	};
	const struct kvm_run *kvm = cpu->kvm;
	uint32_t error = kvm->internal.suberror;

	cpu->run.reason = POSADA_EXIT_UNKNOWN;
	if (error == KVM_INTERNAL_ERROR_DELIVERY_EV) {
		cpu->run.unknown.vectoring_info = kvm->internal.data[0];
		cpu->run.hw_reason = kvm->internal.data[1];
	} else if (error == KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON) {
		cpu->run.hw_reason = kvm->internal.data[0];
	}
	cpu->vcpu->words = error < sizeof(words) / sizeof(words[0]) && words[error] ?
				   words[error] :
				   "an error inside KVM";
}

static void exit_unknown(struct kvm_cpu *cpu)
{
	cpu->run.reason = POSADA_EXIT_UNKNOWN;
	cpu->run.qualification = cpu->kvm->exit_reason;
	cpu->vcpu->words = "an exit of KVM's that has no translation";
}

static void exit_shutdown(struct kvm_cpu *cpu)
{
	cpu->dead = true;
	cpu->run.reason = POSADA_EXIT_SHUTDOWN;
	cpu->run.hw_reason = REASON_TRIPLE_FAULT;
}

/* The record of an exit has nothing of the one before. */
static void clear_record(struct kvm_cpu *cpu)
{
	cpu->run.hw_reason = 0;
	cpu->run.insn_len = 0;
	cpu->run.qualification = 0;
	memset(cpu->run.raw, 0, sizeof(cpu->run.raw));
	cpu->vcpu->data = (struct driver_data){ 0 };
	cpu->vcpu->words = NULL;
}

static int handle(struct kvm_cpu *cpu)
{
	clear_record(cpu);
	switch (cpu->kvm->exit_reason) {
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_SET_TPR:
		return EXIT_AGAIN;
	case KVM_EXIT_HLT:
		return exit_hlt(cpu);
	case KVM_EXIT_IO:
		exit_io(cpu);
		break;
	case KVM_EXIT_MMIO:
		exit_mmio(cpu);
		break;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		exit_msr(cpu);
		break;
	case KVM_EXIT_SHUTDOWN:
		exit_shutdown(cpu);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		exit_fail_entry(cpu);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		exit_internal(cpu);
		break;
	default:
		exit_unknown(cpu);
	}
	return EXIT_REPORT;
}

/* KVM does not say which page it could not get. */
static void report_memory(struct kvm_cpu *cpu)
{
	clear_record(cpu);
	cpu->run.reason = POSADA_EXIT_MEMORY;
	cpu->run.hw_reason = REASON_EPT_VIOLATION;
	cpu->run.mmio.gpa = ~0ULL;
	cpu->run.mmio.error = EFAULT;
}

static void report_kick(struct kvm_cpu *cpu)
{
	clear_record(cpu);
	cpu->run.reason = POSADA_EXIT_KICK;
}

/* ---- what the caller did about the last exit ---------------------------------------- */

static void finish_msr(struct kvm_cpu *cpu)
{
	struct kvm_run *kvm = cpu->kvm;

	kvm->msr.error = 0;
	if (cpu->run.reason == POSADA_EXIT_RDMSR)
		kvm->msr.data = cpu->run.regs[POSADA_RDX] << 32 |
				(uint32_t)cpu->run.regs[POSADA_RAX];
}

static void set_rip(struct kvm_cpu *cpu, uint64_t rip)
{
	cpu->kvm->s.regs.regs.rip = rip;
	set_dirty(cpu);
}

static int apply(struct kvm_cpu *cpu)
{
	uint32_t what = cpu->run.apply;
	int err = 0;

	if (what & ~APPLY_ALL || cpu->run.flags & ~POSADA_RUN_EXIT_HLT ||
	    cpu->run.offer & ~(POSADA_OFFER_VALID | POSADA_OFFER_VECTOR))
		return -EINVAL;
	cpu->run.apply = 0;
	if (cpu->open_exit == OPEN_ANSWERED)
		return 0;
	if (cpu->open_exit && what == POSADA_APPLY_SKIP) {
		if (cpu->open_exit == OPEN_MSR)
			finish_msr(cpu);
		cpu->open_exit = OPEN_ANSWERED;
		cpu->fresh = false;
		kvm_regs_in(cpu);
		return 0;
	}
	if (cpu->open_exit) {
		struct posada_run run = cpu->run;

		err = kvm_abandon(cpu);
		memcpy(cpu->run.regs, run.regs, sizeof(run.regs));
		cpu->run.rip = run.rip;
		cpu->run.rflags = run.rflags;
	}
	kvm_regs_in(cpu);
	if (what & POSADA_APPLY_SKIP)
		set_rip(cpu, cpu->kvm->s.regs.regs.rip + cpu->run.insn_len);
	if (what & POSADA_APPLY_RIP)
		set_rip(cpu, cpu->run.rip);
	if (what & POSADA_APPLY_RFLAGS) {
		cpu->kvm->s.regs.regs.rflags = cpu->run.rflags;
		set_dirty(cpu);
	}
	return err;
}

/* ---- run ------------------------------------------------------------------------- */

/* The caller's HLT.  Return: 0, or -EINTR */
static int sleep_halted(struct kvm_cpu *cpu)
{
	struct pollfd wake = { .fd = cpu->wake, .events = POLLIN };
	uint64_t count;
	int err = 0;

	__atomic_store_n(&cpu->asleep, 1, __ATOMIC_SEQ_CST);
	if (!poked(cpu) && poll(&wake, 1, -1) < 0)
		err = -errno;
	__atomic_store_n(&cpu->asleep, 0, __ATOMIC_SEQ_CST);
	if (read(cpu->wake, &count, sizeof(count)) < 0)
		count = 0; /* nobody wrote: a signal, or no sleep at all */
	return err;
}

static bool take_kick(struct kvm_cpu *cpu)
{
	return __atomic_fetch_and(&cpu->poke, ~(POKE_KICK | POKE_EVENT), __ATOMIC_SEQ_CST) &
	       POKE_KICK;
}

/* Until there is something for the caller.  Return: 0, or -errno */
static int run_on(struct kvm_cpu *cpu)
{
	for (;;) {
		int ret;

		if (take_kick(cpu)) {
			report_kick(cpu);
			return 0;
		}
		if (cpu->halted && !kvm_events_wake(cpu)) {
			ret = sleep_halted(cpu);
			if (ret)
				return ret;
			continue;
		}
		cpu->halted = false;
		ret = cpu->deferred ? 1 : kvm_events_deliver(cpu);
		cpu->deferred = false;
		if (!ret) {
			ret = enter(cpu);
			if (ret == -EAGAIN || (ret == -EINTR && poked(cpu)))
				continue;
		} else if (ret == 1) {
			ret = 0; /* finishing the last instruction was an exit */
		}
		if (ret == -EFAULT)
			report_memory(cpu);
		else if (ret)
			return ret;
		else if (handle(cpu) == EXIT_AGAIN)
			continue;
		return 0;
	}
}

int kvm_run(struct driver_vcpu *vcpu)
{
	struct kvm_cpu *cpu = kvm_cpu_of(vcpu);
	int err = apply(cpu);

	if (err)
		return err;
	cpu->run.status = 0;
	if (cpu->dead) {
		clear_record(cpu);
		exit_shutdown(cpu);
		return 0;
	}
	err = run_on(cpu);
	if (!err)
		cpu->to_user++;
	return err;
}
