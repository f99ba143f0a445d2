// SPDX-License-Identifier: GPL-2.0
/* Guest page walk. */
#include "walk.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define CR0_WP	       (1ULL << 16)
#define CR0_PG	       (1ULL << 31)
#define CR4_PSE	       (1ULL << 4)
#define CR4_PAE	       (1ULL << 5)
#define CR4_LA57       (1ULL << 12)
#define CR4_SMEP       (1ULL << 20)
#define CR4_SMAP       (1ULL << 21)
#define EFER_LMA       (1ULL << 10)
#define EFER_NXE       (1ULL << 11)
#define RFLAGS_AC      (1ULL << 18)

#define ENTRY_PRESENT  (1ULL << 0)
#define ENTRY_WRITE    (1ULL << 1)
#define ENTRY_USER     (1ULL << 2)
#define ENTRY_ACCESSED (1ULL << 5)
#define ENTRY_DIRTY    (1ULL << 6)
#define ENTRY_LARGE    (1ULL << 7)
#define ENTRY_NX       (1ULL << 63)

/**
 * struct format - one kind of paging
 * @levels: numbered from the leaf, 1, upwards
 * @entry_size: bytes
 * @index_bits: of every level but a PAE root
 * @pdpte: the root is four PDPTEs (PAE)
 * @root: where in CR3 the root table is
 * @table: where in an entry the next table is
 * @reserved: what must be 0 in entries of every level (SDM 3A 4.3, 4.4.2, 4.5.4)
 */
struct format {
	unsigned int levels;
	unsigned int entry_size;
	unsigned int index_bits;
	bool pdpte;
	uint64_t root;
	uint64_t table;
	uint64_t reserved;
};

/* Bits first..last */
static inline uint64_t bits(unsigned int first, unsigned int last)
{
	if (first > last)
		return 0;
	return (~0ULL >> (63 - last)) & (~0ULL << first);
}

static struct format format_of(const struct walk_cpu *cpu)
{
	unsigned int gpa_bits = cpu->gpa_bits ? cpu->gpa_bits : 52;
	struct format f = {
		.levels = cpu->cr4 & CR4_LA57 ? 5 : 4,
		.entry_size = 8,
		.index_bits = 9,
		.root = bits(12, 51),
		.table = bits(12, 51),
		.reserved = bits(gpa_bits, 51) | (cpu->efer & EFER_NXE ? 0 : ENTRY_NX),
	};

	if (cpu->efer & EFER_LMA)
		return f;
	if (cpu->cr4 & CR4_PAE) {
		f.levels = 3;
		f.pdpte = true;
		f.root = bits(5, 31);
		f.reserved |= bits(52, 62);
		return f;
	}
	return (struct format){
		.levels = 2,
		.entry_size = 4,
		.index_bits = 10,
		.root = bits(12, 31),
		.table = bits(12, 31),
	};
}

static bool canonical(uint64_t gva, unsigned int bits)
{
	int64_t sign = (int64_t)(gva << (64 - bits)) >> (64 - bits);

	return (uint64_t)sign == gva;
}

static bool may_be_large(const struct walk_cpu *cpu, const struct format *f, unsigned int level)
{
	if (f->entry_size == 4)
		return level == 2 && cpu->cr4 & CR4_PSE;
	return level == 2 || (level == 3 && !f->pdpte);
}

/* What must be 0 in this entry. */
static uint64_t reserved_bits(const struct walk_cpu *cpu, const struct format *f,
			      unsigned int level, bool large)
{
	unsigned int gpa_bits = cpu->gpa_bits ? cpu->gpa_bits : 52;

	if (f->pdpte && level == 3)
		return f->reserved | bits(1, 2) | bits(5, 8) | bits(52, 63);
	if (f->entry_size == 8) {
		if (large)
			return f->reserved | bits(13, 12 + (level - 1) * 9 - 1);
		return level >= 4 ? f->reserved | ENTRY_LARGE : f->reserved;
	}
	if (!large)
		return 0;
	/* PSE-36: bits 20:13 are address bits 39:32, as far as the CPU has them */
	if (gpa_bits > 40)
		gpa_bits = 40;
	return bits(13 + (gpa_bits > 32 ? gpa_bits - 32 : 0), 21);
}

static uint64_t leaf_address(const struct format *f, uint64_t entry, unsigned int shift)
{
	if (f->entry_size == 4)
		return shift == 22 ? (entry & bits(22, 31)) | (entry & bits(13, 20)) << 19 :
				     entry & bits(12, 31);
	return entry & bits(shift, 51);
}

/* The rights of all levels together (SDM 3A 4.6.1). */
static bool allowed(const struct walk_cpu *cpu, uint32_t access, uint64_t all, bool nx)
{
	bool by_user = access & WALK_USER, user = all & ENTRY_USER, writable = all & ENTRY_WRITE;

	if (by_user && !user)
		return false;
	if (access & WALK_EXEC) {
		if (nx && cpu->efer & EFER_NXE)
			return false;
		return by_user || !user || !(cpu->cr4 & CR4_SMEP);
	}
	if (!by_user && user && cpu->cr4 & CR4_SMAP && !(cpu->rflags & RFLAGS_AC))
		return false;
	if (access & WALK_WRITE && !writable)
		return !by_user && !(cpu->cr0 & CR0_WP);
	return true;
}

static enum walk_answer fault(const struct walk_cpu *cpu, uint32_t access, uint32_t why,
			      struct walk_result *result)
{
	uint32_t error = (access & (WALK_WRITE | WALK_USER)) | why;
	bool can_nx = cpu->efer & EFER_NXE && (cpu->cr4 & CR4_PAE || cpu->efer & EFER_LMA);

	/* I/D is set only where fetches can be told apart (SDM 3A 4.7). */
	if (access & WALK_EXEC && (can_nx || cpu->cr4 & CR4_SMEP))
		error |= WALK_EXEC;
	result->error_code = error;
	return WALK_FAULT;
}

/* A step of the walk, kept so that accessed and dirty bits can be set once it is known to succeed. */
struct step {
	uint64_t gpa;
	uint64_t entry;
};

/*
 * Set accessed bits on the way and the dirty bit in the leaf.  Return false if
 * an entry changed meanwhile: then what was found may be out of date.
 */
static bool mark(const struct walk_memory *mem, const struct format *f, const struct step *steps,
		 unsigned int nr, uint32_t access)
{
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t set = ENTRY_ACCESSED;

		if (f->pdpte && i == 0)
			continue; /* PDPTEs have neither */
		if (i == nr - 1 && access & WALK_WRITE)
			set |= ENTRY_DIRTY;
		if ((steps[i].entry & set) == set)
			continue;
		if (mem->exchange(mem->context, steps[i].gpa, f->entry_size, steps[i].entry,
				  steps[i].entry | set) == -EAGAIN)
			return false;
	}
	return true;
}

static enum walk_answer walk_once(const struct walk_cpu *cpu, const struct walk_memory *mem,
				  uint64_t gva, uint32_t access, struct walk_result *result,
				  bool *again)
{
	struct format f = format_of(cpu);
	uint64_t table = cpu->cr3 & f.root;
	uint64_t all = ~0ULL; /* what the entries have in common */
	bool nx = false;
	struct step steps[5];
	unsigned int nr = 0;

	for (unsigned int level = f.levels;; level--) {
		unsigned int shift = 12 + (level - 1) * f.index_bits;
		unsigned int width = f.pdpte && level == 3 ? 2 : f.index_bits;
		uint64_t gpa = table + (gva >> shift & bits(0, width - 1)) * f.entry_size;
		uint64_t entry = 0;
		bool large;

		if (mem->read(mem->context, gpa, &entry, f.entry_size)) {
			result->table_gpa = gpa;
			return WALK_NO_MEMORY;
		}
		if (!(entry & ENTRY_PRESENT))
			return fault(cpu, access, 0, result);
		large = entry & ENTRY_LARGE && may_be_large(cpu, &f, level);
		if (entry & reserved_bits(cpu, &f, level, large))
			return fault(cpu, access, WALK_ERROR_PRESENT | WALK_ERROR_RESERVED, result);
		steps[nr++] = (struct step){ gpa, entry };
		if (!f.pdpte || level < 3) {
			all &= entry;
			nx |= f.entry_size == 8 && entry & ENTRY_NX;
		}
		if (level > 1 && !large) {
			table = entry & f.table;
			continue;
		}
		if (!allowed(cpu, access, all, nx))
			return fault(cpu, access, WALK_ERROR_PRESENT, result);
		if (mem->exchange &&
		    !(all & ENTRY_ACCESSED && (entry & ENTRY_DIRTY || !(access & WALK_WRITE))))
			*again = !mark(mem, &f, steps, nr, access);
		result->page_size = 1ULL << shift;
		result->gpa = leaf_address(&f, entry, shift) | (gva & (result->page_size - 1));
		return WALK_OK;
	}
}

enum walk_answer walk(const struct walk_cpu *cpu, const struct walk_memory *mem, uint64_t gva,
		      uint32_t access, struct walk_result *result)
{
	enum walk_answer answer;
	bool again;

	*result = (struct walk_result){ 0 };
	if (cpu->efer & EFER_LMA) {
		if (!canonical(gva, cpu->cr4 & CR4_LA57 ? 57 : 48))
			return WALK_CANONICAL;
	} else {
		gva &= 0xffffffff;
	}
	if (!(cpu->cr0 & CR0_PG)) {
		result->gpa = gva;
		result->page_size = 4096;
		return WALK_OK;
	}
	/*
	 * Another vCPU may rewrite an entry as often as it likes; after a few
	 * rounds the translation just read is as good as any other.
	 */
	for (int round = 0; round < 8; round++) {
		again = false;
		answer = walk_once(cpu, mem, gva, access, result, &again);
		if (!again)
			break;
	}
	return answer;
}

/* Tables are aligned, so no entry lies in two ranges. */
static int ram_read(void *context, uint64_t gpa, void *to, size_t len)
{
	const void *entry = guest_memory_at(context, gpa, len);

	if (!entry)
		return -EFAULT;
	if (len == 8)
		memcpy(to, entry, 8);
	else
		memcpy(to, entry, 4);
	return 0;
}

static int ram_exchange(void *context, uint64_t gpa, unsigned int size, uint64_t old, uint64_t new)
{
	return guest_memory_exchange(context, gpa, size, old, new);
}

struct walk_memory walk_ram(const struct guest_memory *ram)
{
	return (struct walk_memory){
		.read = ram_read,
		.exchange = ram_exchange,
		.context = (void *)ram,
	};
}
