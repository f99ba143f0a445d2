// SPDX-License-Identifier: GPL-2.0
/* A running guest changes its VM. */
#include "vm.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "policies.h"
#include "snapshot.h"

/* All counts are 64 bits wide and come after two words. */
#define NR_COUNTS \
	((sizeof(struct posada_stats) - offsetof(struct posada_stats, entries)) / sizeof(uint64_t))

static void add_stats(struct posada_stats *sum, const struct posada_stats *stats)
{
	const __u64 *from = &stats->entries;
	__u64 *to = &sum->entries;

	for (size_t i = 0; i < NR_COUNTS; i++)
		to[i] += from[i];
}

int vm_stats(struct vm *vm, struct posada_stats *stats)
{
	int err = 0;

	memset(stats, 0, sizeof(*stats));
	pthread_mutex_lock(&vm->vcpu_lock);
	if (vm->vcpu.fd >= 0)
		err = vm->vcpu.driver->stats(&vm->vcpu, stats);
	add_stats(stats, &vm->before);
	pthread_mutex_unlock(&vm->vcpu_lock);
	return err;
}

/* The rows of the trap policy that were set, as they were set. */
static int get_policy(struct vm *vm, struct posada_trap **traps, uint32_t *nr)
{
	uint32_t all = 0;
	int err = policies_get(vm, traps, &all);

	*nr = 0;
	if (err)
		return err == -ENOTTY ? 0 : err; /* it has none */
	for (uint32_t i = 0; i < all; i++) {
		struct posada_trap *trap = &(*traps)[i];

		if (trap->flags & POSADA_TRAP_BUILT_IN)
			continue;
		(*traps)[*nr] = *trap;
		(*traps)[*nr].flags = 0;
		(*traps)[*nr].hits = 0;
		++*nr;
	}
	return 0;
}

static int make_vm(struct vm *vm, const struct posada_trap *traps, uint32_t nr)
{
	const struct driver *driver = vm->driver.driver;
	char error[POLICY_ERROR];
	uint32_t bad;
	int err;

	driver->destroy(&vm->driver);
	err = driver->create(&vm->driver);
	if (err)
		return err;
	if (vm_map_memory(vm))
		return -EIO;
	return nr ? policies_set(vm, traps, nr, &bad, error) : 0;
}

/* Nothing of the old one is left when the new one is made, as after a restart. */
static int make_new(struct vm *vm, enum vm_move into)
{
	const struct driver *driver = vm->driver.driver;
	struct posada_trap *traps = NULL;
	uint32_t nr = 0;
	int err = 0;

	if (into == MOVE_VM)
		err = get_policy(vm, &traps, &nr);
	driver->destroy_vcpu(&vm->vcpu);
	if (!err && into == MOVE_VM)
		err = make_vm(vm, traps, nr);
	free(traps);
	return err ? err : driver->create_vcpu(&vm->driver, 0, &vm->vcpu);
}

/* vm->vcpu_lock is held.  @gone: the old vCPU is. */
static int __move(struct vm *vm, enum vm_move into, struct snapshot *snapshot, bool *gone)
{
	struct posada_guest_debug log = { .flags = POSADA_DEBUG_LOG };
	struct posada_stats stats;
	int err = snapshot_get(snapshot, &vm->vcpu);

	if (!err)
		err = vm->vcpu.driver->stats(&vm->vcpu, &stats);
	if (err)
		return err;
	add_stats(&vm->before, &stats);
	*gone = true;
	err = make_new(vm, into);
	if (!err)
		err = snapshot_set(snapshot, &vm->vcpu);
	if (!err && vm->log_exits)
		err = vm->vcpu.driver->debug(&vm->vcpu, &log);
	if (!err)
		vm->moves++;
	return err;
}

int vm_move(struct vm *vm, enum vm_move into)
{
	struct snapshot snapshot;
	bool gone = false;
	char text[64];
	int err = snapshot_init(&snapshot, &vm->driver.info);

	if (err)
		return err;
	pthread_mutex_lock(&vm->vcpu_lock);
	err = __move(vm, into, &snapshot, &gone);
	pthread_mutex_unlock(&vm->vcpu_lock);
	if (err && gone)
		vm_end(vm, END_ERROR, err, "moving it failed: %s %s", why(err),
		       state_bad(&snapshot.state, text, sizeof(text)));
	snapshot_destroy(&snapshot);
	return err;
}
