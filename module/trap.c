// SPDX-License-Identifier: GPL-2.0
#include "trap.h"

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/posada.h>
#include <asm/special_insns.h>

#include "cpu.h"
#include "cr.h"
#include "exit.h"
#include "policy.h"
#include "step.h"
#include "vcpu.h"
#include "vm.h"
#include "vmx_ops.h"

/* ---- set and get ------------------------------------------------------------------- */

static struct policy_cpu cpu(void)
{
	struct policy_cpu c = { .cpu = vmx_caps.cpu_may, .cpu2 = vmx_caps.cpu2_may };

	c.msrs = msr_special(&c.nr_msrs);
	return c;
}

static void destroy(struct policy *p)
{
	if (!p)
		return;
	free_page((unsigned long)p->msr_bitmap);
	kvfree(p);
}

static struct policy *create(const struct posada_trap *traps, u32 nr)
{
	struct policy_cpu c = cpu();
	struct posada_trap *built_in;
	struct policy *p = NULL;
	u32 nr_built_in, i;

	built_in = kmalloc_array(POLICY_MAX_BUILT_IN, sizeof(*built_in), GFP_KERNEL_ACCOUNT);
	if (!built_in)
		return NULL;
	nr_built_in = policy_built_in(built_in, &c);
	p = kvzalloc(struct_size(p, rows, nr + nr_built_in), GFP_KERNEL_ACCOUNT);
	if (!p)
		goto out_free_built_in;
	p->nr_set = nr;
	p->nr = nr + nr_built_in;
	for (i = 0; i < p->nr; i++)
		p->rows[i].trap = i < nr ? traps[i] : built_in[i - nr];
	policy_compile(p, &c);
	if (p->controls.msrs) {
		p->msr_bitmap = (u8 *)__get_free_page(GFP_KERNEL_ACCOUNT);
		if (!p->msr_bitmap) {
			destroy(p);
			p = NULL;
			goto out_free_built_in;
		}
		msr_bitmap_fill(p->msr_bitmap, p);
	}
out_free_built_in:
	kfree(built_in);
	return p;
}

int trap_set(struct posada_vm *vm, const struct posada_trap *traps, struct posada_policy *arg)
{
	struct policy_cpu c = cpu();
	struct policy *p, *old;
	const char *why;
	int err;
	u32 i;

	for (i = 0; i < arg->nr; i++) {
		why = policy_refuse(&traps[i], &c, &err);
		if (why) {
			arg->bad = i;
			memcpy(arg->why, why, min(strlen(why), sizeof(arg->why) - 1));
			return err;
		}
	}
	p = create(traps, arg->nr);
	if (!p)
		return -ENOMEM;
	mutex_lock(&vm->policy_lock);
	old = rcu_dereference_protected(vm->policy, lockdep_is_held(&vm->policy_lock));
	rcu_assign_pointer(vm->policy, p);
	vm_request(vm, REQUEST_POLICY);
	mutex_unlock(&vm->policy_lock);
	/* Exits are handled with interrupts off, which RCU waits for. */
	synchronize_rcu();
	destroy(old);
	return 0;
}

/* What a VM has that was never given a policy: the built-in rows. */
struct posada_trap *trap_get(struct posada_vm *vm, u32 *nr)
{
	struct posada_trap *traps;
	struct policy *p;
	u32 i;

	traps = kvmalloc_array(POSADA_POLICY_MAX_TRAPS + POLICY_MAX_BUILT_IN, sizeof(*traps),
			       GFP_KERNEL_ACCOUNT);
	if (!traps)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&vm->policy_lock);
	p = rcu_dereference_protected(vm->policy, lockdep_is_held(&vm->policy_lock));
	if (p) {
		*nr = p->nr;
		for (i = 0; i < p->nr; i++) {
			traps[i] = p->rows[i].trap;
			traps[i].hits = atomic64_read(&p->rows[i].hits);
		}
	} else {
		struct policy_cpu c = cpu();

		*nr = policy_built_in(traps, &c);
	}
	mutex_unlock(&vm->policy_lock);
	return traps;
}

void trap_free(struct posada_vm *vm)
{
	destroy(rcu_dereference_protected(vm->policy, true));
}

/* ---- the VMCS ------------------------------------------------------------------------- */

/* Interrupts are off: the policy stays as long as they are. */
static struct policy *policy(const struct posada_vcpu *vcpu)
{
	return rcu_dereference_check(vcpu->vm->policy, irqs_disabled());
}

void trap_arm(struct posada_vcpu *vcpu)
{
	const struct policy_controls *c;
	struct policy *p = policy(vcpu);
	u64 cr4;

	if (!p)
		return;
	c = &p->controls;
	vcpu_controls(vcpu, c->cpu | (c->dr ? CPU_BASED_MOV_DR_EXITING : 0),
		      policy_cpu_mask & ~c->cpu);
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vcpu_secondary_controls(vcpu) | c->cpu2);
	vmcs_write(MSR_BITMAP, p->msr_bitmap ? __pa(p->msr_bitmap) : msr_bitmap());
	cr4 = cr4_read();
	vmcs_write(CR0_READ_SHADOW, cr0_read());
	vmcs_write(CR4_READ_SHADOW, cr4);
	vmcs_write(CR0_GUEST_HOST_MASK, c->cr0 ? ~0UL : cr0_owned());
	vmcs_write(CR4_GUEST_HOST_MASK, c->cr4 ? ~0UL : cr4_owned(vcpu));
	vcpu->trap_dr = c->dr;
	vcpu->trap_exceptions = c->exceptions;
	vcpu_exceptions(vcpu);
}

void trap_disarm(struct posada_vcpu *vcpu)
{
	u64 cr0 = cr0_read(), cr4 = cr4_read();
	u32 on = vmx_caps.cpu & policy_cpu_mask;

	vcpu_controls(vcpu, on, policy_cpu_mask & ~on);
	if (vcpu->dr_loaded)
		vcpu_controls(vcpu, 0, CPU_BASED_MOV_DR_EXITING);
	vmcs_write(SECONDARY_VM_EXEC_CONTROL, vcpu_secondary_controls(vcpu));
	vmcs_write(CR0_READ_SHADOW, cr0);
	vmcs_write(CR4_READ_SHADOW, cr4);
	vmcs_write(CR0_GUEST_HOST_MASK, cr0_owned());
	vmcs_write(CR4_GUEST_HOST_MASK, cr4_owned(vcpu));
	vcpu->trap_dr = false;
}

void trap_load(struct posada_vcpu *vcpu)
{
	vcpu->slow |= SLOW_POLICY;
	trap_arm(vcpu);
}

/* ---- what an exit is about ------------------------------------------------------------- */

/* An exit in the words of the policy. */
struct action {
	u32 what;
	u32 access;
	u32 number;
	u32 gpr;
	u64 value;	/* what would be written */
	u64 qual;
};

/* Kinds without direction and number, by exit reason; plus one. */
#define KIND(what)	(POSADA_TRAP_##what + 1)

static const u8 simple[POSADA_STATS_REASONS] = {
	[EXIT_REASON_CPUID] = KIND(CPUID),
	[EXIT_REASON_HLT] = KIND(HLT),
	[EXIT_REASON_INVD] = KIND(WBINVD),
	[EXIT_REASON_INVLPG] = KIND(INVLPG),
	[EXIT_REASON_RDPMC] = KIND(RDPMC),
	[EXIT_REASON_RDTSC] = KIND(RDTSC),
	[EXIT_REASON_VMCALL] = KIND(VMCALL),
	[EXIT_REASON_CR_ACCESS] = KIND(CR),
	[EXIT_REASON_DR_ACCESS] = KIND(DR),
	[EXIT_REASON_IO_INSTRUCTION] = KIND(IO),
	[EXIT_REASON_MSR_READ] = KIND(MSR),
	[EXIT_REASON_MSR_WRITE] = KIND(MSR),
	[EXIT_REASON_MWAIT_INSTRUCTION] = KIND(MWAIT),
	[EXIT_REASON_MONITOR_INSTRUCTION] = KIND(MONITOR),
	[EXIT_REASON_PAUSE_INSTRUCTION] = KIND(PAUSE),
	[EXIT_REASON_GDTR_IDTR] = KIND(TABLES),
	[EXIT_REASON_LDTR_TR] = KIND(TABLES),
	[EXIT_REASON_RDTSCP] = KIND(RDTSC),
	[EXIT_REASON_WBINVD] = KIND(WBINVD),
	[EXIT_REASON_XSETBV] = KIND(XSETBV),
	[EXIT_REASON_RDRAND] = KIND(RDRAND),
	[EXIT_REASON_INVPCID] = KIND(INVLPG),
	[EXIT_REASON_RDSEED] = KIND(RDSEED),
};

static u64 edx_eax(const struct posada_vcpu *vcpu)
{
	return (u32)READ_ONCE(vcpu->run->regs[POSADA_RAX]) |
	       READ_ONCE(vcpu->run->regs[POSADA_RDX]) << 32;
}

static void set_edx_eax(struct posada_vcpu *vcpu, u64 value)
{
	vcpu->run->regs[POSADA_RAX] = (u32)value;
	vcpu->run->regs[POSADA_RDX] = value >> 32;
}

/* SDM 3C table 28-3 */
static void decode_cr(struct posada_vcpu *vcpu, struct action *a)
{
	enum { TO, FROM, CLTS, LMSW };
	u32 type = a->qual >> 4 & 3;

	a->number = a->qual & 0xf;
	a->access = type == FROM ? POSADA_TRAP_READ : POSADA_TRAP_WRITE;
	a->gpr = a->qual >> 8 & 0xf;
	switch (type) {
	case TO:
		a->value = exit_gpr(vcpu, a->gpr);
		break;
	case CLTS:
		a->number = 0;
		a->value = cr0_read() & ~X86_CR0_TS;
		break;
	case LMSW:
		/* PE can be set this way but not cleared (SDM 2A, LMSW). */
		a->number = 0;
		a->value = cr0_read();
		a->value = (a->value & ~0xeULL) | (a->qual >> 16 & 0xf);
		break;
	}
}

/* SDM 3C table 28-4 */
static void decode_dr(struct posada_vcpu *vcpu, struct action *a)
{
	a->number = a->qual & 7;
	a->access = a->qual & 0x10 ? POSADA_TRAP_READ : POSADA_TRAP_WRITE;
	a->gpr = a->qual >> 8 & 0xf;
	if (a->access == POSADA_TRAP_WRITE)
		a->value = exit_gpr(vcpu, a->gpr);
}

/* SDM 3C table 28-5 */
static void decode_io(struct posada_vcpu *vcpu, struct action *a)
{
	u32 bits = ((a->qual & 7) + 1) * 8;

	a->number = a->qual >> 16 & 0xffff;
	a->access = a->qual & 8 ? POSADA_TRAP_READ : POSADA_TRAP_WRITE;
	if (a->access == POSADA_TRAP_WRITE)
		a->value = READ_ONCE(vcpu->run->regs[POSADA_RAX]) & (~0ULL >> (64 - bits));
}

/* Return: false for an exit that no row is about. */
static bool decode(struct posada_vcpu *vcpu, u32 reason, struct action *a)
{
	*a = (struct action) { };
	if (reason == EXIT_REASON_EXCEPTION_NMI) {
		u32 info = vmcs_read(VM_EXIT_INTR_INFO);

		a->number = info & INTR_INFO_VECTOR_MASK;
		if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR ||
		    a->number == VECTOR_MC)
			return false;
		a->what = POSADA_TRAP_EXCEPTION;
		a->qual = vmcs_read(EXIT_QUALIFICATION);
		return true;
	}
	if (!simple[reason])
		return false;
	a->what = simple[reason] - 1;
	a->qual = vmcs_read(EXIT_QUALIFICATION);
	switch (a->what) {
	case POSADA_TRAP_CPUID:
		a->number = READ_ONCE(vcpu->run->regs[POSADA_RAX]);
		break;
	case POSADA_TRAP_CR:
		decode_cr(vcpu, a);
		break;
	case POSADA_TRAP_DR:
		decode_dr(vcpu, a);
		break;
	case POSADA_TRAP_IO:
		decode_io(vcpu, a);
		break;
	case POSADA_TRAP_MSR:
		a->number = READ_ONCE(vcpu->run->regs[POSADA_RCX]);
		a->access = reason == EXIT_REASON_MSR_READ ? POSADA_TRAP_READ :
							     POSADA_TRAP_WRITE;
		a->value = a->access == POSADA_TRAP_WRITE ? edx_eax(vcpu) : 0;
		break;
	}
	return true;
}

/* ---- dispositions ----------------------------------------------------------------------- */

/*
 * What the module has a handler for, it does; all else the CPU can do, past the
 * trap.  A NATIVE row can get here by an exit from before the rows changed.
 */
static int emulate(struct posada_vcpu *vcpu, const struct action *a, u32 reason)
{
	switch (a->what) {
	case POSADA_TRAP_CR:
	case POSADA_TRAP_DR:
	case POSADA_TRAP_RDTSC:
	case POSADA_TRAP_RDRAND:
	case POSADA_TRAP_RDSEED:
	case POSADA_TRAP_INVLPG:
	case POSADA_TRAP_TABLES:
	case POSADA_TRAP_PAUSE:
		/* A change of bits that the module owns is its own affair. */
		if (a->what == POSADA_TRAP_CR && !cr_trapped(a->number))
			return EXIT_PASS;
		if (a->what == POSADA_TRAP_DR && !vcpu->trap_dr)
			return EXIT_PASS;
		step_want(vcpu);
		step_resume(vcpu);
		return EXIT_RESUME;
	case POSADA_TRAP_EXCEPTION:
		return exit_reflect(vcpu, vmcs_read(VM_EXIT_INTR_INFO));
	}
	return EXIT_PASS;
}

/* SDM 3C tables 28-14 and 28-15: operand size and register; SDM 2B, RDRAND: flags */
static void give_random(struct posada_vcpu *vcpu, u64 value)
{
	const u64 arithmetic = 0x8d5;	/* OF, SF, ZF, AF, PF, CF */
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	u32 n = info >> 3 & 0xf;
	u32 size = info >> 11 & 3;

	if (size == 0)
		value = (exit_gpr(vcpu, n) & ~0xffffULL) | (u16)value;
	else if (size == 1)
		value = (u32)value;
	exit_set_gpr(vcpu, n, value);
	vcpu->exit.rflags = (vcpu->exit.rflags & ~arithmetic) | 1;
	vmcs_write(GUEST_RFLAGS, vcpu->exit.rflags);
}

static void give_port(struct posada_vcpu *vcpu, const struct action *a, u64 value)
{
	u64 *rax = &vcpu->run->regs[POSADA_RAX];

	switch (a->qual & 7) {
	case 0:
		*rax = (READ_ONCE(*rax) & ~0xffULL) | (u8)value;
		break;
	case 1:
		*rax = (READ_ONCE(*rax) & ~0xffffULL) | (u16)value;
		break;
	default:
		*rax = (u32)value;
	}
}

static void give(struct posada_vcpu *vcpu, const struct action *a, u32 reason, u64 value)
{
	u64 *regs = vcpu->run->regs;

	switch (a->what) {
	case POSADA_TRAP_CPUID:
		regs[POSADA_RAX] = 0;
		regs[POSADA_RBX] = 0;
		regs[POSADA_RCX] = 0;
		regs[POSADA_RDX] = 0;
		break;
	case POSADA_TRAP_IO:
		if (a->access == POSADA_TRAP_READ)
			give_port(vcpu, a, value);
		break;
	case POSADA_TRAP_MSR:
		if (a->access == POSADA_TRAP_READ)
			set_edx_eax(vcpu, value);
		break;
	case POSADA_TRAP_CR:
	case POSADA_TRAP_DR:
		if (a->access == POSADA_TRAP_READ)
			exit_set_gpr(vcpu, a->gpr, value);
		break;
	case POSADA_TRAP_RDTSC:
		set_edx_eax(vcpu, value);
		if (reason == EXIT_REASON_RDTSCP)
			regs[POSADA_RCX] = vcpu->msrs.tsc_aux;
		break;
	case POSADA_TRAP_RDPMC:
		set_edx_eax(vcpu, value);
		break;
	case POSADA_TRAP_VMCALL:
		regs[POSADA_RAX] = value;
		break;
	case POSADA_TRAP_RDRAND:
	case POSADA_TRAP_RDSEED:
		give_random(vcpu, value);
		break;
	}
}

#define IO_STRING	(1ULL << 4)

static int ignore(struct posada_vcpu *vcpu, const struct action *a, u32 reason, u64 value)
{
	/* A string form moves memory: the program does it, with this value. */
	if (a->what == POSADA_TRAP_IO && (a->qual & IO_STRING)) {
		exit_io(vcpu);
		vcpu->run->io.flags |= POSADA_IO_IGNORED;
		vcpu->run->io.value = value;
		return EXIT_TO_USER;
	}
	exit_read_insn(vcpu);
	give(vcpu, a, reason, value);
	exit_skip(vcpu);
	return EXIT_RESUME;
}

static struct trap_facts facts(const struct action *a, u32 row)
{
	struct trap_facts f = {
		.what = a->what, .access = a->access, .number = a->number, .row = row,
		.gpr = a->gpr, .value = a->value, .qualification = a->qual,
	};

	if (a->what != POSADA_TRAP_EXCEPTION) {
		f.information = vmcs_read(VMX_INSTRUCTION_INFO);
		return f;
	}
	f.information = vmcs_read(VM_EXIT_INTR_INFO);
	if (f.information & INTR_INFO_DELIVER_CODE_MASK)
		f.error_code = vmcs_read(VM_EXIT_INTR_ERROR_CODE);
	if (a->number == VECTOR_PF)
		f.value = a->qual;
	return f;
}

static void tell(struct posada_vcpu *vcpu, const struct trap_facts *f)
{
	struct posada_run *run = vcpu->run;

	run->qualification = f->qualification;
	run->trap.what = f->what;
	run->trap.access = f->access;
	run->trap.number = f->number;
	run->trap.row = f->row;
	run->trap.gpr = f->gpr;
	run->trap.error_code = f->error_code;
	run->trap.value = f->value;
	run->trap.information = f->information;
	run->trap.reserved = 0;
}

/* Only the software exceptions have a length (SDM 3C 28.2.5). */
static void read_insn(struct posada_vcpu *vcpu, const struct action *a)
{
	exit_read_insn(vcpu);
	if (a->what == POSADA_TRAP_EXCEPTION && a->number != VECTOR_BP &&
	    a->number != VECTOR_OF)
		vcpu->exit.insn_len = 0;
}

static int to_user(struct posada_vcpu *vcpu, const struct action *a, u32 row)
{
	struct trap_facts f;

	read_insn(vcpu, a);
	switch (a->what) {
	case POSADA_TRAP_IO:
		return exit_io(vcpu);
	case POSADA_TRAP_VMCALL:
		return exit_vmcall(vcpu);
	case POSADA_TRAP_HLT:
		return exit_to_user_insn(vcpu, POSADA_EXIT_HLT);
	case POSADA_TRAP_MSR:
		return exit_msr_to_user(vcpu, a->access == POSADA_TRAP_WRITE);
	case POSADA_TRAP_EXCEPTION:
		exit_block_nmi_again(vcpu, vmcs_read(VM_EXIT_INTR_INFO));
		break;
	}
	f = facts(a, row);
	tell(vcpu, &f);
	return exit_to_user_insn(vcpu, POSADA_EXIT_TRAP);
}

int trap_ended(struct posada_vcpu *vcpu)
{
	tell(vcpu, &vcpu->end);
	return exit_to_user_insn(vcpu, POSADA_EXIT_TERMINATED);
}

/* The VM is dead.  Its other vCPUs learn it before they enter again. */
static int terminate(struct posada_vcpu *vcpu, const struct action *a, u32 row)
{
	struct trap_facts f = facts(a, row);

	read_insn(vcpu, a);
	vm_end(vcpu->vm, vcpu, &f);
	return trap_ended(vcpu);
}

static int apply(struct posada_vcpu *vcpu, const struct action *a, u32 reason,
		 const struct posada_trap *t, u32 row)
{
	switch (t->disposition) {
	case POSADA_IGNORE:
		return ignore(vcpu, a, reason, t->value);
	case POSADA_FAULT:
		return t->value == VECTOR_UD ? exit_raise_ud(vcpu) : exit_raise_gp(vcpu);
	case POSADA_USER:
		return to_user(vcpu, a, row);
	case POSADA_TERMINATE:
		return terminate(vcpu, a, row);
	}
	return emulate(vcpu, a, reason);
}

void trap_settle_hlt(struct posada_vcpu *vcpu)
{
	if (vmcs_read(GUEST_ACTIVITY_STATE) != GUEST_ACTIVITY_HLT)
		return;
	vmcs_write(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vcpu->exit.rflags = vmcs_read(GUEST_RFLAGS);
	vcpu->halted = true;
	vcpu->halted_in_nmi = vmcs_read(GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_NMI;
	vcpu->events.check = true;
}

int trap_exit(struct posada_vcpu *vcpu, u32 reason)
{
	struct policy *p = policy(vcpu);
	struct policy_row *row;
	struct action a;

	if (!p || !decode(vcpu, reason, &a))
		return EXIT_PASS;
	row = policy_match(p, a.what, a.access, a.number);
	/* What a NATIVE row is about exits only for the module's own sake. */
	if (row->trap.disposition != POSADA_NATIVE)
		atomic64_inc(&row->hits);
	return apply(vcpu, &a, reason, &row->trap, row - p->rows);
}
