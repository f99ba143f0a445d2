// SPDX-License-Identifier: GPL-2.0
/* Instructions that exit: done here, or handed to the program. */
#include "exit.h"

#include "cr.h"
#include "vcpu.h"
#include "vmx_ops.h"

int exit_cpuid(struct posada_vcpu *vcpu)
{
	exit_read_insn(vcpu);
	cpuid_execute(vcpu, vcpu->run->regs);
	exit_skip(vcpu);
	return EXIT_RESUME;
}

int exit_hlt(struct posada_vcpu *vcpu)
{
	exit_read_insn(vcpu);
	if (READ_ONCE(vcpu->run->flags) & POSADA_RUN_EXIT_HLT)
		return exit_to_user_insn(vcpu, POSADA_EXIT_HLT);
	exit_skip(vcpu);
	vcpu->events.check = true;
	vcpu->halted_in_nmi = vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_NMI;
	/* The trap of single-stepping is an event that wakes at once, as is one that
	 * was held up by a MOV-SS shadow.
	 */
	if (inject_wakes(vcpu) || (vcpu->exit.rflags & RFLAGS_TF) ||
	    (vcpu->dr_loaded && inject_trap_pending()))
		return EXIT_RESUME;
	vcpu->halted = true;
	return EXIT_HALT;
}

int exit_vmcall(struct posada_vcpu *vcpu)
{
	exit_read_insn(vcpu);
	return exit_to_user_insn(vcpu, POSADA_EXIT_HYPERCALL);
}

/* SDM 3C table 28-5 */
#define IO_WIDTH(qual)	(((qual) & 7) + 1)
#define IO_IN		(1ULL << 3)
#define IO_STRING	(1ULL << 4)
#define IO_REP		(1ULL << 5)
#define IO_PORT(qual)	((qual) >> 16 & 0xffff)
/* SDM 3C table 28-9 */
#define STRING_ADDRESS_SIZE(info)	(2U << ((info) >> 7 & 7))
#define STRING_SEGMENT(info)		((info) >> 15 & 7)
#define SEGMENT_ES	0

int exit_io(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	u64 qual = vmcs_read(EXIT_QUALIFICATION);
	u32 info;

	exit_read_insn(vcpu);
	run->qualification = qual;
	run->io.port = IO_PORT(qual);
	run->io.width = IO_WIDTH(qual);
	run->io.reserved = 0;
	run->io.flags = qual & IO_IN ? POSADA_IO_IN : 0;
	if (likely(!(qual & IO_STRING)))
		return exit_to_user_insn(vcpu, POSADA_EXIT_IO);

	info = vmcs_read(VMX_INSTRUCTION_INFO);
	run->io.flags |= POSADA_IO_STRING;
	if (qual & IO_REP)
		run->io.flags |= POSADA_IO_REP;
	run->io.gva = vmcs_read(GUEST_LINEAR_ADDRESS);
	run->io.address_size = STRING_ADDRESS_SIZE(info);
	run->io.segment = qual & IO_IN ? SEGMENT_ES : STRING_SEGMENT(info);
	return exit_to_user_walk(vcpu, POSADA_EXIT_IO);
}

int exit_msr_to_user(struct posada_vcpu *vcpu, bool write)
{
	struct posada_run *run = vcpu->run;

	run->msr.index = READ_ONCE(run->regs[POSADA_RCX]);
	run->msr.reserved = 0;
	run->msr.value = write ? (u32)READ_ONCE(run->regs[POSADA_RAX]) |
				 READ_ONCE(run->regs[POSADA_RDX]) << 32 : 0;
	return exit_to_user_insn(vcpu, write ? POSADA_EXIT_WRMSR : POSADA_EXIT_RDMSR);
}

int exit_rdmsr(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	u32 index = READ_ONCE(run->regs[POSADA_RCX]);
	u64 value;

	exit_read_insn(vcpu);
	if (msr_read(vcpu, index, &value) == MSR_DONE) {
		run->regs[POSADA_RAX] = (u32)value;
		run->regs[POSADA_RDX] = value >> 32;
		exit_skip(vcpu);
		return EXIT_RESUME;
	}
	return exit_msr_to_user(vcpu, false);
}

int exit_wrmsr(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	u32 index = READ_ONCE(run->regs[POSADA_RCX]);
	u64 value = (u32)READ_ONCE(run->regs[POSADA_RAX]) |
		    READ_ONCE(run->regs[POSADA_RDX]) << 32;

	exit_read_insn(vcpu);
	switch (msr_write(vcpu, index, value)) {
	case MSR_DONE:
		exit_skip(vcpu);
		return EXIT_RESUME;
	case MSR_FAULT:
		return exit_raise_gp(vcpu);
	}
	return exit_msr_to_user(vcpu, true);
}

/*
 * CR4.OSXSAVE and the CPL were checked before the exit (SDM 3C 26.1.1: exceptions
 * that depend on the privilege level come first) only in part, so look again.
 */
int exit_xsetbv(struct posada_vcpu *vcpu)
{
	struct posada_run *run = vcpu->run;
	u32 index = READ_ONCE(run->regs[POSADA_RCX]);
	u64 value = (u32)READ_ONCE(run->regs[POSADA_RAX]) |
		    READ_ONCE(run->regs[POSADA_RDX]) << 32;

	exit_read_insn(vcpu);
	if (!vcpu->osxsave)
		return exit_raise_ud(vcpu);
	if (cr_cpl() || index || !fpu_xcr0_valid(value))
		return exit_raise_gp(vcpu);
	fpu_write_xcr0(&vcpu->fpu, value);
	exit_skip(vcpu);
	return EXIT_RESUME;
}

/* Caches are the host's business; INVD would drop the host's dirty lines. */
int exit_nothing(struct posada_vcpu *vcpu)
{
	exit_read_insn(vcpu);
	exit_skip(vcpu);
	return EXIT_RESUME;
}

int exit_ud(struct posada_vcpu *vcpu)
{
	return exit_raise_ud(vcpu);
}

int exit_gp(struct posada_vcpu *vcpu)
{
	return exit_raise_gp(vcpu);
}
