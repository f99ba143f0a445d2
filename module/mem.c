// SPDX-License-Identifier: GPL-2.0
#include "mem.h"

#include <linux/gfp.h>
#include <linux/hmm.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/posada.h>

#include "cpu.h"
#include "layout.h"
#include "ledger.h"
#include "mitigate.h"

#define REMOVE_BYTES	(64ULL << 20)	/* 32 tables a hold of the lock */
#define FRESH_STREAK	15

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

/* One fault while it is served. */
struct fault {
	struct mem_range *range;
	struct mem_scratch *scratch;
	u64 gpa;		/* of the page that faulted */
	u64 end;		/* of what was mapped for it */
	bool write;
	bool small;		/* large leaves cannot serve it */
	bool sequential;	/* begins where the last one ended */
	unsigned int made;
	struct hmm_range hmm;
};

static u64 hva_of(const struct mem_range *r, u64 gpa)
{
	return r->at.hva + (gpa - r->at.gpa);
}

/*
 * Look at @nr pages from @gpa on, and with a @request fault in all of them.  HMM
 * writes every element of pfns[], or says that it could not.
 */
static int look(struct fault *f, u64 gpa, unsigned int nr, unsigned long request)
{
	struct mem_range *r = f->range;
	struct mm_struct *mm = r->mem->mm;
	struct hmm_range *hmm = &f->hmm;
	int err;

	hmm->notifier = &r->notifier;
	hmm->start = hva_of(r, gpa);
	hmm->end = hmm->start + nr * PAGE_SIZE;
	hmm->hmm_pfns = f->scratch->pfns;
	hmm->default_flags = request;
	hmm->notifier_seq = mmu_interval_read_begin(&r->notifier);
	err = mmap_read_lock_killable(mm);
	if (err)
		return err;
	err = hmm_range_fault(hmm);
	mmap_read_unlock(mm);
	return err;
}

static bool good(unsigned long pfn, bool write)
{
	return (pfn & HMM_PFN_VALID) && (!write || (pfn & HMM_PFN_WRITE));
}

/* Has the host changed what was seen, or the program the layout? */
static bool __outdated(const struct fault *f)
{
	return !f->range->live ||
	       mmu_interval_read_retry(&f->range->notifier, f->hmm.notifier_seq);
}

/*
 * May the guest write?  The CPU's writes through EPT leave no trace in the host's
 * PTE, so the page is dirty from now on.  Inline, for it is done for every page.
 */
static __always_inline bool __writable(unsigned long pfn, bool readonly)
{
	struct folio *folio;

	if (!(pfn & HMM_PFN_WRITE) || readonly)
		return false;
	folio = page_folio(hmm_pfn_to_page(pfn));
	if (folio_test_dirty(folio))
		return true;
	/* What set_page_dirty() comes to for anonymous memory. */
	if (likely(folio_test_anon(folio)))
		folio_set_dirty(folio);
	else
		set_page_dirty(hmm_pfn_to_page(pfn));
	return true;
}

/* After @replaced of present entries by other ones; as in remove(). */
static void __replaced(struct mem *mem, bool replaced)
{
	if (replaced)
		WRITE_ONCE(mem->generation, mem->generation + 1);
}

/* Install what look() saw of @nr pages, in small leaves; -EAGAIN: outdated. */
static int install(struct fault *f, u64 gpa, unsigned int nr)
{
	bool readonly = f->range->at.flags & POSADA_MEMORY_READONLY;
	struct mem_scratch *s = f->scratch;
	u64 *leaves = (u64 *)s->pfns;	/* each in place of its pfn */
	struct mem *mem = f->range->mem;
	bool flush = false;
	unsigned int i;

	spin_lock(&mem->lock);
	if (__outdated(f)) {
		spin_unlock(&mem->lock);
		return -EAGAIN;
	}
	for (i = 0; i < nr; i++) {
		u64 pfn = leaves[i];

		/* ept_leaf() shifts the flags of HMM out. */
		leaves[i] = pfn & HMM_PFN_VALID ?
			    ept_leaf(pfn, __writable(pfn, readonly)) : 0;
	}
	f->made += ept_map(&mem->ept, &s->cache, gpa, leaves, nr, &flush);
	__replaced(mem, flush);
	spin_unlock(&mem->lock);
	if (flush)
		mem_wait_for_exits(mem);
	f->end = gpa + nr * PAGE_SIZE;
	return 0;
}

/* The same of the large page around @gpa, of which @pfn is any part. */
static int install_large(struct fault *f, u64 gpa, int level, unsigned long pfn)
{
	bool readonly = f->range->at.flags & POSADA_MEMORY_READONLY;
	struct mem *mem = f->range->mem;
	u64 first = round_down(pfn & ~HMM_PFN_FLAGS, 1UL << ept_order(level));
	u64 base = round_down(gpa, ept_size(level));
	bool flush = false;
	struct ept_old old;
	u64 leaf;

	spin_lock(&mem->lock);
	if (__outdated(f)) {
		spin_unlock(&mem->lock);
		return -EAGAIN;
	}
	leaf = ept_leaf_large(first, __writable(pfn, readonly), !mitigate_nx_large());
	f->made += ept_map_large(&mem->ept, &f->scratch->cache, base, level, leaf, &old,
				 &flush);
	flush |= !!old.table;
	__replaced(mem, flush);
	spin_unlock(&mem->lock);
	if (flush)
		mem_wait_for_exits(mem);
	ept_old_free(&old);
	f->end = base + ept_size(level);
	return 0;
}

static bool fits(const struct mem_range *r, u64 gpa, int level)
{
	u64 size = ept_size(level);
	u64 base = round_down(gpa, size);

	return !((r->at.gpa ^ r->at.hva) & (size - 1)) && base >= r->at.gpa &&
	       r->at.length >= size && base - r->at.gpa <= r->at.length - size;
}

/* The largest leaf for @gpa, which the host maps as @pfn says. */
static int level_of(const struct fault *f, u64 gpa, unsigned long pfn)
{
	unsigned int order = hmm_pfn_to_map_order(pfn);

	if (f->small || !order)
		return EPT_4K;
	if (vmx_caps.ept_1g && order >= ept_order(EPT_1G) && fits(f->range, gpa, EPT_1G))
		return EPT_1G;
	if (vmx_caps.ept_2m && order >= ept_order(EPT_2M) && fits(f->range, gpa, EPT_2M))
		return EPT_2M;
	return EPT_4K;
}

static bool lone(const struct fault *f)
{
	return f->range->at.flags & POSADA_MEMORY_NO_AROUND;
}

/*
 * Two large leaves from @gpa on, if they are there to be had.  One look does for
 * both: at the last page of the one and the first page of the other.
 */
static bool map_two_large(struct fault *f, u64 gpa, int level)
{
	const unsigned long *pfns = f->scratch->pfns;
	u64 next = gpa + ept_size(level);

	return !ept_cache_fill(&f->scratch->cache) &&
	       fits(f->range, gpa, level) && fits(f->range, next, level) &&
	       !look(f, next - PAGE_SIZE, 2, 0) &&
	       good(pfns[0], f->write) && level_of(f, gpa, pfns[0]) == level &&
	       !install_large(f, gpa, level, pfns[0]) &&
	       good(pfns[1], f->write) && level_of(f, next, pfns[1]) == level &&
	       !install_large(f, next, level, pfns[1]);
}

/*
 * A large leaf, and for a guest that goes on and on some that follow: a look at
 * the next costs a fraction of the exit that it saves.  Within one table.
 */
static int map_large(struct fault *f, int level, unsigned long pfn)
{
	u64 end = round_down(f->gpa, ept_size(level + 1)) + ept_size(level + 1);
	int more = f->scratch->around * MEM_LARGE_MAX / MEM_AROUND_MAX;
	int err = install_large(f, f->gpa, level, pfn);

	if (err)
		return err;
	f->scratch->large = true;
	if (!f->sequential || lone(f))
		return 0;
	for (; more > 0 && f->end + 2 * ept_size(level) <= end; more -= 2)
		if (!map_two_large(f, f->end, level))
			break;
	return 0;
}

/*
 * The pages to look at: those around @gpa, or more and more of those that follow if
 * the guest goes through its memory.  Within one table and the range.
 */
static unsigned int window(const struct fault *f, u64 *start)
{
	const struct layout_range *at = &f->range->at;
	u64 table = round_down(f->gpa, ept_size(EPT_2M));
	u64 size = MEM_AROUND_MIN * PAGE_SIZE;
	u64 end;

	*start = round_down(f->gpa, size);
	if (f->small) {
		/* All of it, or data beside the code would bring the large leaf back. */
		*start = table;
		size = ept_size(EPT_2M);
	} else if (lone(f)) {
		*start = f->gpa;
		size = PAGE_SIZE;
	} else if (f->sequential) {
		*start = f->gpa;
		size = f->scratch->around * PAGE_SIZE;
	}
	end = min3(*start + size, table + ept_size(EPT_2M), at->gpa + at->length);
	*start = max(*start, at->gpa);
	return (end - *start) >> PAGE_SHIFT;
}

/* Map what is present.  -ENOENT: not the page itself. */
static int map_present(struct fault *f)
{
	struct mem_scratch *s = f->scratch;
	unsigned long pfn;
	unsigned int nr;
	int level, err;
	u64 start;

	/* What comes after a large page is likely one: a single look tells. */
	if (s->large && !f->small) {
		err = look(f, f->gpa, 1, 0);
		if (err)
			return err;
		if (!good(s->pfns[0], f->write))
			return -ENOENT;
		level = level_of(f, f->gpa, s->pfns[0]);
		if (level > EPT_4K)
			return map_large(f, level, s->pfns[0]);
		s->large = false;
	}
	nr = window(f, &start);
	err = look(f, start, nr, 0);
	if (err)
		return err;
	pfn = s->pfns[(f->gpa - start) >> PAGE_SHIFT];
	if (!good(pfn, f->write))
		return -ENOENT;
	level = level_of(f, f->gpa, pfn);
	if (level > EPT_4K)
		return map_large(f, level, pfn);
	return install(f, start, nr);
}

/* A huge page that cannot be one leaf: what of it is in the window comes with it. */
static unsigned int spread(struct fault *f, u64 *start)
{
	unsigned long *pfns = f->scratch->pfns;
	unsigned long pfn = pfns[0];
	u64 size = PAGE_SIZE << hmm_pfn_to_map_order(pfn);
	u64 offset = hva_of(f->range, f->gpa) & (size - 1);
	unsigned int nr = window(f, start);
	u64 end = min(*start + nr * PAGE_SIZE, f->gpa - offset + size);
	unsigned int i;

	if (f->gpa - *start > offset)
		*start = f->gpa - offset;
	nr = (end - *start) >> PAGE_SHIFT;
	pfn -= (f->gpa - *start) >> PAGE_SHIFT;
	for (i = 0; i < nr; i++)
		pfns[i] = pfn + i;
	return nr;
}

/* How many absent pages to bring in at once: as readahead does, and few at most. */
static unsigned int ahead(const struct fault *f)
{
	u64 start;

	if (lone(f) || !f->sequential)
		return 1;
	return min_t(unsigned int, window(f, &start), f->scratch->ahead);
}

/* Have the host bring the page. */
static int map_absent(struct fault *f)
{
	unsigned long request = HMM_PFN_REQ_FAULT | (f->write ? HMM_PFN_REQ_WRITE : 0);
	struct mem_scratch *s = f->scratch;
	unsigned int nr = ahead(f);
	u64 start = f->gpa;
	int level, err;

	err = look(f, f->gpa, nr, request);
	if (err && err != -EBUSY && err != -EINTR && nr > 1) {
		/* Not all of them can be had. */
		nr = 1;
		err = look(f, f->gpa, nr, request);
	}
	if (err)
		return err;
	level = level_of(f, f->gpa, s->pfns[0]);
	if (level > EPT_4K)
		return map_large(f, level, s->pfns[0]);
	if (hmm_pfn_to_map_order(s->pfns[0]))
		nr = spread(f, &start);
	err = install(f, start, nr);
	if (!err)
		s->ahead = min(s->ahead * 2, MEM_AHEAD_MAX);
	return err;
}

/*
 * First only look: neighbours that are present come for free, and none is
 * faulted in on their behalf.  If the page itself is absent the next are then
 * likely absent too, and looking first would be in vain.
 */
static int fault_once(struct fault *f)
{
	struct mem_scratch *s = f->scratch;
	int err = ept_cache_fill(&s->cache);

	if (err)
		return err;
	if (s->fresh) {
		s->fresh--;
		return map_absent(f);
	}
	err = map_present(f);
	if (!err)
		s->ahead = 1;
	if (err != -ENOENT && err != -EFAULT)	/* -EFAULT: some page, maybe not this */
		return err;
	s->fresh = FRESH_STREAK;
	return map_absent(f);
}

static int fault_begin(struct fault *f, u64 gpa, u32 access)
{
	struct mem_scratch *s = f->scratch;

	if (!s->pfns) {
		s->pfns = (unsigned long *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!s->pfns)
			return -ENOMEM;
		s->next = ~0ULL;
	}
	f->gpa = round_down(gpa, PAGE_SIZE);
	f->write = access & POSADA_ACCESS_WRITE;
	f->small = (access & POSADA_ACCESS_EXEC) && mitigate_nx_large();
	f->sequential = f->gpa == s->next;
	if (!f->sequential) {
		s->around = MEM_AROUND_MIN;
		s->ahead = 1;
	}
	return 0;
}

int mem_fault(struct mem *mem, struct mem_scratch *scratch, u64 gpa, u32 access,
	      unsigned int *made)
{
	struct fault f = { .range = range_get(mem, gpa), .scratch = scratch };
	int err;

	if (!f.range)
		return MEM_MMIO;
	err = MEM_MMIO;
	if (!allows(f.range, access & POSADA_ACCESS_WRITE))
		goto out_put_range;
	err = fault_begin(&f, gpa, access);
	if (err)
		goto out_put_range;

	do {
		if (signal_pending(current)) {
			err = -EINTR;
			break;
		}
		cond_resched();
		err = fault_once(&f);
		/* Out of the layout: the guest tries again and meets what is there now. */
	} while ((err == -EBUSY || err == -EAGAIN) && READ_ONCE(f.range->live));
	if (!err) {
		scratch->next = f.end;
		scratch->around = min(scratch->around * 2, MEM_AROUND_MAX);
	}
	if (err == -EBUSY || err == -EAGAIN || !err)
		err = MEM_MAPPED;
	*made = f.made;

out_put_range:
	kref_put(&f.range->kref, range_free);
	return err;
}

void mem_scratch_free(struct mem_scratch *scratch)
{
	ept_cache_free(&scratch->cache);
	free_page((unsigned long)scratch->pfns);
}
