// SPDX-License-Identifier: GPL-2.0
#include "fpu.h"

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <asm/asm.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/processor.h>

#include "compat.h"

#define XSAVE_LEAF	0x0d
#define LEGACY_BYTES	512	/* SDM 1 13.4.1 */
#define HEADER_BYTES	64
#define MXCSR_DEFAULT	0x1f80
#define FCW_RESET	0x0040	/* SDM 3A table 10-1 */
#define FTW_RESET	0xff	/* every register holds +0 */

u64 fpu_mask;
u32 fpu_size;
static u32 ends[8];	/* where each component of @fpu_mask ends in the area */
static u32 mxcsr_mask;	/* bits of MXCSR that may be set (SDM 1 11.6.6) */

/* The legacy region and the header, as SDM 1 13.4 lays them out. */
struct xsave_head {
	u16 fcw;
	u16 fsw;
	u8 ftw;
	u8 reserved0;
	u16 fop;
	u64 fip;
	u64 fdp;
	u32 mxcsr;
	u32 mxcsr_mask;
	u8 registers[LEGACY_BYTES - 32];
	u64 xstate_bv;
	u64 xcomp_bv;
	u64 reserved1[6];
};
static_assert(sizeof(struct xsave_head) == LEGACY_BYTES + HEADER_BYTES);

u32 fpu_size_of(u64 xcr0)
{
	u32 size = LEGACY_BYTES + HEADER_BYTES;
	int i;

	for (i = 2; i < ARRAY_SIZE(ends); i++)
		if (xcr0 & BIT_ULL(i))
			size = max(size, ends[i]);
	return size;
}

void fpu_init(void)
{
	const u64 known = XFEATURE_MASK_FP | XFEATURE_MASK_SSE | XFEATURE_MASK_YMM |
			  XFEATURE_MASK_OPMASK | XFEATURE_MASK_ZMM_Hi256 |
			  XFEATURE_MASK_Hi16_ZMM;
	static struct xsave_head image __aligned(64);
	u32 bytes, offset, ecx, edx;
	int i;

	/* 0 in the image means the default of the first CPUs with SSE. */
	kernel_fpu_begin();
	asm volatile("fxsave64 %0" : "=m" (image));
	kernel_fpu_end();
	mxcsr_mask = image.mxcsr_mask ? : 0xffbf;

	if (!boot_cpu_has(X86_FEATURE_OSXSAVE)) {
		fpu_mask = 0;
		fpu_size = LEGACY_BYTES;
		return;
	}
	/* No PKRU, AMX or supervisor state: what the guest cannot reach stays the host's. */
	fpu_mask = xgetbv(XCR_XFEATURE_ENABLED_MASK) & known;
	for (i = 2; i < ARRAY_SIZE(ends); i++) {
		cpuid_count(XSAVE_LEAF, i, &bytes, &offset, &ecx, &edx);
		ends[i] = offset + bytes;
	}
	fpu_size = fpu_size_of(fpu_mask);
}

static void reset(struct guest_fpu *fpu)
{
	struct xsave_head *head = fpu->area;

	memset(fpu->area, 0, fpu_size);
	head->fcw = FCW_RESET;
	head->ftw = FTW_RESET;
	head->mxcsr = MXCSR_DEFAULT;
	if (fpu_mask)
		head->xstate_bv = XFEATURE_MASK_FPSSE;
}

int fpu_create(struct guest_fpu *fpu)
{
	fpu->area = alloc_pages_exact(fpu_size, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!fpu->area)
		return -ENOMEM;
	fpu->xcr0 = fpu_mask ? XFEATURE_MASK_FP : 0;
	reset(fpu);
	return 0;
}

void fpu_destroy(struct guest_fpu *fpu)
{
	free_pages_exact(fpu->area, fpu_size);
}

/* All of fpu_mask under the host's XCR0, whatever the guest's XCR0 says: parts
 * the guest has not enabled must not hold the host's values either.
 */
static __always_inline int restore(const void *area)
{
	if (fpu_mask)
		asm goto("1: xrstor64 %0\n\t" _ASM_EXTABLE(1b, %l[fault])
			 : : "m" (*(const u8 (*)[LEGACY_BYTES + HEADER_BYTES])area),
			     "a" ((u32)fpu_mask), "d" ((u32)(fpu_mask >> 32))
			 : "memory" : fault);
	else
		asm goto("1: fxrstor64 %0\n\t" _ASM_EXTABLE(1b, %l[fault])
			 : : "m" (*(const u8 (*)[LEGACY_BYTES])area)
			 : "memory" : fault);
	return 0;
fault:
	return -EINVAL;
}

void fpu_use_xcr0(struct guest_fpu *fpu, bool use)
{
	if (use)
		fpu->host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	if (fpu->host_xcr0 != fpu->xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, use ? fpu->xcr0 : fpu->host_xcr0);
}

void fpu_load(struct guest_fpu *fpu, bool use_xcr0)
{
	kernel_fpu_begin_mask(0);
	if (restore(fpu->area)) {
		/* fpu_set_area() let something pass that the CPU refuses. */
		WARN_ON_ONCE(1);
		reset(fpu);
		restore(fpu->area);
	}
	if (use_xcr0)
		fpu_use_xcr0(fpu, true);
}

void fpu_save(struct guest_fpu *fpu, bool use_xcr0)
{
	if (use_xcr0)
		fpu_use_xcr0(fpu, false);
	if (fpu_mask)
		asm volatile("xsave64 %0"
			     : "+m" (*(u8 (*)[LEGACY_BYTES + HEADER_BYTES])fpu->area)
			     : "a" ((u32)fpu_mask), "d" ((u32)(fpu_mask >> 32))
			     : "memory");
	else
		asm volatile("fxsave64 %0"
			     : "=m" (*(u8 (*)[LEGACY_BYTES])fpu->area));
	kernel_fpu_end();
}

void fpu_write_xcr0(struct guest_fpu *fpu, u64 value)
{
	if (value != fpu->xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, value);
	fpu->xcr0 = value;
}

/* SDM 1 13.3 */
bool fpu_xcr0_valid(u64 value)
{
	const u64 avx512 = XFEATURE_MASK_OPMASK | XFEATURE_MASK_ZMM_Hi256 |
			   XFEATURE_MASK_Hi16_ZMM;

	if (!(value & XFEATURE_MASK_FP) || (value & ~fpu_mask))
		return false;
	if ((value & XFEATURE_MASK_YMM) && !(value & XFEATURE_MASK_SSE))
		return false;
	if (value & avx512)
		return (value & avx512) == avx512 && (value & XFEATURE_MASK_YMM);
	return true;
}

bool fpu_area_valid(const void *area)
{
	const struct xsave_head *head = area;
	int i;

	if (head->mxcsr & ~mxcsr_mask)
		return false;
	if (!fpu_mask)
		return true;
	if ((head->xstate_bv & ~fpu_mask) || head->xcomp_bv)
		return false;
	for (i = 0; i < ARRAY_SIZE(head->reserved1); i++)
		if (head->reserved1[i])
			return false;
	return true;
}

void fpu_set_area(struct guest_fpu *fpu, const void *area)
{
	memcpy(fpu->area, area, fpu_size);
}
