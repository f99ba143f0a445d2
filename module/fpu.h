/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x87, SSE and AVX state: the guest's and the host's never meet.
 */
#ifndef POSADA_FPU_H
#define POSADA_FPU_H

#include <linux/types.h>

/**
 * struct guest_fpu - the extended state of one vCPU
 * @area: XSAVE area in the standard format; the FXSAVE image without XSAVE
 * @xcr0: the guest's XCR0; 0 without XSAVE
 * @host_xcr0: the host's, while the guest's is loaded
 */
struct guest_fpu {
	void *area;
	u64 xcr0;
	u64 host_xcr0;
};

extern u64 fpu_mask;	/* XCR0 bits a guest may set; 0 without XSAVE */
extern u32 fpu_size;	/* bytes of an area */

void fpu_init(void);	/* at load */

int fpu_create(struct guest_fpu *fpu);
void fpu_destroy(struct guest_fpu *fpu);

/**
 * fpu_load - the guest's state into the registers
 * @fpu: the guest's
 * @use_xcr0: the guest set CR4.OSXSAVE, so that its XCR0 is in force
 *
 * Preemption is off from here to fpu_save(); the host's state was put away.
 */
void fpu_load(struct guest_fpu *fpu, bool use_xcr0);
void fpu_save(struct guest_fpu *fpu, bool use_xcr0);

/* The guest's CR4.OSXSAVE changed, between fpu_load() and fpu_save(). */
void fpu_use_xcr0(struct guest_fpu *fpu, bool use);

/* XSETBV of the guest, between fpu_load() and fpu_save(). */
void fpu_write_xcr0(struct guest_fpu *fpu, u64 value);

bool fpu_xcr0_valid(u64 value);

/**
 * fpu_area_valid - may a state from a program be loaded?
 * @area: fpu_size bytes, any content
 *
 * Return: false for what XRSTOR would refuse (SDM 1 13.8).
 */
bool fpu_area_valid(const void *area);
void fpu_set_area(struct guest_fpu *fpu, const void *area);	/* valid; not loaded */

/* The size CPUID.0Dh.0:EBX tells: of the area for @xcr0. */
u32 fpu_size_of(u64 xcr0);

#endif /* POSADA_FPU_H */
