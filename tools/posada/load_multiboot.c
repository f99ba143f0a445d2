// SPDX-License-Identifier: GPL-2.0
/* Multiboot, version 1: kernels that GRUB's "multiboot" command boots. */
#include "boot.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "ram.h"

#define SEARCH	      8192 /* the header is within so many bytes */
#define MAGIC	      0x1badb002
#define BOOT_MAGIC    0x2badb002 /* in EAX */
#define PAGE	      4096ULL

#define WANTS_UNKNOWN 0x0000fff8 /* what a loader must refuse if it does not know it */
#define HAS_ADDRESSES 0x00010000 /* where to load is in this header */

struct header {
	uint32_t magic;
	uint32_t flags;
	uint32_t checksum;
	uint32_t header_addr;
	uint32_t load_addr;
	uint32_t load_end_addr;
	uint32_t bss_end_addr;
	uint32_t entry_addr;
};

#define INFO_MEMORY  (1U << 0)
#define INFO_CMDLINE (1U << 2)
#define INFO_MODULES (1U << 3)
#define INFO_MMAP    (1U << 6)
#define INFO_LOADER  (1U << 9)

struct info {
	uint32_t flags;
	uint32_t mem_lower;
	uint32_t mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count;
	uint32_t mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length;
	uint32_t mmap_addr;
	uint32_t drives[2];
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t rest[13];
};

struct module {
	uint32_t start;
	uint32_t end;
	uint32_t string;
	uint32_t reserved;
};

struct mmap_entry {
	uint32_t size; /* of the rest */
	uint64_t gpa;
	uint64_t length;
	uint32_t type;
} __attribute__((packed));

/* The header's offset in the file, or -1. */
static int64_t find_header(const struct image *image, struct header *header)
{
	for (uint64_t at = 0; at + 12 <= image->size && at < SEARCH; at += 4) {
		size_t have = image->size - at < sizeof(*header) ? image->size - at :
								   sizeof(*header);

		memset(header, 0, sizeof(*header));
		memcpy(header, image->data + at, have);
		if (header->magic == MAGIC &&
		    !(uint32_t)(header->magic + header->flags + header->checksum))
			return at;
	}
	return -1;
}

bool is_multiboot(const struct image *image)
{
	struct header header;

	return find_header(image, &header) >= 0;
}

/* ---- the kernel ----------------------------------------------------------------- */

/* Addresses are in the header ("a.out kludge"). */
static int load_by_header(const struct boot *boot, const struct image *image,
			  const struct header *h, uint64_t at, uint64_t *end)
{
	uint64_t offset = at - (h->header_addr - h->load_addr);
	uint64_t size, bss;

	if (h->header_addr < h->load_addr || h->header_addr - h->load_addr > at)
		return fail(
			"cannot load %s: its multiboot header gives addresses that do not fit the file.",
			image->path);
	size = h->load_end_addr ? (uint64_t)h->load_end_addr - h->load_addr : image->size - offset;
	if ((h->load_end_addr && h->load_end_addr < h->load_addr) || !image_at(image, offset, size))
		return fail("cannot load %s: it is cut off.", image->path);
	if (boot_write(boot, h->load_addr, image->data + offset, size, "the kernel"))
		return -1;
	*end = h->load_addr + size;
	if (h->bss_end_addr <= *end)
		return 0;
	bss = h->bss_end_addr - *end;
	if (guest_memory_fill(boot->ram, *end, 0, bss))
		return fail(
			"cannot load %s: it wants memory up to %#x. Give the guest more with --memory.",
			image->path, h->bss_end_addr);
	*end = h->bss_end_addr;
	return 0;
}

static int load_kernel(const struct boot *boot, const struct image *image, uint64_t *entry,
		       uint64_t *end)
{
	struct header header;
	uint64_t start;
	unsigned int bits;
	int64_t at = find_header(image, &header);

	if (header.flags & WANTS_UNKNOWN)
		return fail(
			"cannot boot %s: its multiboot header asks for features (%#x) that multiboot 1 does not have.",
			image->path, header.flags & WANTS_UNKNOWN);
	if (header.flags & HAS_ADDRESSES) {
		*entry = header.entry_addr;
		return load_by_header(boot, image, &header, at, end);
	}
	if (!is_elf(image))
		return fail(
			"cannot boot %s: it is no ELF file, and its multiboot header does not say where it belongs.",
			image->path);
	if (elf_load_segments(boot, image, entry, &start, end, &bits))
		return -1;
	if (*entry < 1ULL << 32)
		return 0;
	return fail("cannot boot %s: its entry point is above 4 GiB.", image->path);
}

/* ---- what is put behind it --------------------------------------------------------- */

/* Hands out memory from the end of the kernel upwards. */
struct heap {
	const struct boot *boot;
	uint64_t next;
};

static int put(struct heap *heap, const void *bytes, uint64_t size, uint64_t align,
	       const char *what, uint32_t *address)
{
	uint64_t at = (heap->next + align - 1) & ~(align - 1);

	if (at + size > 1ULL << 32)
		return fail("cannot put %s below 4 GiB.", what);
	if (boot_write(heap->boot, at, bytes, size, what))
		return -1;
	*address = at;
	heap->next = at + size;
	return 0;
}

static int put_string(struct heap *heap, const char *text, uint32_t *address)
{
	return put(heap, text, strlen(text) + 1, 1, "a string", address);
}

static int put_module(struct heap *heap, const char *spec, struct module *module)
{
	const char *colon = strchr(spec, ':');
	struct image image;
	char text[1024];
	int len, ret;

	len = snprintf(text, sizeof(text), "%.*s", (int)(colon ? colon - spec : (long)strlen(spec)),
		       spec);
	if (len < 0 || (size_t)len >= sizeof(text))
		return fail("--module %.40s...: the file name is too long.", spec);
	if (image_read(&image, text))
		return -1;
	ret = put(heap, image.data, image.size, PAGE, "a module", &module->start);
	module->end = module->start + image.size;
	image_free(&image);
	if (ret)
		return -1;
	if (colon && colon[1])
		len += snprintf(text + len, sizeof(text) - len, " %s", colon + 1);
	if ((size_t)len >= sizeof(text))
		return fail("--module %.40s...: its arguments are too long.", spec);
	return put_string(heap, text, &module->string);
}

static int put_modules(struct heap *heap, struct info *info)
{
	struct module modules[BOOT_MODULES] = { 0 };

	for (unsigned int i = 0; i < heap->boot->nr_modules; i++)
		if (put_module(heap, heap->boot->module[i], &modules[i]))
			return -1;
	info->flags |= INFO_MODULES;
	info->mods_count = heap->boot->nr_modules;
	return put(heap, modules, info->mods_count * sizeof(modules[0]), 16, "the list of modules",
		   &info->mods_addr);
}

static int put_memory_map(struct heap *heap, struct info *info)
{
	struct ram_map_entry map[RAM_MAP_ENTRIES];
	struct mmap_entry entries[RAM_MAP_ENTRIES];
	unsigned int nr = ram_map(heap->boot->ram, map);

	for (unsigned int i = 0; i < nr; i++) {
		entries[i] = (struct mmap_entry){ sizeof(entries[i]) - 4, map[i].gpa, map[i].size,
						  map[i].type };
		if (map[i].gpa == 0 && map[i].type == RAM_USABLE)
			info->mem_lower = map[i].size >> 10;
		if (map[i].gpa == 1 << 20 && map[i].type == RAM_USABLE)
			info->mem_upper = map[i].size >> 10;
	}
	info->flags |= INFO_MEMORY | INFO_MMAP;
	info->mmap_length = nr * sizeof(entries[0]);
	return put(heap, entries, info->mmap_length, 16, "the memory map", &info->mmap_addr);
}

/* The path, then the arguments, as other loaders have it. */
static int put_strings(struct heap *heap, struct info *info)
{
	char text[4096];

	if (boot_command_line(heap->boot, heap->boot->kernel, text, sizeof(text)) ||
	    put_string(heap, text, &info->cmdline) ||
	    put_string(heap, "posada", &info->boot_loader_name))
		return -1;
	info->flags |= INFO_CMDLINE | INFO_LOADER;
	return 0;
}

int load_multiboot(struct boot *boot, const struct image *image)
{
	struct info info = { 0 };
	uint64_t entry, end, gdt[MODE_GDT_ENTRIES];
	struct heap heap = { .boot = boot };
	uint32_t info_at, gdt_at;

	_Static_assert(sizeof(struct info) == 120, "as in the specification");
	if (boot->initrd)
		return fail("a multiboot kernel takes its initrd as a module. Say --module %s.",
			    boot->initrd);
	if (load_kernel(boot, image, &entry, &end))
		return -1;
	heap.next = end > 1 << 20 ? end : 1 << 20;
	mode_gdt(gdt, 0);
	if (put_modules(&heap, &info) || put_memory_map(&heap, &info) ||
	    put_strings(&heap, &info) || put(&heap, gdt, sizeof(gdt), 16, "the GDT", &gdt_at) ||
	    put(&heap, &info, sizeof(info), 16, "the multiboot information", &info_at))
		return -1;
	mode_protected(boot->state, gdt_at, entry);
	boot->state->regs.gpr[POSADA_RAX] = BOOT_MAGIC;
	boot->state->regs.gpr[POSADA_RBX] = info_at;
	boot->kind = "a multiboot kernel";
	return 0;
}
