// SPDX-License-Identifier: GPL-2.0
/* Linux's bzImage, by its 64-bit or 32-bit boot protocol (Documentation/arch/x86/boot.rst). */
#include "boot.h"

#include <asm/bootparam.h>

#include "cli.h"

#define HEADER_OFFSET 0x1f1
#define MAGIC	      0x53726448 /* "HdrS" */
#define BOOT_FLAG     0xaa55
#define VERSION_32    0x020a /* the first with init_size */
#define VERSION_64    0x020c /* the first with xloadflags */
#define ENTRY_64      0x200
#define SECTOR	      512ULL
#define MIB	      (1ULL << 20)

/* The size of the header as the file itself tells it: behind the jump at 0x200. */
static size_t header_size(const struct image *image)
{
	size_t size = 0x202 + image->data[0x201] - HEADER_OFFSET;

	return size < sizeof(struct setup_header) ? size : sizeof(struct setup_header);
}

static int read_header(const struct image *image, struct setup_header *header)
{
	const void *bytes = image_at(image, HEADER_OFFSET, sizeof(*header));

	memset(header, 0, sizeof(*header));
	if (!bytes)
		return -1;
	memcpy(header, bytes, header_size(image));
	return header->boot_flag == BOOT_FLAG && header->header == MAGIC ? 0 : -1;
}

bool is_bzimage(const struct image *image)
{
	struct setup_header header;

	return !read_header(image, &header);
}

/* A kernel without an entry point in long mode is for 32-bit processors, or just old. */
static bool has_64(const struct setup_header *header)
{
	return header->version >= VERSION_64 && header->xloadflags & XLF_KERNEL_64;
}

static int check_header(const struct image *image, const struct setup_header *header)
{
	if (header->version < VERSION_32)
		return fail(
			"cannot boot %s: this kernel's boot protocol is too old (%u.%02u). Take version 2.6.31 or later.",
			image->path, header->version >> 8, header->version & 0xff);
	if (!(header->loadflags & LOADED_HIGH))
		return fail("cannot boot %s: it is a zImage. Take a bzImage.", image->path);
	if (header->init_size < MIB / 16 || header->init_size > 1U << 31)
		return fail(
			"cannot boot %s: its header tells a size in memory of %u bytes. Is the file whole?",
			image->path, header->init_size);
	return 0;
}

/* Where in the file the 64-bit kernel is. */
static const void *payload(const struct image *image, const struct setup_header *header,
			   size_t *size)
{
	uint64_t start = ((header->setup_sects ? header->setup_sects : 4) + 1) * SECTOR;
	uint64_t want = header->syssize * 16ULL;

	if (start >= image->size || image->size - start + 16 < want) {
		fail("cannot boot %s: it is cut off, %zu bytes of %llu.", image->path, image->size,
		     (unsigned long long)(start + want));
		return NULL;
	}
	*size = image->size - start;
	return image->data + start;
}

/* Where it wants to be, or, if there is no RAM and it can be moved, the lowest place that will do. */
static int choose_address(const struct boot *boot, const struct setup_header *header, uint64_t size,
			  uint64_t *address)
{
	uint64_t align = header->kernel_alignment;

	*address = header->pref_address;
	if (header->pref_address >= MIB && header->pref_address + size <= 1ULL << 32 &&
	    guest_memory_contains(boot->ram, header->pref_address, size))
		return 0;
	if (header->relocatable_kernel && align && !(align & (align - 1)) && align <= 1U << 30) {
		*address = align > MIB ? align : MIB;
		if (guest_memory_contains(boot->ram, *address, size))
			return 0;
	}
	return fail(
		"cannot boot %s: it needs %llu MiB of memory. Give the guest that much, and some for its programs, with --memory.",
		boot->kernel, (unsigned long long)((*address + size + MIB - 1) / MIB));
}

static int enter(const struct boot *boot, const struct setup_header *header, uint64_t address)
{
	if (has_64(header))
		return boot_long_mode(boot, address + ENTRY_64);
	return boot_protected_mode(boot, address);
}

int load_bzimage(struct boot *boot, const struct image *image)
{
	struct setup_header header;
	uint64_t address, room;
	const void *kernel;
	size_t size;

	if (read_header(image, &header) || check_header(image, &header))
		return -1;
	kernel = payload(image, &header, &size);
	if (!kernel)
		return -1;
	room = size > header.init_size ? size : header.init_size;
	if (choose_address(boot, &header, room, &address))
		return -1;
	if (boot_write(boot, address, kernel, size, "the kernel"))
		return -1;
	if (linux_prepare(boot, &header, header_size(image), address + room))
		return -1;
	if (enter(boot, &header, address))
		return -1;
	boot->state->regs.gpr[POSADA_RSI] = BOOT_PARAMS;
	boot->kind = has_64(&header) ? "a Linux bzImage" : "a 32-bit Linux bzImage";
	return 0;
}
