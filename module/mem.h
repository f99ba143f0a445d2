/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory: ordinary memory of the process that made the VM, mirrored into
 * EPT as guests touch it and taken out again as Linux changes it.
 */
#ifndef POSADA_MEM_H
#define POSADA_MEM_H

#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "ept.h"

struct mm_struct;
struct mem_range;
struct posada_memory_op;

/**
 * struct mem - the memory of one VM
 * @ept: [l] the mirror; its eptp is [I]
 * @generation: [l] grows with every removal; read without the lock before entry
 * @nr: [l] number of @ranges
 * @ranges: [l] by ascending guest-physical address
 * @mm: [I] whose memory it is; holds a reference to the struct, not to the memory
 * @lock: protects [l]; taken inside the notifier, never sleeps
 * @change: one layout change at a time; outside @lock
 */
struct mem {
	struct ept ept;
	u64 generation;
	unsigned int nr;
	struct mem_range **ranges;
	struct mm_struct *mm;
	spinlock_t lock;
	struct mutex change;
};

int mem_create(struct mem *mem);	/* of current->mm; 0 or -errno */
void mem_destroy(struct mem *mem);	/* no vCPU may be left */

/**
 * mem_change - apply layout changes, all or nothing
 * @mem: of current->mm
 * @ops: the changes in order
 * @nr: how many
 * @bad: out: index of the operation an error is about, else ~0
 *
 * May sleep.  On return no vCPU can reach what was unmapped.
 * Return: 0, or -errno as struct posada_memory says.
 */
int mem_change(struct mem *mem, const struct posada_memory_op *ops, u32 nr, u32 *bad);

/* Is there memory at @gpa for this access?  Any context but a notifier's. */
bool mem_has(struct mem *mem, u64 gpa, bool write);

enum mem_answer {
	MEM_MAPPED,	/* try again */
	MEM_MMIO,	/* the range went away meanwhile */
};

/*
 * A fault also maps the present pages around it, and more and more of them if the
 * guest goes on where the last fault ended: a page among others costs a thirtieth
 * of an exit.  Absent ones are brought in ahead only then, and few.
 */
#define MEM_AROUND_MIN	64U
#define MEM_AROUND_MAX	512U
#define MEM_AHEAD_MAX	16U
#define MEM_LARGE_MAX	16U	/* large pages that come with one */

/**
 * struct mem_scratch - what a fault works with; one a vCPU, so that none is on
 * the stack, which kernels clear at every call
 * @cache: pages for EPT tables
 * @pfns: what HMM says of the pages of a window; MEM_AROUND_MAX of them
 * @next: where the last fault's window ended
 * @around: pages of the next window, if the guest goes on there
 * @ahead: absent pages to bring in at once, if it goes on there
 * @fresh: so many faults are taken to be of pages the host does not have yet
 * @large: the last page was a large one
 */
struct mem_scratch {
	struct ept_cache cache;
	unsigned long *pfns;
	u64 next;
	unsigned int around;
	unsigned int ahead;
	unsigned int fresh;
	bool large;
};

void mem_scratch_free(struct mem_scratch *scratch);

/**
 * mem_fault - make a guest-physical address accessible
 * @mem: of current->mm
 * @scratch: the vCPU's own
 * @gpa: where the guest got an EPT violation
 * @access: POSADA_ACCESS_*: what it did
 * @made: out: number of leaves made, neighbours included
 *
 * May sleep.  Return: enum mem_answer; -EINTR: a signal; other -errno: the host
 * cannot serve the access.
 */
int mem_fault(struct mem *mem, struct mem_scratch *scratch, u64 gpa, u32 access,
	      unsigned int *made);

DECLARE_PER_CPU(struct mem *, mem_running);

/*
 * Between mem_enter() and mem_leave(), interrupts off but for short breaks in
 * root mode, this CPU may hold translations of @mem.  Compare @generation after
 * mem_enter(): a removal waits for this CPU from then on.
 */
static inline void mem_enter(struct mem *mem)
{
	this_cpu_write(mem_running, mem);
	smp_mb();	/* pairs with the removal's write of generation */
}

static inline void mem_leave(void)
{
	this_cpu_write(mem_running, NULL);
}

/* Wait until no CPU is in the guest that entered before this call; may sleep. */
void mem_wait_for_exits(struct mem *mem);

#endif /* POSADA_MEM_H */
