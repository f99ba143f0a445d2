// SPDX-License-Identifier: GPL-2.0
/* All that a vCPU is, in one piece. */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS                                                                                   \
	(POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL | POSADA_STATE_DEBUG | \
	 POSADA_STATE_EVENTS | POSADA_STATE_MSRS | POSADA_STATE_XSAVE | POSADA_STATE_TSC)

int snapshot_init(struct snapshot *s, const struct posada_info *info)
{
	memset(s, 0, sizeof(*s));
	s->room = info->max_cpuid;
	s->cpuid = calloc(s->room, sizeof(*s->cpuid));
	s->xsave = calloc(1, info->xsave_size);
	if (!s->cpuid || !s->xsave) {
		snapshot_destroy(s);
		return -ENOMEM;
	}
	s->state.nr_msrs = state_msrs(info->features, s->msrs);
	s->state.msrs = (uintptr_t)s->msrs;
	s->state.xsave_size = info->xsave_size;
	s->state.xsave = (uintptr_t)s->xsave;
	return 0;
}

void snapshot_destroy(struct snapshot *s)
{
	free(s->cpuid);
	free(s->xsave);
	s->cpuid = NULL;
	s->xsave = NULL;
}

/*
 * Only the vCPU that made the exit knows how long its instruction is; another can be
 * told where the next one is.
 */
static void get_run(struct snapshot *s, const struct posada_run *run)
{
	s->run = *run;
	if (s->run.apply & POSADA_APPLY_SKIP) {
		s->run.apply &= ~POSADA_APPLY_SKIP;
		if (!(s->run.apply & POSADA_APPLY_RIP))
			s->run.rip += s->run.insn_len;
		s->run.apply |= POSADA_APPLY_RIP;
	}
	s->run.reason = POSADA_EXIT_NONE;
	s->run.insn_len = 0;
	s->run.status = 0;
}

int snapshot_get(struct snapshot *s, struct driver_vcpu *vcpu)
{
	int err;

	if (!vcpu->driver->cpuid_get || !vcpu->driver->cpuid_set)
		return -EOPNOTSUPP;
	s->nr_cpuid = s->room;
	err = vcpu->driver->cpuid_get(vcpu, s->cpuid, &s->nr_cpuid);
	if (!err)
		err = vcpu->driver->state_get(vcpu, &s->state, GROUPS);
	if (!err)
		get_run(s, vcpu->run);
	return err;
}

int snapshot_set(struct snapshot *s, struct driver_vcpu *vcpu)
{
	/* First the table: it says which bits of CR4 and EFER there are. */
	int err = vcpu->driver->cpuid_set(vcpu, s->cpuid, s->nr_cpuid);

	if (!err)
		err = vcpu->driver->state_set(vcpu, &s->state, GROUPS);
	if (!err)
		*vcpu->run = s->run;
	return err;
}
