// SPDX-License-Identifier: GPL-2.0
/* Loading: what all kinds of kernel share. */
#include "boot.h"

#include <stdio.h>

#include "cli.h"

int boot_write(const struct boot *boot, uint64_t gpa, const void *from, uint64_t len,
	       const char *what)
{
	if (!guest_memory_write(boot->ram, gpa, from, len))
		return 0;
	return fail(
		"cannot put %s (%llu KiB) at %#llx: there is no RAM. Give the guest more with --memory.",
		what, (unsigned long long)(len + 1023) / 1024, (unsigned long long)gpa);
}

int boot_long_mode(const struct boot *boot, uint64_t rip)
{
	static uint64_t tables[MODE_PAGE_TABLES / 8];
	uint64_t gdt[MODE_GDT_ENTRIES];

	mode_gdt(gdt, 1);
	mode_identity_map(tables, BOOT_PAGE_TABLES);
	mode_long(boot->state, BOOT_GDT, BOOT_PAGE_TABLES, rip);
	boot->state->regs.gpr[POSADA_RSP] = BOOT_STACK_TOP;
	if (boot_write(boot, BOOT_GDT, gdt, sizeof(gdt), "the GDT"))
		return -1;
	return boot_write(boot, BOOT_PAGE_TABLES, tables, sizeof(tables), "page tables");
}

int boot_protected_mode(const struct boot *boot, uint32_t eip)
{
	uint64_t gdt[MODE_GDT_ENTRIES];

	mode_gdt(gdt, 0);
	mode_protected(boot->state, BOOT_GDT, eip);
	boot->state->regs.gpr[POSADA_RSP] = BOOT_STACK_TOP;
	return boot_write(boot, BOOT_GDT, gdt, sizeof(gdt), "the GDT");
}

int boot_command_line(const struct boot *boot, const char *usual, char *text, size_t size)
{
	const char *first = boot->command_line ? boot->command_line : usual;
	const char *second = boot->append ? boot->append : "";
	int len = snprintf(text, size, "%s%s%s", first, *first && *second ? " " : "", second);

	if (len >= 0 && (size_t)len < size)
		return 0;
	return fail("the command line is too long: %d characters, where the kernel takes %zu.", len,
		    size - 1);
}

static int load(struct boot *boot, const struct image *image)
{
	if (boot->flat)
		return load_flat(boot, image);
	if (is_bzimage(image))
		return load_bzimage(boot, image);
	if (is_multiboot(image))
		return load_multiboot(boot, image);
	if (is_elf(image))
		return load_elf(boot, image);
	return fail(
		"cannot boot %s: it is no bzImage, multiboot or ELF file. For a flat binary say --flat real or --flat long.",
		image->path);
}

int boot_load(struct boot *boot)
{
	struct image image;
	int ret;

	if (image_read(&image, boot->kernel))
		return -1;
	ret = load(boot, &image);
	image_free(&image);
	return ret;
}
