// SPDX-License-Identifier: GPL-2.0
#include "work.h"

#include <linux/errno.h>
#include <linux/kvm_host.h>
#include <linux/sched/signal.h>

#include "compat.h"

#if COMPAT_WORK_OF_KVM
/*
 * Until 6.18 the function belongs to KVM: when a signal comes it notes that in a
 * KVM vCPU.  This one nobody reads, and who writes it last does not matter.
 */
static struct kvm_run nobody_run;
static struct kvm_vcpu nobody = { .run = &nobody_run };

static int transfer(void)
{
	return xfer_to_guest_mode_handle_work(&nobody);
}
#else
static int transfer(void)
{
	return xfer_to_guest_mode_handle_work();
}
#endif

int work_handle(void)
{
	return signal_pending(current) ? -EINTR : transfer();
}
