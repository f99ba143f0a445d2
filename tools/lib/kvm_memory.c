// SPDX-License-Identifier: GPL-2.0
/* KVM's memory slots, made of ranges. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "driver_kvm.h"

#define PAGE 4096

static bool overlaps(const struct kvm_slot *slot, uint64_t gpa, uint64_t length)
{
	return slot->length && slot->gpa < gpa + length && gpa < slot->gpa + slot->length;
}

static struct kvm_slot *find_free(struct kvm_slot *slots)
{
	for (unsigned int i = 0; i < KVM_SLOTS; i++)
		if (!slots[i].length)
			return &slots[i];
	return NULL;
}

static int check(const struct driver_vm *vm, const struct posada_memory_op *op)
{
	uint64_t end = 1ULL << vm->info.gpa_bits;

	if (op->op > POSADA_MEMORY_UNMAP || (op->gpa | op->length | op->hva) % PAGE || !op->length)
		return -EINVAL;
	if (op->op == POSADA_MEMORY_MAP ? op->flags & ~POSADA_MEMORY_READONLY :
					  op->flags || op->hva)
		return -EINVAL;
	if (op->gpa >= end || op->length > end - op->gpa || op->hva + op->length < op->hva)
		return -EINVAL;
	return 0;
}

static int map(struct kvm_slot *slots, const struct posada_memory_op *op)
{
	struct kvm_slot *slot = find_free(slots);

	for (unsigned int i = 0; i < KVM_SLOTS; i++)
		if (overlaps(&slots[i], op->gpa, op->length))
			return -EEXIST;
	if (!slot)
		return -ENOSPC;
	*slot = (struct kvm_slot){ op->gpa, op->length, op->hva, op->flags };
	return 0;
}

/* What is left of a slot when the middle is taken out. */
static int cut(struct kvm_slot *slots, struct kvm_slot *slot, uint64_t gpa, uint64_t length)
{
	const struct kvm_slot old = *slot;
	uint64_t end = gpa + length, old_end = old.gpa + old.length;

	slot->length = old.gpa < gpa ? gpa - old.gpa : 0;
	if (end >= old_end)
		return 0;
	slot = find_free(slots);
	if (!slot)
		return -ENOSPC;
	*slot = (struct kvm_slot){ end, old_end - end, old.hva + (end - old.gpa), old.flags };
	return 0;
}

static int unmap(struct kvm_slot *slots, const struct posada_memory_op *op)
{
	bool found = false;
	int err;

	for (unsigned int i = 0; i < KVM_SLOTS; i++) {
		if (!overlaps(&slots[i], op->gpa, op->length))
			continue;
		found = true;
		err = cut(slots, &slots[i], op->gpa, op->length);
		if (err)
			return err;
	}
	return found ? 0 : -ENOENT;
}

static int set_slot(const struct driver_vm *vm, unsigned int number, const struct kvm_slot *slot)
{
	struct kvm_userspace_memory_region region = {
		.slot = number,
		.flags = slot->flags & POSADA_MEMORY_READONLY ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = slot->gpa,
		.memory_size = slot->length,
		.userspace_addr = slot->hva,
	};

	return kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

static bool same(const struct kvm_slot *a, const struct kvm_slot *b)
{
	return a->length == b->length && (!a->length || !memcmp(a, b, sizeof(*a)));
}

/* Slots that change go before any comes: KVM lets none overlap. */
static int replace(const struct driver_vm *vm, const struct kvm_slot *from,
		   const struct kvm_slot *to)
{
	static const struct kvm_slot none;
	int err;

	for (unsigned int i = 0; i < KVM_SLOTS; i++)
		if (from[i].length && !same(&from[i], &to[i]))
			set_slot(vm, i, &none);
	for (unsigned int i = 0; i < KVM_SLOTS; i++) {
		if (!to[i].length || same(&from[i], &to[i]))
			continue;
		err = set_slot(vm, i, &to[i]);
		if (err)
			return err;
	}
	return 0;
}

/* vm->lock is held.  KVM changes slot by slot; a vCPU must not see that. */
static void __stop_cpus(struct kvm_vm *own)
{
	__atomic_store_n(&own->changing, 1, __ATOMIC_SEQ_CST);
	for (struct kvm_cpu *cpu = own->cpus; cpu; cpu = cpu->next) {
		while (__atomic_load_n(&cpu->inside, __ATOMIC_SEQ_CST)) {
			kvm_poke(cpu, POKE_EVENT);
			usleep(20);
		}
	}
}

static int __change(struct kvm_vm *own, const struct kvm_slot *to)
{
	struct driver_vm *vm = own->vm;
	int err;

	__stop_cpus(own);
	err = replace(vm, own->slot, to);
	if (err)
		replace(vm, to, own->slot); /* what was there before fitted */
	else
		memcpy(own->slot, to, sizeof(own->slot));
	__atomic_store_n(&own->changing, 0, __ATOMIC_SEQ_CST);
	return err;
}

int kvm_memory(struct driver_vm *vm, const struct posada_memory_op *ops, uint32_t nr, uint32_t *bad)
{
	struct kvm_vm *own = vm->own;
	struct kvm_slot to[KVM_SLOTS];
	uint32_t i = 0;
	int err = 0;

	pthread_mutex_lock(&own->lock);
	memcpy(to, own->slot, sizeof(to));
	for (; i < nr; i++) {
		err = check(vm, &ops[i]);
		if (!err)
			err = ops[i].op == POSADA_MEMORY_MAP ? map(to, &ops[i]) :
							       unmap(to, &ops[i]);
		if (err)
			break;
	}
	if (bad)
		*bad = err ? i : ~0U;
	if (!err)
		err = __change(own, to);
	pthread_mutex_unlock(&own->lock);
	return err;
}
