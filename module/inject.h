/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for the guest: queued by anybody, delivered at VM entry when the guest
 * can take them, and delivered again when an exit broke their delivery.
 */
#ifndef POSADA_INJECT_H
#define POSADA_INJECT_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/types.h>

struct posada_vcpu;
struct posada_interrupt;

#define VECTOR_DB	1
#define VECTOR_BP	3
#define VECTOR_OF	4
#define VECTOR_UD	6
#define VECTOR_DF	8
#define VECTOR_GP	13
#define VECTOR_PF	14
#define VECTOR_AC	17
#define VECTOR_MC	18

/**
 * struct events - what waits for the guest
 * @vectors: [a] external interrupts, one bit each
 * @nmis: [a] NMIs, 0..2
 * @event: [v] an exception, or an event to be delivered again: interruption
 *         information (SDM 3C 25.8.3), 0 if none
 * @error: [v] its error code
 * @length: [v] its instruction length
 * @again: [v] @event is a second delivery
 * @check: [v] look at all this before the next entry; always set while halted
 * @window: [v] interrupt- or NMI-window exiting is on, or breakpoints are: what a
 *          shadow that is over would hold up
 * @offer: [v] POSADA_OFFER_VALID | vector of the program's interrupt controller
 * @taken: [v] the offer was delivered
 * @shadow_stale: [v] an instruction was completed in software since the last
 *                entry: the STI or MOV-SS shadow in the VMCS is over
 * @threshold: [v] TPR threshold as it is in the VMCS
 */
struct events {
	DECLARE_BITMAP(vectors, 256);
	atomic_t nmis;
	u32 event;
	u32 error;
	u32 length;
	bool again;
	bool check;
	bool window;
	u32 offer;
	bool taken;
	bool shadow_stale;
	u32 threshold;
};

/**
 * inject_prepare - before an entry: decide what to deliver, open windows
 * @vcpu: the VMCS is current, interrupts off; the entry follows at once
 */
void inject_prepare(struct posada_vcpu *vcpu);

/*
 * What waits to be delivered at once: an interrupt or NMI whose delivery was
 * broken goes back to those that wait.  Return: false if an exception, or a
 * software interrupt, is left, which must be delivered first.
 */
bool inject_postpone(struct posada_vcpu *vcpu);

/* The next entry delivers that and then opens the NMI window. */
void inject_only_event(struct posada_vcpu *vcpu);

/* Nothing is delivered by the next entry, nor does a window open. */
void inject_hold(struct posada_vcpu *vcpu);

/* After an entry that failed: what was to be delivered waits again. */
void inject_undo(struct posada_vcpu *vcpu);

/* After an exit that can break a delivery: take the event back. */
void inject_requeue(struct posada_vcpu *vcpu);

/* The STI or MOV-SS shadow in the VMCS as the guest sees it; VMCS current. */
void inject_settle_shadow(struct posada_vcpu *vcpu);

/* Does a debug trap of the last instruction wait in the VMCS?  VMCS current. */
bool inject_trap_pending(void);

/* Would a halted vCPU wake? */
bool inject_wakes(struct posada_vcpu *vcpu);

/**
 * inject_exception - the instruction at hand raises an exception
 * @vcpu: mutex held
 * @vector: 0..31, not 2
 * @with_error: push @error (outside real mode, which has none)
 * @error: error code
 *
 * Combines with an event whose delivery was broken off (SDM 3A 6.15).
 * Return: false for a triple fault.
 */
bool inject_exception(struct posada_vcpu *vcpu, u8 vector, bool with_error, u32 error);

/* INT1: a #DB that is an instruction of its own. */
void inject_icebp(struct posada_vcpu *vcpu);

/* POSADA_INTERRUPT; any thread.  0 or -errno as the uAPI says. */
int inject_ioctl(struct posada_vcpu *vcpu, const struct posada_interrupt *arg);

#endif /* POSADA_INJECT_H */
