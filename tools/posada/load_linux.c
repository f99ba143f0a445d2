// SPDX-License-Identifier: GPL-2.0
/* What Linux finds beside itself: zero page, command line, initrd. */
#include "boot.h"

#include <stdio.h>
#include <stdlib.h>

#include <asm/bootparam.h>

#include "cli.h"
#include "clock.h"
#include "ram.h"

#define PAGE	   4096ULL
#define INITRD_MAX 0x7fffffffULL /* where the header does not tell */

/*
 * A PC without PCI, ACPI or APIC, and no time spent on finding that out; the
 * frequency of the TSC, which could only be measured; and what a test machine
 * has no use for.
 */
static void usual_command_line(char *text, size_t size)
{
	snprintf(
		text, size,
		"console=ttyS0 quiet nokaslr noapic nolapic acpi=off pci=off nosmp tsc_early_khz=%llu tsc=reliable mitigations=off cryptomgr.notests no_timer_check random.trust_cpu=on 8250.nr_uarts=1 reboot=k",
		(unsigned long long)clock_tsc_khz());
}

static int put_command_line(const struct boot *boot, struct setup_header *header)
{
	char usual[512], text[BOOT_LOW_END - BOOT_COMMAND_LINE];
	size_t max = header->cmdline_size ? header->cmdline_size + 1ULL : 2048;

	usual_command_line(usual, sizeof(usual));
	if (max > sizeof(text))
		max = sizeof(text);
	if (boot_command_line(boot, usual, text, max))
		return -1;
	header->cmd_line_ptr = BOOT_COMMAND_LINE;
	return boot_write(boot, BOOT_COMMAND_LINE, text, strlen(text) + 1, "the command line");
}

/* As high as the kernel allows, so that it is not in the way. */
static uint64_t initrd_address(const struct boot *boot, uint64_t size, uint64_t above,
			       uint64_t last)
{
	uint64_t best = 0;

	for (unsigned int i = 0; i < boot->ram->nr; i++) {
		uint64_t start = boot->ram->range[i].gpa, end = start + boot->ram->range[i].size;

		if (start < above)
			start = above;
		if (end > last + 1)
			end = last + 1;
		if (start < end && end - start >= size && ((end - size) & ~(PAGE - 1)) >= start)
			best = (end - size) & ~(PAGE - 1);
	}
	return best;
}

static int put_initrd(const struct boot *boot, struct setup_header *header, uint64_t kernel_end)
{
	uint64_t last = header->initrd_addr_max ? header->initrd_addr_max : INITRD_MAX, address;
	struct image image;
	int ret;

	if (!boot->initrd)
		return 0;
	if (image_read(&image, boot->initrd))
		return -1;
	address = initrd_address(boot, image.size, kernel_end, last);
	if (!address)
		ret = fail(
			"cannot load %s: no RAM for its %zu KiB above the kernel, which ends at %llu MiB. Give the guest more with --memory.",
			image.path, (image.size + 1023) / 1024,
			(unsigned long long)(kernel_end >> 20));
	else
		ret = boot_write(boot, address, image.data, image.size, "the initrd");
	header->ramdisk_image = address;
	header->ramdisk_size = image.size;
	image_free(&image);
	return ret;
}

static void put_memory_map(const struct boot *boot, struct boot_params *params)
{
	struct ram_map_entry map[RAM_MAP_ENTRIES];

	_Static_assert(RAM_MAP_ENTRIES <= E820_MAX_ENTRIES_ZEROPAGE, "the map must fit");
	params->e820_entries = ram_map(boot->ram, map);
	for (unsigned int i = 0; i < params->e820_entries; i++)
		params->e820_table[i] =
			(struct boot_e820_entry){ map[i].gpa, map[i].size, map[i].type };
}

int linux_prepare(struct boot *boot, const void *header, size_t header_size, uint64_t kernel_end)
{
	struct boot_params *params = calloc(1, sizeof(*params));
	int ret = -1;

	if (!params)
		return fail("out of memory.");
	if (header)
		memcpy(&params->hdr, header, header_size);
	params->hdr.type_of_loader = 0xff;
	params->hdr.vid_mode = 0xffff; /* as it is */
	put_memory_map(boot, params);
	if (!put_command_line(boot, &params->hdr) && !put_initrd(boot, &params->hdr, kernel_end))
		ret = boot_write(boot, BOOT_PARAMS, params, sizeof(*params), "the zero page");
	free(params);
	return ret;
}
