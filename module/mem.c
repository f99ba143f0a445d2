// SPDX-License-Identifier: GPL-2.0
#include "mem.h"

#include <linux/hmm.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/posada.h>

#include "layout.h"
#include "ledger.h"

#define REMOVE_BYTES	(64ULL << 20)	/* 32 tables a hold of the lock */
#define FRESH_STREAK	15
#define AROUND_BYTES	(MEM_AROUND * PAGE_SIZE)

/* One range of the layout and the notifier that watches its backing. */
struct mem_range {
	struct mmu_interval_notifier notifier;
	struct layout_range at;	/* [I] */
	struct mem *mem;	/* [I] */
	struct kref kref;
	bool live;		/* [l] part of the layout */
};

DEFINE_PER_CPU(struct mem *, mem_running);

/* ---- invalidation ----------------------------------------------------------- */

static bool runs_here(int cpu, void *mem)
{
	return READ_ONCE(per_cpu(mem_running, cpu)) == mem;
}

static void exited(void *unused)
{
	/* The IPI took the CPU out of the guest; it flushes before it enters again. */
}

/*
 * After leaves were removed and the lock dropped: wait until no CPU is in the
 * guest with translations older than that (SDM 3C 29.4.3.3).
 */
void mem_wait_for_exits(struct mem *mem)
{
	smp_mb();	/* generation before mem_running; pairs with mem_enter() */
	on_each_cpu_cond_mask(runs_here, exited, mem, true, cpu_online_mask);
}

/*
 * Remove [start, end) of guest-physical space; the caller flushes if true.  In
 * pieces, because vCPUs wait for the lock with interrupts off.
 */
static bool remove(struct mem *mem, u64 start, u64 end)
{
	bool any = false;
	u64 next;

	for (; start < end; start = next) {
		next = min(round_down(start, REMOVE_BYTES) + REMOVE_BYTES, end);
		spin_lock(&mem->lock);
		if (ept_zap(&mem->ept, start, next)) {
			WRITE_ONCE(mem->generation, mem->generation + 1);
			any = true;
		}
		spin_unlock(&mem->lock);
	}
	return any;
}

static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long seq)
{
	struct mem_range *r = container_of(notifier, struct mem_range, notifier);
	u64 start = max_t(u64, range->start, r->at.hva);
	u64 end = min_t(u64, range->end, r->at.hva + r->at.length);
	struct mem *mem = r->mem;

	/* From here on nothing seen earlier is installed; see install(). */
	spin_lock(&mem->lock);
	mmu_interval_set_seq(notifier, seq);
	spin_unlock(&mem->lock);
	if (start < end &&
	    remove(mem, round_down(start - r->at.hva, PAGE_SIZE) + r->at.gpa,
		   round_up(end - r->at.hva, PAGE_SIZE) + r->at.gpa))
		mem_wait_for_exits(mem);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = invalidate,
};

/* ---- ranges ------------------------------------------------------------------- */

static struct mem_range *range_create(struct mem *mem, const struct layout_range *at)
{
	struct mem_range *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	int err;

	if (!r)
		return ERR_PTR(-ENOMEM);
	r->at = *at;
	r->mem = mem;
	kref_init(&r->kref);
	err = mmu_interval_notifier_insert(&r->notifier, mem->mm, at->hva,
					   at->length, &notifier_ops);
	if (err) {
		kfree(r);
		return ERR_PTR(err);
	}
	ledger_add(LEDGER_RANGE);
	return r;
}

static void range_free(struct kref *kref)
{
	ledger_remove(LEDGER_RANGE);
	kfree(container_of(kref, struct mem_range, kref));
}

/* Out of the layout already, or never in it.  A fault may still hold it. */
static void range_destroy(struct mem_range *r)
{
	mmu_interval_notifier_remove(&r->notifier);
	kref_put(&r->kref, range_free);
}

static struct mem_range *__range_find(struct mem *mem, u64 gpa)
{
	unsigned int low = 0, high = mem->nr;

	lockdep_assert_held(&mem->lock);
	while (low < high) {
		unsigned int mid = (low + high) / 2;
		struct mem_range *r = mem->ranges[mid];

		if (gpa < r->at.gpa)
			high = mid;
		else if (gpa - r->at.gpa >= r->at.length)
			low = mid + 1;
		else
			return r;
	}
	return NULL;
}

/* A counted reference, or NULL. */
static struct mem_range *range_get(struct mem *mem, u64 gpa)
{
	struct mem_range *r;

	spin_lock(&mem->lock);
	r = __range_find(mem, gpa);
	if (r)
		kref_get(&r->kref);
	spin_unlock(&mem->lock);
	return r;
}

static bool allows(const struct mem_range *r, bool write)
{
	return r && !(write && (r->at.flags & POSADA_MEMORY_READONLY));
}

bool mem_has(struct mem *mem, u64 gpa, bool write)
{
	bool has;

	spin_lock(&mem->lock);
	has = allows(__range_find(mem, gpa), write);
	spin_unlock(&mem->lock);
	return has;
}

int mem_create(struct mem *mem)
{
	int err = ept_create(&mem->ept);

	if (err)
		return err;
	spin_lock_init(&mem->lock);
	mutex_init(&mem->change);
	mem->generation = 1;
	mem->nr = 0;
	mem->ranges = NULL;
	mem->mm = current->mm;
	mmgrab(mem->mm);
	return 0;
}

void mem_destroy(struct mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->nr; i++)
		range_destroy(mem->ranges[i]);
	kvfree(mem->ranges);
	mmdrop(mem->mm);
	ept_destroy(&mem->ept);
}

/* ---- changing the layout -------------------------------------------------------- */

static bool same(const struct layout_range *a, const struct layout_range *b)
{
	return a->gpa == b->gpa && a->length == b->length && a->hva == b->hva &&
	       a->flags == b->flags;
}

static void layout_of(const struct mem *mem, struct layout *layout)
{
	for (layout->nr = 0; layout->nr < mem->nr; layout->nr++)
		layout->range[layout->nr] = mem->ranges[layout->nr]->at;
}

static int apply(struct layout *layout, const struct posada_memory_op *ops, u32 nr, u32 *bad)
{
	u64 gpa_end = 1ULL << min_t(u32, boot_cpu_data.x86_phys_bits, EPT_GPA_BITS);
	u32 i;

	for (i = 0; i < nr; i++) {
		int err = layout_apply(layout, &ops[i], gpa_end, TASK_SIZE_MAX);

		if (err) {
			*bad = i;
			return err;
		}
	}
	return 0;
}

/*
 * Fill @next from the layout: the range object we have where nothing changed, a
 * new one elsewhere.  Both lists are sorted, so one pass finds what stays.
 */
static int build(struct mem *mem, const struct layout *layout, struct mem_range **next)
{
	unsigned int i, old = 0;
	int err;

	for (i = 0; i < layout->nr; i++) {
		const struct layout_range *at = &layout->range[i];

		while (old < mem->nr && mem->ranges[old]->at.gpa < at->gpa)
			old++;
		if (old < mem->nr && same(&mem->ranges[old]->at, at)) {
			next[i] = mem->ranges[old];
			continue;
		}
		next[i] = range_create(mem, at);
		if (IS_ERR(next[i])) {
			err = PTR_ERR(next[i]);
			goto out_destroy_ranges;
		}
	}
	return 0;

out_destroy_ranges:
	while (i--)
		if (!next[i]->live)
			range_destroy(next[i]);
	return err;
}

/* Swap the lists; afterwards @old holds the ranges that are no longer live. */
static void commit(struct mem *mem, struct mem_range **next, unsigned int nr)
{
	struct mem_range **old = mem->ranges;
	unsigned int old_nr = mem->nr;
	bool flush = false;
	unsigned int i;

	spin_lock(&mem->lock);
	for (i = 0; i < old_nr; i++)
		old[i]->live = false;
	for (i = 0; i < nr; i++)
		next[i]->live = true;
	mem->ranges = next;
	mem->nr = nr;
	spin_unlock(&mem->lock);

	for (i = 0; i < old_nr; i++)
		if (!old[i]->live)
			flush |= remove(mem, old[i]->at.gpa,
					old[i]->at.gpa + old[i]->at.length);
	if (flush)
		mem_wait_for_exits(mem);
	for (i = 0; i < old_nr; i++)
		if (!old[i]->live)
			range_destroy(old[i]);
	kvfree(old);
}

int mem_change(struct mem *mem, const struct posada_memory_op *ops, u32 nr, u32 *bad)
{
	struct mem_range **next;
	struct layout *layout;
	int err;

	*bad = ~0U;
	layout = kvmalloc(sizeof(*layout), GFP_KERNEL);
	if (!layout)
		return -ENOMEM;
	err = mutex_lock_killable(&mem->change);
	if (err)
		goto out_free_layout;

	layout_of(mem, layout);
	err = apply(layout, ops, nr, bad);
	if (err)
		goto out_unlock;
	next = kvmalloc_array(max(layout->nr, 1U), sizeof(*next), GFP_KERNEL_ACCOUNT);
	if (!next) {
		err = -ENOMEM;
		goto out_unlock;
	}
	err = build(mem, layout, next);
	if (err)
		kvfree(next);
	else
		commit(mem, next, layout->nr);

out_unlock:
	mutex_unlock(&mem->change);
out_free_layout:
	kvfree(layout);
	return err;
}

/* ---- faults ---------------------------------------------------------------------- */

struct window {
	struct hmm_range hmm;
	u64 gpa;			/* of the first page */
	unsigned int nr;		/* pages */
	unsigned int target;		/* the one that faulted */
	struct mem_scratch *scratch;
};

/* The aligned window around @gpa, cut to its range. */
static void window_init(struct window *w, struct mem_range *r, u64 gpa,
			struct mem_scratch *scratch)
{
	u64 start = max_t(u64, round_down(gpa, AROUND_BYTES), r->at.gpa);
	u64 end = min_t(u64, round_down(gpa, AROUND_BYTES) + AROUND_BYTES,
			r->at.gpa + r->at.length);

	w->gpa = start;
	w->nr = (end - start) >> PAGE_SHIFT;
	w->target = (gpa - start) >> PAGE_SHIFT;
	w->scratch = scratch;
	w->hmm = (struct hmm_range) {
		.notifier = &r->notifier,
		.pfn_flags_mask = HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE,
	};
}

/* Look at pages [first, first + nr); fault in what @request asks for. */
static int look(struct window *w, struct mem_range *r, unsigned int first,
		unsigned int nr, unsigned long request)
{
	unsigned long *pfns = &w->scratch->pfns[first];
	struct mm_struct *mm = r->mem->mm;
	int err;

	memset(pfns, 0, nr * sizeof(*pfns));
	pfns[0] = request;
	w->hmm.start = r->at.hva + (w->gpa - r->at.gpa) + first * PAGE_SIZE;
	w->hmm.end = w->hmm.start + nr * PAGE_SIZE;
	w->hmm.hmm_pfns = pfns;
	w->hmm.notifier_seq = mmu_interval_read_begin(&r->notifier);
	err = mmap_read_lock_killable(mm);
	if (err)
		return err;
	err = hmm_range_fault(&w->hmm);
	mmap_read_unlock(mm);
	return err;
}

static bool good(unsigned long pfn, bool write)
{
	return (pfn & HMM_PFN_VALID) && (!write || (pfn & HMM_PFN_WRITE));
}

/* Install what was seen, unless the host changed it meanwhile: -EAGAIN. */
static int install(struct window *w, struct mem_range *r, unsigned int first,
		   unsigned int nr, unsigned int *made)
{
	bool readonly = r->at.flags & POSADA_MEMORY_READONLY;
	struct mem_scratch *s = w->scratch;
	struct mem *mem = r->mem;
	unsigned int i;
	int err = 0;

	spin_lock(&mem->lock);
	if (!r->live || mmu_interval_read_retry(&r->notifier, w->hmm.notifier_seq)) {
		err = -EAGAIN;
		goto out_unlock;
	}
	for (i = first; i < first + nr; i++) {
		unsigned long pfn = s->pfns[i];
		bool writable = (pfn & HMM_PFN_WRITE) && !readonly;
		struct page *page;

		s->leaves[i] = 0;
		if (!(pfn & HMM_PFN_VALID))
			continue;
		page = hmm_pfn_to_page(pfn);
		/* The CPU's writes through EPT leave no trace in the host's PTE. */
		if (writable && !PageDirty(page))
			set_page_dirty(page);
		s->leaves[i] = ept_leaf(page_to_pfn(page), writable);
	}
	*made += ept_map(&mem->ept, &s->cache, w->gpa + first * PAGE_SIZE,
			 &s->leaves[first], nr);
out_unlock:
	spin_unlock(&mem->lock);
	return err;
}

/*
 * A page that came as a part of a huge one brings the others of the window with
 * it.  From @first on; returns how many.
 */
static unsigned int spread(struct window *w, struct mem_range *r, unsigned int *first)
{
	unsigned long *pfns = w->scratch->pfns;
	unsigned long pfn = pfns[w->target];
	u64 size = PAGE_SIZE << hmm_pfn_to_map_order(pfn);
	u64 base = r->at.hva + (w->gpa - r->at.gpa);	/* of page 0 of the window */
	u64 start = max(round_down(base + w->target * PAGE_SIZE, size), base);
	u64 end = min(round_down(base + w->target * PAGE_SIZE, size) + size,
		      base + w->nr * PAGE_SIZE);
	unsigned int i;

	*first = (start - base) >> PAGE_SHIFT;
	for (i = *first; i < (end - base) >> PAGE_SHIFT; i++)
		pfns[i] = pfn + i - w->target;
	return i - *first;
}

/*
 * First only look: neighbours that are present come for free, and none is
 * faulted in on their behalf.  If the page itself is absent, fault it alone; the
 * next are then likely absent too, and looking first would be in vain.
 */
static int fault_once(struct window *w, struct mem_range *r, bool write,
		      unsigned int *made)
{
	struct mem_scratch *s = w->scratch;
	unsigned int first, nr;
	int err;

	if (s->fresh) {
		s->fresh--;
	} else {
		err = look(w, r, 0, w->nr, 0);
		if (!err && good(s->pfns[w->target], write))
			return install(w, r, 0, w->nr, made);
		if (err && err != -EFAULT)	/* -EFAULT: some page; see below */
			return err;
		s->fresh = FRESH_STREAK;
	}
	err = look(w, r, w->target, 1,
		   HMM_PFN_REQ_FAULT | (write ? HMM_PFN_REQ_WRITE : 0));
	if (err)
		return err;
	first = w->target;
	nr = spread(w, r, &first);
	return install(w, r, first, nr, made);
}

int mem_fault(struct mem *mem, struct mem_scratch *scratch, u64 gpa, bool write,
	      unsigned int *made)
{
	struct mem_range *r = range_get(mem, gpa);
	struct window w;
	int err;

	if (!r)
		return MEM_MMIO;
	if (!allows(r, write)) {
		err = MEM_MMIO;
		goto out_put_range;
	}
	err = ept_cache_fill(&scratch->cache);
	if (err)
		goto out_put_range;

	window_init(&w, r, gpa, scratch);
	do {
		if (signal_pending(current)) {
			err = -EINTR;
			break;
		}
		cond_resched();
		err = fault_once(&w, r, write, made);
		/* Out of the layout: the guest tries again and meets what is there now. */
	} while ((err == -EBUSY || err == -EAGAIN) && READ_ONCE(r->live));
	if (err == -EBUSY || err == -EAGAIN || !err)
		err = MEM_MAPPED;

out_put_range:
	kref_put(&r->kref, range_free);
	return err;
}
