// SPDX-License-Identifier: GPL-2.0
#include "msr.h"

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "cpu.h"
#include "policy.h"
#include "vcpu.h"
#include "vm.h"
#include "vmx_ops.h"

#define MISC_ENABLE_DEFAULT	1ULL	/* fast strings */
#define PAT_DEFAULT		0x0007040600070406ULL
#define CR0_PG			(1ULL << 31)

/* SDM 3C 25.6.9: four bitmaps of 1 KiB; a 1 makes an exit. */
#define BITMAP_READ_LOW		0
#define BITMAP_READ_HIGH	1024
#define BITMAP_WRITE_LOW	2048
#define BITMAP_WRITE_HIGH	3072

static u8 *bitmap;

static const u32 syscall_msrs[] = { MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK };

/* ---- no exit ------------------------------------------------------------------------- */

static void set_exit(u8 *map, u32 index, u32 access, bool exits)
{
	bool write = access == POSADA_TRAP_WRITE;
	u32 bit = index & 0x1fff;

	map += index >= 0xc0000000 ? (write ? BITMAP_WRITE_HIGH : BITMAP_READ_HIGH) :
				     (write ? BITMAP_WRITE_LOW : BITMAP_READ_LOW);
	if (exits)
		map[bit / 8] |= 1 << bit % 8;
	else
		map[bit / 8] &= ~(1 << bit % 8);
}

/* ---- swapping ------------------------------------------------------------------------- */

void msr_cpu_changed(struct posada_vcpu *vcpu)
{
	if (vmx_caps.rdtscp)
		vcpu->msrs.host_tsc_aux = msr_get(MSR_TSC_AUX);
}

static void load_syscall(struct msrs *m)
{
	const u64 *guest = &m->star;
	int i;

	for (i = 0; i < ARRAY_SIZE(syscall_msrs); i++) {
		/*
		 * Read, not assumed: another hypervisor may have left values of
		 * its guest for this task's return to user mode to undo.
		 */
		m->host[i] = msr_get(syscall_msrs[i]);
		if (m->host[i] != guest[i])
			msr_put(syscall_msrs[i], guest[i]);
	}
	m->loaded = true;
}

static void save_syscall(struct msrs *m)
{
	const u64 *guest = &m->star;
	int i;

	for (i = 0; i < ARRAY_SIZE(syscall_msrs); i++)
		if (m->host[i] != guest[i])
			msr_put(syscall_msrs[i], m->host[i]);
	m->loaded = false;
}

void msr_load(struct msrs *m)
{
	m->host_kernel_gs = msr_get(MSR_KERNEL_GS_BASE);
	if (m->host_kernel_gs != m->kernel_gs)
		msr_put(MSR_KERNEL_GS_BASE, m->kernel_gs);
	if (vmx_caps.rdtscp && m->host_tsc_aux != m->tsc_aux)
		msr_put(MSR_TSC_AUX, m->tsc_aux);
	/* Without EFER.SCE, SYSCALL is #UD and they cannot be seen. */
	if (m->syscall)
		load_syscall(m);
}

void msr_save(struct msrs *m)
{
	m->kernel_gs = msr_get(MSR_KERNEL_GS_BASE);
	if (m->host_kernel_gs != m->kernel_gs)
		msr_put(MSR_KERNEL_GS_BASE, m->host_kernel_gs);
	if (vmx_caps.rdtscp && m->host_tsc_aux != m->tsc_aux)
		msr_put(MSR_TSC_AUX, m->host_tsc_aux);
	if (m->loaded)
		save_syscall(m);
}

/* ---- the table --------------------------------------------------------------------------- */

/*
 * One register: in a VMCS field, or in struct msrs, or by functions.  The values
 * a write accepts are those of @mask, canonical where the CPU wants an address.
 */
struct msr_row {
	u32 index;
	u32 field;		/* VMCS field, 0 if none */
	u32 offset;		/* in struct msrs, if there is no field nor function */
	bool canonical;
	bool rdtscp;		/* exists only with RDTSCP */
	u64 mask;		/* bits that may be set */
	u64 (*read)(struct posada_vcpu *vcpu);
	bool (*valid)(struct posada_vcpu *vcpu, u64 value);
	void (*write)(struct posada_vcpu *vcpu, u64 value);
};

static u64 read_tsc(struct posada_vcpu *vcpu)
{
	return rdtsc() + vmcs_read(TSC_OFFSET);
}

/* In the middle of RUN: the guest writes, not the program by STATE_SET. */
static bool by_guest(const struct posada_vcpu *vcpu)
{
	return rcu_access_pointer(vcpu->runner) == current;
}

/*
 * The guest's writes of one move the other by as much (SDM 3B 18.17.3).  The
 * program's do not: it restores both.
 */
static void write_tsc(struct posada_vcpu *vcpu, u64 value)
{
	u64 offset = value - rdtsc();

	if (by_guest(vcpu))
		vcpu->msrs.tsc_adjust += offset - vmcs_read(TSC_OFFSET);
	vmcs_write(TSC_OFFSET, offset);
}

static void write_tsc_adjust(struct posada_vcpu *vcpu, u64 value)
{
	if (by_guest(vcpu))
		vmcs_write(TSC_OFFSET, vmcs_read(TSC_OFFSET) + value - vcpu->msrs.tsc_adjust);
	vcpu->msrs.tsc_adjust = value;
}

/* The guest's own accesses exit only by a row of the policy. */
static u64 read_kernel_gs(struct posada_vcpu *vcpu)
{
	return by_guest(vcpu) ? msr_get(MSR_KERNEL_GS_BASE) : vcpu->msrs.kernel_gs;
}

static void write_kernel_gs(struct posada_vcpu *vcpu, u64 value)
{
	vcpu->msrs.kernel_gs = value;
	if (by_guest(vcpu))
		msr_put(MSR_KERNEL_GS_BASE, value);
}

u64 msr_efer_allowed(const struct posada_vcpu *vcpu)
{
	return vcpu->cpuid.efer;
}

void msr_set_efer(struct posada_vcpu *vcpu, u64 efer)
{
	struct msrs *m = &vcpu->msrs;
	u32 entry = vmx_caps.entry;

	if (efer & EFER_LMA)
		entry |= VM_ENTRY_IA32E_MODE;
	vmcs_write(VM_ENTRY_CONTROLS, entry);
	vmcs_write(GUEST_IA32_EFER, efer);
	m->syscall = efer & EFER_SCE;
}

static u64 read_efer(struct posada_vcpu *vcpu)
{
	return vmcs_read(GUEST_IA32_EFER);
}

static bool valid_efer(struct posada_vcpu *vcpu, u64 value)
{
	u64 old = vmcs_read(GUEST_IA32_EFER);

	if (value & ~(msr_efer_allowed(vcpu) | EFER_LMA))
		return false;
	/* SDM 3A 2.2.1: LME cannot change while paging is on.  The program's SET may
	 * change both; it is judged as a whole, in state.c.
	 */
	return !((value ^ old) & EFER_LME) || !(vmcs_read(GUEST_CR0) & CR0_PG) ||
	       !by_guest(vcpu);
}

static void write_efer(struct posada_vcpu *vcpu, u64 value)
{
	u64 lma = vmcs_read(GUEST_IA32_EFER) & EFER_LMA;	/* read-only */
	struct msrs *m = &vcpu->msrs;

	msr_set_efer(vcpu, (value & ~EFER_LMA) | lma);
	/* In the middle of RUN the CPU must follow at once. */
	if (by_guest(vcpu) && m->syscall != m->loaded) {
		if (m->syscall)
			load_syscall(m);
		else
			save_syscall(m);
	}
}

static void write_syscall(struct posada_vcpu *vcpu, u32 index, u64 *slot, u64 value)
{
	*slot = value;
	if (vcpu->msrs.loaded)
		msr_put(index, value);
}

static void write_star(struct posada_vcpu *vcpu, u64 value)
{
	write_syscall(vcpu, MSR_STAR, &vcpu->msrs.star, value);
}

static void write_lstar(struct posada_vcpu *vcpu, u64 value)
{
	write_syscall(vcpu, MSR_LSTAR, &vcpu->msrs.lstar, value);
}

static void write_cstar(struct posada_vcpu *vcpu, u64 value)
{
	write_syscall(vcpu, MSR_CSTAR, &vcpu->msrs.cstar, value);
}

static void write_fmask(struct posada_vcpu *vcpu, u64 value)
{
	write_syscall(vcpu, MSR_SYSCALL_MASK, &vcpu->msrs.fmask, value);
}

static void write_tsc_aux(struct posada_vcpu *vcpu, u64 value)
{
	vcpu->msrs.tsc_aux = value;
	if (by_guest(vcpu))
		msr_put(MSR_TSC_AUX, value);
}

/*
 * BTF goes with the guest's CR and RFLAGS, in the VMCS.  LBR is taken, as every CPU
 * takes it, and dropped: the records would be the host's, and nobody can read them.
 */
static void write_debugctl(struct posada_vcpu *vcpu, u64 value)
{
	vmcs_write(GUEST_IA32_DEBUGCTL, value & DEBUGCTLMSR_BTF);
}

static bool valid_pat(struct posada_vcpu *vcpu, u64 value)
{
	int i;

	/* SDM 3A 12.12.2: UC, WC, WT, WP, WB, UC-. */
	for (i = 0; i < 64; i += 8) {
		u8 type = value >> i;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

#define SLOT(name)	.offset = offsetof(struct msrs, name)

static const struct msr_row rows[] = {
	{ MSR_IA32_TSC, .mask = ~0ULL, .read = read_tsc, .write = write_tsc },
	{ MSR_IA32_TSC_ADJUST, SLOT(tsc_adjust), .mask = ~0ULL, .write = write_tsc_adjust },
	{ MSR_IA32_SYSENTER_CS, GUEST_SYSENTER_CS, .mask = U32_MAX },
	{ MSR_IA32_SYSENTER_ESP, GUEST_SYSENTER_ESP, .mask = ~0ULL, .canonical = true },
	{ MSR_IA32_SYSENTER_EIP, GUEST_SYSENTER_EIP, .mask = ~0ULL, .canonical = true },
	{ MSR_IA32_MISC_ENABLE, SLOT(misc_enable), .mask = MISC_ENABLE_DEFAULT },
	{ MSR_IA32_DEBUGCTLMSR, GUEST_IA32_DEBUGCTL, .mask = DEBUGCTLMSR_BTF | DEBUGCTLMSR_LBR,
	  .write = write_debugctl },
	{ MSR_IA32_CR_PAT, GUEST_IA32_PAT, .mask = ~0ULL, .valid = valid_pat },
	{ MSR_EFER, .mask = ~0ULL, .read = read_efer, .valid = valid_efer, .write = write_efer },
	{ MSR_STAR, SLOT(star), .mask = ~0ULL, .write = write_star },
	{ MSR_LSTAR, SLOT(lstar), .mask = ~0ULL, .canonical = true, .write = write_lstar },
	{ MSR_CSTAR, SLOT(cstar), .mask = ~0ULL, .canonical = true, .write = write_cstar },
	{ MSR_SYSCALL_MASK, SLOT(fmask), .mask = U32_MAX, .write = write_fmask },
	{ MSR_FS_BASE, GUEST_FS_BASE, .mask = ~0ULL, .canonical = true },
	{ MSR_GS_BASE, GUEST_GS_BASE, .mask = ~0ULL, .canonical = true },
	{ MSR_KERNEL_GS_BASE, SLOT(kernel_gs), .mask = ~0ULL, .canonical = true,
	  .read = read_kernel_gs, .write = write_kernel_gs },
	{ MSR_TSC_AUX, SLOT(tsc_aux), .mask = U32_MAX, .rdtscp = true, .write = write_tsc_aux },
};

/*
 * Position in @rows plus one of the registers in two ranges of addresses: from 0
 * and from MSR_EFER on.  Filled by msr_init().
 */
static u8 low[0x278];
static u8 high[0x84];

static u8 *position(u32 index)
{
	if (index < ARRAY_SIZE(low))
		return &low[array_index_nospec(index, ARRAY_SIZE(low))];
	index -= MSR_EFER;
	if (index < ARRAY_SIZE(high))
		return &high[array_index_nospec(index, ARRAY_SIZE(high))];
	return NULL;
}

static void index_rows(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (!rows[i].rdtscp || vmx_caps.rdtscp)
			*position(rows[i].index) = i + 1;
}

static const struct msr_row *find(u32 index)
{
	const u8 *at = position(index);

	return at && *at ? &rows[*at - 1] : NULL;
}

static u64 *slot(struct posada_vcpu *vcpu, const struct msr_row *row)
{
	return (void *)&vcpu->msrs + row->offset;
}

/* Four levels: LA57 is not offered to guests. */
static bool is_canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

static bool valid(struct posada_vcpu *vcpu, const struct msr_row *row, u64 value)
{
	return !(value & ~row->mask) && (!row->canonical || is_canonical(value)) &&
	       (!row->valid || row->valid(vcpu, value));
}

int msr_read(struct posada_vcpu *vcpu, u32 index, u64 *value)
{
	const struct msr_row *row = find(index);

	if (!row)
		return MSR_UNKNOWN;
	if (row->read)
		*value = row->read(vcpu);
	else if (row->field)
		*value = vmcs_read(row->field);
	else
		*value = *slot(vcpu, row);
	return MSR_DONE;
}

int msr_check(struct posada_vcpu *vcpu, u32 index, u64 value)
{
	const struct msr_row *row = find(index);

	if (!row)
		return MSR_UNKNOWN;
	return valid(vcpu, row, value) ? MSR_DONE : MSR_FAULT;
}

static __always_inline void put(struct posada_vcpu *vcpu, const struct msr_row *row, u64 value)
{
	if (row->write)
		row->write(vcpu, value);
	else if (row->field)
		vmcs_write(row->field, value);
	else
		*slot(vcpu, row) = value;
}

int msr_write(struct posada_vcpu *vcpu, u32 index, u64 value)
{
	const struct msr_row *row = find(index);

	if (!row)
		return MSR_UNKNOWN;
	if (!valid(vcpu, row, value))
		return MSR_FAULT;
	put(vcpu, row, value);
	return MSR_DONE;
}

void msr_set(struct posada_vcpu *vcpu, u32 index, u64 value)
{
	put(vcpu, find(index), value);
}

/* In the VMCS, or swapped: an access without an exit touches the guest's own. */
static u8 native_access(u32 index)
{
	switch (index) {
	case MSR_IA32_SYSENTER_CS:
	case MSR_IA32_SYSENTER_ESP:
	case MSR_IA32_SYSENTER_EIP:
	case MSR_IA32_CR_PAT:
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		return POSADA_TRAP_READ | POSADA_TRAP_WRITE;
	case MSR_IA32_TSC:	/* with the offset (SDM 3C 26.3) */
	case MSR_EFER:
		return POSADA_TRAP_READ;
	}
	return 0;
}

static struct policy_msr special[ARRAY_SIZE(rows)];
static u32 nr_special;

const struct policy_msr *msr_special(u32 *nr)
{
	*nr = nr_special;
	return special;
}

static void list_special(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (find(rows[i].index))
			special[nr_special++] = (struct policy_msr) {
				.index = rows[i].index,
				.native = native_access(rows[i].index),
				.known = POSADA_TRAP_READ | POSADA_TRAP_WRITE,
			};
}

static void fill(u8 *map, bool (*exits)(struct policy *, u32, u32), struct policy *policy)
{
	u32 i, access;

	memset(map, 0xff, PAGE_SIZE);
	for (i = 0; i < nr_special; i++)
		for (access = POSADA_TRAP_READ; access <= POSADA_TRAP_WRITE; access <<= 1)
			if (special[i].native & access)
				set_exit(map, special[i].index, access,
					 exits(policy, special[i].index, access));
}

static bool never(struct policy *unused, u32 index, u32 access)
{
	return false;
}

static bool by_policy(struct policy *policy, u32 index, u32 access)
{
	return policy_match(policy, POSADA_TRAP_MSR, access, index)->trap.disposition !=
	       POSADA_NATIVE;
}

void msr_bitmap_fill(u8 *page, struct policy *policy)
{
	fill(page, by_policy, policy);
}

int msr_init(void)
{
	bitmap = (u8 *)__get_free_page(GFP_KERNEL);
	if (!bitmap)
		return -ENOMEM;
	index_rows();
	list_special();
	fill(bitmap, never, NULL);
	return 0;
}

void msr_exit(void)
{
	free_page((unsigned long)bitmap);
}

u64 msr_bitmap(void)
{
	return __pa(bitmap);
}

void msr_reset(struct posada_vcpu *vcpu)
{
	vcpu->msrs.misc_enable = MISC_ENABLE_DEFAULT;
	vmcs_write(GUEST_IA32_PAT, PAT_DEFAULT);
	vmcs_write(TSC_OFFSET, -vcpu->vm->tsc_base);
	msr_set_efer(vcpu, 0);
}
