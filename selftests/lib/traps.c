// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <string.h>

#include "check.h"
#include "traps.h"

int __policy_set(struct vm *vm, const struct posada_trap *traps, unsigned int nr,
		 struct posada_policy *policy)
{
	struct posada_policy set = {
		.size = sizeof(set),
		.nr = nr,
		.traps = (uintptr_t)traps,
	};
	int ret = posada_ioctl(vm->fd, POSADA_POLICY_SET, &set);

	if (policy)
		*policy = set;
	return ret;
}

void policy_set(struct vm *vm, const struct posada_trap *traps, unsigned int nr)
{
	struct posada_policy policy;
	int ret = __policy_set(vm, traps, nr, &policy);

	if (ret)
		die("POSADA_POLICY_SET: %s; row %d: %s", strerror(-ret), (int)policy.bad,
		    policy.why);
}

void policy_set_one(struct vm *vm, struct posada_trap trap)
{
	policy_set(vm, &trap, 1);
}

unsigned int policy_get(struct vm *vm, struct posada_trap traps[POLICY_ROOM])
{
	struct posada_policy get = {
		.size = sizeof(get),
		.nr = POLICY_ROOM,
		.traps = (uintptr_t)traps,
	};
	int ret = posada_ioctl(vm->fd, POSADA_POLICY_GET, &get);

	if (ret)
		die("POSADA_POLICY_GET: %s", strerror(-ret));
	return get.nr;
}

uint64_t policy_hits(struct vm *vm, unsigned int row)
{
	struct posada_trap traps[POLICY_ROOM];

	policy_get(vm, traps);
	return traps[row].hits;
}
