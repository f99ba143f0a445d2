// SPDX-License-Identifier: GPL-2.0
#include "cr.h"

#include <linux/percpu.h>
#include <asm/debugreg.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "cpu.h"
#include "exit.h"
#include "vcpu.h"
#include "vmx_ops.h"

/* Caching is the host's; NE is fixed in VMX operation (SDM 3C 24.8). */
#define CR0_OWNED	(X86_CR0_NE | X86_CR0_CD | X86_CR0_NW)
#define CR0_RESET	(X86_CR0_CD | X86_CR0_NW | X86_CR0_ET)	/* SDM 3A 10.1.1 */

/* The bits of CR4 that a guest may have for itself, if its CPUID has them.  Not
 * MCE: a machine check in the guest is the host's.  Not OSXSAVE: it puts the
 * guest's XCR0 in force.
 */
#define CR4_GUEST	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE |		\
			 X86_CR4_PSE | X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PCE |	\
			 X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_UMIP |		\
			 X86_CR4_FSGSBASE | X86_CR4_PCIDE | X86_CR4_SMEP | X86_CR4_SMAP)

#define DR7_RESET	0x400
#define ACCESS_L	(1ULL << 13)
#define ACCESS_DPL(ar)	((ar) >> 5 & 3)

unsigned int cr_cpl(void)
{
	return ACCESS_DPL(vmcs_read(GUEST_SS_AR_BYTES));	/* SDM 3C 25.4.1 */
}

u64 cr0_owned(void)
{
	return CR0_OWNED;
}

bool cr_trapped(unsigned int number)
{
	switch (number) {
	case 0:
		return vmcs_read(CR0_GUEST_HOST_MASK) == ~0ULL;
	case 4:
		return vmcs_read(CR4_GUEST_HOST_MASK) == ~0ULL;
	}
	return true;
}

u64 cr4_owned(const struct posada_vcpu *vcpu)
{
	return ~(CR4_GUEST & vcpu->cpuid.cr4);
}

/* What the module's own bits are in the CPU while the guest runs. */
static u64 cr4_forced(const struct posada_vcpu *vcpu, u64 cr4)
{
	return vmx_caps.cr4_fixed0 | (native_read_cr4() & X86_CR4_MCE) |
	       (cr4 & X86_CR4_OSXSAVE);
}

u64 cr0_read(void)
{
	return (vmcs_read(GUEST_CR0) & ~CR0_OWNED) | (vmcs_read(CR0_READ_SHADOW) & CR0_OWNED);
}

u64 cr4_read(void)
{
	u64 owned = vmcs_read(CR4_GUEST_HOST_MASK);

	return (vmcs_read(GUEST_CR4) & ~owned) | (vmcs_read(CR4_READ_SHADOW) & owned);
}

/* SDM 3A 2.5, and the table of MOV CR in SDM 2B */
bool cr0_valid(u64 cr0)
{
	if (cr0 >> 32)
		return false;
	if ((cr0 & X86_CR0_PG) && !(cr0 & X86_CR0_PE))
		return false;
	return !(cr0 & X86_CR0_NW) || (cr0 & X86_CR0_CD);
}

bool cr4_valid(const struct cpuid *cpuid, u64 cr4)
{
	return !(cr4 & ~cpuid->cr4);
}

void cr0_write(struct posada_vcpu *vcpu, u64 cr0)
{
	vmcs_write(CR0_READ_SHADOW, cr0);
	vmcs_write(GUEST_CR0, (cr0 & ~CR0_OWNED) | vmx_caps.cr0_fixed0 | X86_CR0_ET);
}

void cr4_write(struct posada_vcpu *vcpu, u64 cr4)
{
	vmcs_write(CR4_READ_SHADOW, cr4);
	vmcs_write(GUEST_CR4, (cr4 & ~cr4_owned(vcpu)) | cr4_forced(vcpu, cr4));
	vcpu->osxsave = cr4 & X86_CR4_OSXSAVE;
}

void cr_update_owned(struct posada_vcpu *vcpu)
{
	u64 cr4 = cr4_read();

	vmcs_write(CR4_GUEST_HOST_MASK, cr4_owned(vcpu));
	cr4_write(vcpu, cr4 & vcpu->cpuid.cr4);
}

void cr_reset(struct posada_vcpu *vcpu)
{
	vmcs_write(CR0_GUEST_HOST_MASK, CR0_OWNED);
	vmcs_write(CR4_GUEST_HOST_MASK, cr4_owned(vcpu));
	cr0_write(vcpu, CR0_RESET);
	cr4_write(vcpu, 0);
	vmcs_write(GUEST_CR3, 0);
	vmcs_write(GUEST_DR7, DR7_RESET);
	vcpu->dr6 = DR6_RESERVED;
}

/* ---- MOV CR ------------------------------------------------------------------------------- */

/* SDM 3C table 28-3 */
#define CR_NUMBER(qual)	((qual) & 0xf)
#define CR_TYPE(qual)	((qual) >> 4 & 3)
#define CR_GPR(qual)	((qual) >> 8 & 0xf)
#define CR_TYPE_TO	0

/* Turning paging on or off as @cr0 does (SDM 2B, MOV CR). */
static bool paging_valid(u64 cr0)
{
	u64 cr4 = vmcs_read(GUEST_CR4);
	bool l = vmcs_read(GUEST_CS_AR_BYTES) & ACCESS_L;

	if (cr0 & X86_CR0_PG)
		return !(vmcs_read(GUEST_IA32_EFER) & EFER_LME) || ((cr4 & X86_CR4_PAE) && !l);
	return !(cr4 & X86_CR4_PCIDE) && !((vmcs_read(GUEST_IA32_EFER) & EFER_LMA) && l);
}

/*
 * The guest changes bits that the module owns, and perhaps others with them.
 * Put the owned ones into the shadow and let the CPU execute the instruction
 * again: now none of them changes, it does not exit, and all the rest is done and
 * checked by the CPU itself.
 */
static int mov_to_cr0(struct posada_vcpu *vcpu, u64 value)
{
	u64 real = vmcs_read(GUEST_CR0);

	if (!cr0_valid(value) || ((value ^ real) & X86_CR0_PG && !paging_valid(value)))
		return exit_raise_gp(vcpu);
	vmcs_write(CR0_READ_SHADOW, value);
	return EXIT_RESUME;
}

static int mov_to_cr4(struct posada_vcpu *vcpu, u64 value)
{
	u64 real = vmcs_read(GUEST_CR4);
	bool lma = vmcs_read(GUEST_IA32_EFER) & EFER_LMA;

	if (!cr4_valid(&vcpu->cpuid, value))
		return exit_raise_gp(vcpu);
	/* What the second execution would refuse must not half happen. */
	if (lma ? !(value & X86_CR4_PAE) : !!(value & X86_CR4_PCIDE))
		return exit_raise_gp(vcpu);
	if ((value & ~real & X86_CR4_PCIDE) && (vmcs_read(GUEST_CR3) & 0xfff))
		return exit_raise_gp(vcpu);
	vmcs_write(CR4_READ_SHADOW, value);
	if ((value ^ real) & X86_CR4_OSXSAVE) {
		vmcs_write(GUEST_CR4, real ^ X86_CR4_OSXSAVE);
		fpu_use_xcr0(&vcpu->fpu, value & X86_CR4_OSXSAVE);
		vcpu->osxsave = value & X86_CR4_OSXSAVE;
	}
	return EXIT_RESUME;
}

int exit_cr(struct posada_vcpu *vcpu)
{
	u64 qual = vmcs_read(EXIT_QUALIFICATION);

	if (CR_TYPE(qual) == CR_TYPE_TO) {
		u64 value = exit_gpr(vcpu, CR_GPR(qual));

		switch (CR_NUMBER(qual)) {
		case 0:
			return mov_to_cr0(vcpu, value);
		case 4:
			return mov_to_cr4(vcpu, value);
		}
	}
	/* CR3, CR8, CLTS, LMSW and reads need no exit and were not asked for. */
	return exit_unknown(vcpu);
}

/* ---- debug registers ------------------------------------------------------------------------ */

static void save_all(unsigned long dr[4])
{
	dr[0] = native_get_debugreg(0);
	dr[1] = native_get_debugreg(1);
	dr[2] = native_get_debugreg(2);
	dr[3] = native_get_debugreg(3);
}

static void load_all(const unsigned long dr[4])
{
	native_set_debugreg(0, dr[0]);
	native_set_debugreg(1, dr[1]);
	native_set_debugreg(2, dr[2]);
	native_set_debugreg(3, dr[3]);
}

/* Bits 3:0, BD and BS of a debug exception (SDM 3C table 28-1). */
#define DR6_CAUSES	0x600fULL

void dr6_merge(struct posada_vcpu *vcpu, u64 qual)
{
	bool loaded = vcpu->dr_loaded && !debug_breakpoints(vcpu);
	unsigned long dr6 = loaded ? native_get_debugreg(6) : vcpu->dr6;

	dr6 = (dr6 & ~0xfUL) | (qual & DR6_CAUSES);
	if (loaded)
		native_set_debugreg(6, dr6);
	else
		vcpu->dr6 = dr6;
}

/*
 * DR7 is in the VMCS, and 400h after an exit; before the first entry it is the
 * host's, which must not watch the guest's addresses.  With a debugger's
 * breakpoints, those are loaded, and the guest's stay where they are.
 */
void dr_load(struct posada_vcpu *vcpu)
{
	if (this_cpu_read(cpu_dr7))
		native_set_debugreg(7, DR7_RESET);
	save_all(vcpu->host_dr);
	if (debug_breakpoints(vcpu)) {
		load_all(vcpu->debug.dr);
		native_set_debugreg(6, DR6_RESERVED);
		vcpu->dr_loaded = true;
		return;
	}
	load_all(vcpu->dr);
	native_set_debugreg(6, vcpu->dr6);
	vcpu->dr_loaded = true;
	/* From now on a shadow that is over matters: see inject_prepare(). */
	vcpu->events.window = true;
	vcpu->events.check = true;
	if (!vcpu->trap_dr)
		vcpu_controls(vcpu, 0, CPU_BASED_MOV_DR_EXITING);
}

void dr_unload(struct posada_vcpu *vcpu)
{
	bool own = !debug_breakpoints(vcpu);

	if (own) {
		save_all(vcpu->dr);
		vcpu->dr6 = native_get_debugreg(6);
	}
	load_all(vcpu->host_dr);
	native_set_debugreg(6, DR6_RESERVED);
	vcpu->dr_loaded = false;
	if (own)
		dr_note_active(vcpu, vmcs_read(GUEST_DR7));
	vcpu_controls(vcpu, CPU_BASED_MOV_DR_EXITING, 0);
}

void dr_note_active(struct posada_vcpu *vcpu, u64 dr7)
{
	vcpu->slow = dr7 & 0xff ? vcpu->slow | SLOW_DR : vcpu->slow & ~SLOW_DR;
}

/* The first of a stay loads the registers; the instruction then runs by itself. */
int exit_dr(struct posada_vcpu *vcpu)
{
	if (!vcpu->dr_loaded)
		dr_load(vcpu);
	return EXIT_RESUME;
}
