/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that a vCPU is, in one piece: read it from one and write it into another,
 * and the guest goes on there as if nothing had happened.
 *
 * Not in it: the guest's memory, what belongs to the VM (layout, trap policy), the
 * counts of POSADA_STATS, and a kick that no RUN has answered yet.
 */
#ifndef POSADA_SNAPSHOT_H
#define POSADA_SNAPSHOT_H

#include <stdint.h>

#include "driver.h"
#include "state.h"

/**
 * struct snapshot - a vCPU
 * @state: all groups
 * @msrs: those of state_msrs(); @state.msrs points here
 * @xsave: of @state.xsave_size bytes; @state.xsave points here
 * @cpuid: the CPUID table
 * @nr_cpuid: its entries
 * @room: entries there is room for at @cpuid
 * @run: the run page, with what the program wants applied before the guest goes on
 */
struct snapshot {
	struct posada_state state;
	struct posada_msr msrs[STATE_MSRS_MAX];
	void *xsave;
	struct posada_cpuid_entry *cpuid;
	uint32_t nr_cpuid;
	uint32_t room;
	struct posada_run run;
};

/** snapshot_init() - room for a vCPU of this driver.  Return: 0 or -ENOMEM */
int snapshot_init(struct snapshot *s, const struct posada_info *info);

/** snapshot_destroy() - undo snapshot_init() */
void snapshot_destroy(struct snapshot *s);

/**
 * snapshot_get() - read all of a vCPU that is not running
 * @s: after snapshot_init(); may be used again and again
 * @vcpu: whose
 *
 * An instruction that the program has done, and that the next RUN would skip, is
 * skipped by the first RUN of the other vCPU.  One that it has not done is
 * executed again: @run.reason is POSADA_EXIT_NONE.
 *
 * Return: 0 or -errno; -EOPNOTSUPP for a driver that cannot tell all of it.
 */
int snapshot_get(struct snapshot *s, struct driver_vcpu *vcpu);

/**
 * snapshot_set() - make a vCPU that
 * @s: after snapshot_get(), of the same host: the TSC goes on as if it were one vCPU
 * @vcpu: just made, with the same id
 *
 * Return: 0 or -errno; with -EINVAL state_bad(&@s->state) tells what is wrong.
 */
int snapshot_set(struct snapshot *s, struct driver_vcpu *vcpu);

#endif /* POSADA_SNAPSHOT_H */
