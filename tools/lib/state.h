/* SPDX-License-Identifier: GPL-2.0 */
/* What is in a vCPU's state, by name.  Pure. */
#ifndef POSADA_STATE_H
#define POSADA_STATE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/posada.h>

/**
 * state_field_name() - a field of struct posada_state in words, "segments.cs.access"
 * @offset: of its first byte, as posada_state.bad tells it
 * @text: out: the name; of an offset that is no field's, "byte N"
 * @size: bytes at @text
 *
 * Return: @text
 */
const char *state_field_name(uint32_t offset, char *text, size_t size);

/** state_msr_name() - "LSTAR", or NULL for one that is not part of the state */
const char *state_msr_name(uint32_t index);

/**
 * state_msrs() - the MSRs that are part of the state
 * @features: posada_info.features
 * @msrs: out: their indices, with room for STATE_MSRS_MAX
 *
 * Return: how many there are.
 */
uint32_t state_msrs(uint64_t features, struct posada_msr *msrs);

#define STATE_MSRS_MAX 32

/**
 * state_bad() - what a SET that said EINVAL is about
 * @state: as the call left it, its MSRs still where @state->msrs says
 * @text: out: a field, or "MSR 0xc0000082 (LSTAR)"; empty if it is no field's fault
 * @size: bytes at @text
 *
 * Return: @text
 */
const char *state_bad(const struct posada_state *state, char *text, size_t size);

#endif /* POSADA_STATE_H */
