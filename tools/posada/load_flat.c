// SPDX-License-Identifier: GPL-2.0
/* Flat binaries: bytes at an address, entered at the first. */
#include "boot.h"

#include "cli.h"

#define REAL_LOAD  0x7c00 /* where a BIOS puts a boot sector */
#define OTHER_LOAD 0x100000

static int load_real(struct boot *boot, const struct image *image, uint64_t load)
{
	uint64_t segment = load < 0x10000 ? 0 : load >> 4;

	if (segment > 0xffff)
		return fail("cannot enter %s at %#llx in real mode. Load it below 1 MiB.",
			    image->path, (unsigned long long)load);
	mode_real(boot->state, segment, load - (segment << 4));
	/* Like a boot sector's: below what was loaded, or at the end of the first segment. */
	boot->state->regs.gpr[POSADA_RSP] = load < 0x10000 ? load & 0xfffe : 0xfffe;
	boot->state->regs.gpr[POSADA_RDX] = 0x80;
	boot->kind = "a flat binary for real mode";
	return 0;
}

static int load_protected(struct boot *boot, uint64_t load)
{
	uint64_t gdt[MODE_GDT_ENTRIES];

	mode_gdt(gdt, 0);
	mode_protected(boot->state, BOOT_GDT, load);
	boot->state->regs.gpr[POSADA_RSP] = BOOT_STACK_TOP;
	boot->kind = "a flat binary for protected mode";
	return boot_write(boot, BOOT_GDT, gdt, sizeof(gdt), "the GDT");
}

int load_flat(struct boot *boot, const struct image *image)
{
	uint64_t load = boot->has_load		? boot->load :
			boot->flat == FLAT_REAL ? REAL_LOAD :
						  OTHER_LOAD;

	if (boot->flat != FLAT_REAL && load < BOOT_LOW_END)
		return fail(
			"cannot load %s at %#llx: below %#x are the GDT, page tables and stack it begins with.",
			image->path, (unsigned long long)load, BOOT_LOW_END);
	if (boot->flat != FLAT_REAL && load >= 1ULL << 32)
		return fail("cannot load %s at %#llx: it begins with the low 4 GiB mapped.",
			    image->path, (unsigned long long)load);
	if (boot_write(boot, load, image->data, image->size, "the flat binary"))
		return -1;
	if (boot->flat == FLAT_REAL)
		return load_real(boot, image, load);
	if (boot->flat == FLAT_PROTECTED)
		return load_protected(boot, load);
	boot->kind = "a flat binary for long mode";
	return boot_long_mode(boot, load);
}
