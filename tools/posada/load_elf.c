// SPDX-License-Identifier: GPL-2.0
/*
 * ELF files: ELF64 begins in long mode with the low 4 GiB mapped and Linux's
 * zero page in RSI and RDI (so a vmlinux boots); ELF32 begins in flat protected
 * mode.
 */
#include "boot.h"

#include <elf.h>

#include "cli.h"

/* What is used of a program header, of either class. */
struct segment {
	uint64_t offset;
	uint64_t filesz;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t memsz;
	bool load;
};

struct elf {
	const struct image *image;
	unsigned int bits;
	uint64_t entry;
	uint64_t phoff;
	unsigned int phnum;
};

bool is_elf(const struct image *image)
{
	const uint8_t *magic = image_at(image, 0, EI_NIDENT);

	return magic && !memcmp(magic, ELFMAG, SELFMAG);
}

static int broken(const struct image *image, const char *what)
{
	return fail("cannot load %s: %s. Is the file whole?", image->path, what);
}

static int read_header64(struct elf *elf)
{
	const void *bytes = image_at(elf->image, 0, sizeof(Elf64_Ehdr));
	Elf64_Ehdr header;

	if (!bytes)
		return broken(elf->image, "its ELF header is cut off");
	memcpy(&header, bytes, sizeof(header));
	if (header.e_machine != EM_X86_64)
		return fail("cannot load %s: it is for another processor.", elf->image->path);
	if (header.e_phentsize != sizeof(Elf64_Phdr))
		return broken(elf->image, "its program headers have a wrong size");
	elf->entry = header.e_entry;
	elf->phoff = header.e_phoff;
	elf->phnum = header.e_phnum;
	return 0;
}

static int read_header32(struct elf *elf)
{
	const void *bytes = image_at(elf->image, 0, sizeof(Elf32_Ehdr));
	Elf32_Ehdr header;

	if (!bytes)
		return broken(elf->image, "its ELF header is cut off");
	memcpy(&header, bytes, sizeof(header));
	if (header.e_machine != EM_386)
		return fail("cannot load %s: it is for another processor.", elf->image->path);
	if (header.e_phentsize != sizeof(Elf32_Phdr))
		return broken(elf->image, "its program headers have a wrong size");
	elf->entry = header.e_entry;
	elf->phoff = header.e_phoff;
	elf->phnum = header.e_phnum;
	return 0;
}

static int read_header(struct elf *elf)
{
	const uint8_t *ident = elf->image->data;
	Elf32_Half type;

	if (ident[EI_DATA] != ELFDATA2LSB ||
	    (ident[EI_CLASS] != ELFCLASS64 && ident[EI_CLASS] != ELFCLASS32))
		return fail("cannot load %s: it is no little-endian ELF file.", elf->image->path);
	elf->bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	if (elf->bits == 64 ? read_header64(elf) : read_header32(elf))
		return -1;
	memcpy(&type, ident + EI_NIDENT, sizeof(type)); /* at the same place in both */
	if (type != ET_EXEC && type != ET_DYN)
		return fail("cannot load %s: it is an object file or a core dump. Link it.",
			    elf->image->path);
	if (!elf->phnum)
		return fail(
			"cannot load %s: it has no program headers, so nothing to load. Link it.",
			elf->image->path);
	return 0;
}

static int read_segment(const struct elf *elf, unsigned int nr, struct segment *s)
{
	size_t size = elf->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	const void *bytes = NULL;

	if (elf->phoff <= elf->image->size)
		bytes = image_at(elf->image, elf->phoff + nr * size, size);
	if (!bytes)
		return broken(elf->image, "its program headers are cut off");
	if (elf->bits == 64) {
		Elf64_Phdr p;

		memcpy(&p, bytes, sizeof(p));
		*s = (struct segment){ p.p_offset, p.p_filesz, p.p_vaddr,
				       p.p_paddr,  p.p_memsz,  p.p_type == PT_LOAD };
	} else {
		Elf32_Phdr p;

		memcpy(&p, bytes, sizeof(p));
		*s = (struct segment){ p.p_offset, p.p_filesz, p.p_vaddr,
				       p.p_paddr,  p.p_memsz,  p.p_type == PT_LOAD };
	}
	if (!s->memsz)
		s->load = false;
	return 0;
}

static int load_segment(const struct boot *boot, const struct image *image, const struct segment *s)
{
	const void *bytes = image_at(image, s->offset, s->filesz);

	if (s->filesz > s->memsz)
		return broken(image, "a segment is longer in the file than in memory");
	if (!bytes)
		return broken(image, "a segment is cut off");
	if (boot_write(boot, s->paddr, bytes, s->filesz, "a segment of the kernel"))
		return -1;
	if (!guest_memory_fill(boot->ram, s->paddr + s->filesz, 0, s->memsz - s->filesz))
		return 0;
	return fail(
		"cannot load %s: it wants memory up to %#llx. Give the guest more with --memory.",
		image->path, (unsigned long long)(s->paddr + s->memsz));
}

int elf_load_segments(const struct boot *boot, const struct image *image, uint64_t *entry,
		      uint64_t *start, uint64_t *end, unsigned int *bits)
{
	struct elf elf = { .image = image };
	bool physical = false, virtual = false;
	uint64_t translated = 0;

	if (read_header(&elf))
		return -1;
	*start = ~0ULL;
	*end = 0;
	*bits = elf.bits;
	for (unsigned int i = 0; i < elf.phnum; i++) {
		struct segment s;

		if (read_segment(&elf, i, &s))
			return -1;
		if (!s.load)
			continue;
		if (load_segment(boot, image, &s))
			return -1;
		if (elf.entry - s.paddr < s.memsz)
			physical = true;
		if (elf.entry - s.vaddr < s.memsz && !virtual) {
			virtual = true;
			translated = elf.entry - s.vaddr + s.paddr;
		}
		*start = s.paddr < *start ? s.paddr : *start;
		*end = s.paddr + s.memsz > *end ? s.paddr + s.memsz : *end;
	}
	if (!physical && !virtual)
		return fail("cannot boot %s: its entry point %#llx is in none of its segments.",
			    image->path, (unsigned long long)elf.entry);
	/* Linux's vmlinux gives a physical entry point, most others one as they are linked. */
	*entry = physical ? elf.entry : translated;
	return 0;
}

static int enter_protected(const struct boot *boot, uint64_t entry)
{
	uint64_t gdt[MODE_GDT_ENTRIES];

	mode_gdt(gdt, 0);
	mode_protected(boot->state, BOOT_GDT, entry);
	boot->state->regs.gpr[POSADA_RSP] = BOOT_STACK_TOP;
	return boot_write(boot, BOOT_GDT, gdt, sizeof(gdt), "the GDT");
}

static int enter_long(struct boot *boot, uint64_t entry, uint64_t end)
{
	if (entry >= 1ULL << 32)
		return fail("cannot boot %s: its entry point is above 4 GiB.", boot->kernel);
	if (linux_prepare(boot, NULL, 0, end) || boot_long_mode(boot, entry))
		return -1;
	boot->state->regs.gpr[POSADA_RSI] = BOOT_PARAMS;
	boot->state->regs.gpr[POSADA_RDI] = BOOT_PARAMS;
	return 0;
}

int load_elf(struct boot *boot, const struct image *image)
{
	uint64_t entry, start, end;
	unsigned int bits;

	if (elf_load_segments(boot, image, &entry, &start, &end, &bits))
		return -1;
	if (start < BOOT_LOW_END)
		return fail(
			"cannot load %s at %#llx: below %#x are tables and stack it begins with. Link it at 1 MiB.",
			image->path, (unsigned long long)start, BOOT_LOW_END);
	boot->kind = bits == 64 ? "an ELF64 kernel" : "an ELF32 kernel";
	return bits == 64 ? enter_long(boot, entry, end) : enter_protected(boot, entry);
}
