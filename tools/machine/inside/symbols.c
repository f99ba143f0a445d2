// SPDX-License-Identifier: GPL-2.0
/*
 * symbols: /proc/kallsyms as an ELF file for gdb's "file" command.
 *
 * Usage: symbols </proc/kallsyms >vmlinux.symbols
 *
 * The machine's kernel without KASLR is the guest's, so these are the guest's
 * symbols as well: names and addresses, no types and no lines.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL 0xffffffff80000000ULL /* above it: no per-CPU offsets, no modules' areas */

/* All in one section: kernels have code in several places. */
enum {
	TEXT = 1,
	SYMTAB,
	STRTAB,
	SHSTRTAB,
	SECTIONS
};

static const char names[] = "\0.text\0.symtab\0.strtab\0.shstrtab";

struct table {
	Elf64_Sym *symbols;
	size_t nr, room;
	char *strings;
	size_t used, size;
	uint64_t end;
};

static void *bigger(void *old, size_t size)
{
	void *new = realloc(old, size);

	if (!new) {
		fprintf(stderr, "symbols: out of memory\n");
		exit(1);
	}
	return new;
}

static void add(struct table *t, uint64_t address, char type, const char *name)
{
	size_t len = strlen(name) + 1;

	if (t->nr == t->room)
		t->symbols = bigger(t->symbols, (t->room += 65536) * sizeof(*t->symbols));
	if (t->used + len > t->size)
		t->strings = bigger(t->strings, t->size += 1 << 20);
	t->symbols[t->nr++] = (Elf64_Sym){
		.st_name = t->used,
		.st_value = address,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, strchr("tTwW", type) ? STT_FUNC : STT_OBJECT),
		.st_shndx = TEXT,
	};
	memcpy(t->strings + t->used, name, len);
	t->used += len;
	if (address > t->end)
		t->end = address;
}

static void read_all(struct table *t)
{
	char line[1024], name[512], type;
	unsigned long long address;

	add(t, 0, 'D', "");
	t->symbols[0] = (Elf64_Sym){ 0 };
	while (fgets(line, sizeof(line), stdin))
		if (!strchr(line, '[') &&
		    sscanf(line, "%llx %c %511s", &address, &type, name) == 3 && address >= KERNEL)
			add(t, address, type, name);
}

static void write_all(const struct table *t)
{
	const uint64_t at = sizeof(Elf64_Ehdr), symbols = t->nr * sizeof(Elf64_Sym);
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = at + symbols + t->used + sizeof(names),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
		.e_shstrndx = SHSTRTAB,
	};
	const Elf64_Shdr sections[SECTIONS] = {
		[TEXT] = { 1, SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, KERNEL, at,
			   t->end - KERNEL + 4096, 0, 0, 16, 0 },
		[SYMTAB] = { 7, SHT_SYMTAB, 0, 0, at, symbols, STRTAB, 1, 8, sizeof(Elf64_Sym) },
		[STRTAB] = { 15, SHT_STRTAB, 0, 0, at + symbols, t->used, 0, 0, 1, 0 },
		[SHSTRTAB] = { 23, SHT_STRTAB, 0, 0, at + symbols + t->used, sizeof(names), 0, 0, 1,
			       0 },
	};

	fwrite(&header, sizeof(header), 1, stdout);
	fwrite(t->symbols, sizeof(Elf64_Sym), t->nr, stdout);
	fwrite(t->strings, 1, t->used, stdout);
	fwrite(names, sizeof(names), 1, stdout);
	fwrite(sections, sizeof(sections), 1, stdout);
}

int main(void)
{
	struct table t = { 0 };

	read_all(&t);
	if (!t.end) {
		fprintf(stderr, "symbols: no addresses: is kernel.kptr_restrict 0?\n");
		return 1;
	}
	write_all(&t);
	return fflush(stdout) ? 1 : 0;
}
