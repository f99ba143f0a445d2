/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Getting and setting the state of a vCPU that is not running.
 */
#ifndef POSADA_STATE_H
#define POSADA_STATE_H

#include <linux/types.h>

struct posada_vcpu;
struct posada_state;
struct posada_msr;

/* The state after RESET; VMCS current. */
void state_reset(struct posada_vcpu *vcpu);

/**
 * state_get - read the groups of @state->groups
 * @vcpu: mutex held
 * @state: filled
 * @msrs: state->nr_msrs registers, values filled; or NULL
 * @xsave: fpu_size bytes, filled; or NULL
 *
 * Return: 0, -EINVAL (an MSR that is not there), -EBUSY, -EIO.
 */
int state_get(struct posada_vcpu *vcpu, struct posada_state *state,
	      struct posada_msr *msrs, void *xsave);

/**
 * state_set - check everything, then write it
 * @vcpu: mutex held
 * @state: what to set
 * @msrs: state->nr_msrs registers, or NULL
 * @xsave: fpu_size bytes, or NULL
 *
 * As state_get(); on -EINVAL @state->bad and @state->bad_msr say what is wrong.
 */
int state_set(struct posada_vcpu *vcpu, struct posada_state *state,
	      const struct posada_msr *msrs, const void *xsave);

#endif /* POSADA_STATE_H */
