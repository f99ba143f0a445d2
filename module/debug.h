/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking into a guest: stepping, breakpoints, INT3, and a log of exits.
 *
 * None of it is on the path of a vCPU for which nobody has asked for it: the
 * watched loop calls here, and only with SLOW_DEBUG.
 */
#ifndef POSADA_DEBUG_H
#define POSADA_DEBUG_H

#include <linux/types.h>

struct posada_guest_debug;
struct posada_last_exit;
struct posada_last_exits;
struct posada_vcpu;

/**
 * struct debug - what POSADA_GUEST_DEBUG asked of a vCPU
 * @flags: [v] POSADA_DEBUG_* bits
 * @dr: [v] BREAKPOINTS: the debugger's DR0-DR3
 * @guest_dr7: [v] BREAKPOINTS: the guest's DR7; the debugger's is in the VMCS
 * @hit: [v] the debugger's breakpoints that were met, bits 3:0
 * @begun: [v] STEP: the instruction at @rip has been tried
 * @done: [v] STEP: it is done, and RUN has not said so yet
 * @delivering: [v] STEP: its exception is delivered by the next entry
 * @nmi_blocked: [v] meanwhile: NMIs are blocked, the VMCS says they are not
 * @rip: [v] STEP: of the instruction
 * @log: [v] LOG: POSADA_LAST_EXITS_MAX exits, number n at n % that; NULL before
 * @logged: [v] LOG: how many in all
 */
struct debug {
	u32 flags;
	unsigned long dr[4];
	u64 guest_dr7;
	u64 hit;
	bool begun;
	bool done;
	bool delivering;
	bool nmi_blocked;
	u64 rip;
	struct posada_last_exit *log;
	u64 logged;
};

/* POSADA_GUEST_DEBUG, POSADA_LAST_EXITS; @entries has room for arg->nr of them, at most 64 */
int debug_ioctl(struct posada_vcpu *vcpu, const struct posada_guest_debug *arg);
int debug_last_exits(struct posada_vcpu *vcpu, struct posada_last_exits *arg,
		     struct posada_last_exit *entries);
void debug_free(struct posada_vcpu *vcpu);	/* with the vCPU */

/* The debugger's breakpoints are in force, in place of the guest's. */
bool debug_breakpoints(const struct posada_vcpu *vcpu);

/* RUN returns after one instruction. */
bool debug_steps(const struct posada_vcpu *vcpu);

/* The state was set: what was in the middle of a step is no more. */
void debug_forget(struct posada_vcpu *vcpu);

/*
 * The guest's own DR7, wherever it is; VMCS current.
 */
u64 debug_dr7(const struct posada_vcpu *vcpu);
void debug_set_dr7(struct posada_vcpu *vcpu, u64 dr7);

/* Exceptions that are to exit, a bitmap. */
u32 debug_exceptions(const struct posada_vcpu *vcpu);

/* A stay begins.  EXIT_RESUME, or what ends it before it has begun. */
int debug_begin(struct posada_vcpu *vcpu);

/* The next entry delivers an exception and nothing else; false: it does not. */
bool debug_delivers(struct posada_vcpu *vcpu);

/* An exit, before the handler: how it goes on, or EXIT_PASS. */
int debug_exit(struct posada_vcpu *vcpu, u32 reason);

/* And after it: its answer, or another. */
int debug_after(struct posada_vcpu *vcpu, int answer);

/**
 * debug_trap - the instruction of an armed step is done
 * @vcpu: the step is disarmed
 * @info: interruption information
 * @qual: causes of the #DB that are not the step itself (SDM 3C table 28-1)
 */
int debug_trap(struct posada_vcpu *vcpu, u32 info, u64 qual);

#endif /* POSADA_DEBUG_H */
