/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading: what lies in guest memory, and in which state the vCPU begins.
 */
#ifndef POSADA_BOOT_H
#define POSADA_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"
#include "memory.h"
#include "mode.h"

#define BOOT_MODULES 32

enum boot_flat {
	FLAT_NOT,
	FLAT_REAL,
	FLAT_PROTECTED,
	FLAT_LONG,
};

/**
 * struct boot - what is to be loaded
 * @kernel: file
 * @initrd: file, or NULL
 * @command_line: all of it, or NULL: that of the kind of kernel
 * @append: to be added to it, or NULL
 * @module: multiboot: files, with their arguments behind a colon
 * @nr_modules: how many
 * @flat: the kernel is a flat binary for this mode
 * @load: flat: where it goes, with @has_load
 * @has_load: @load counts
 * @ram: guest memory
 * @state: out: MODE_GROUPS
 * @kind: out: in words
 */
struct boot {
	const char *kernel;
	const char *initrd;
	const char *command_line;
	const char *append;
	const char *module[BOOT_MODULES];
	unsigned int nr_modules;
	enum boot_flat flat;
	uint64_t load;
	bool has_load;
	const struct guest_memory *ram;
	struct posada_state *state;
	const char *kind;
};

/** boot_load() - load all of it.  Return: 0, or -1 after fail() */
int boot_load(struct boot *boot);

/*
 * What lies in low memory when a kernel begins in protected or long mode; 0x1000
 * to BOOT_LOW_END is not for the kernel.
 */
#define BOOT_GDT	  0x1000
#define BOOT_PAGE_TABLES  0x2000 /* MODE_PAGE_TABLES bytes */
#define BOOT_PARAMS	  0x8000 /* Linux's struct boot_params */
#define BOOT_STACK_TOP	  0x10000
#define BOOT_COMMAND_LINE 0x10000
#define BOOT_LOW_END	  0x20000

/** boot_write() - put bytes into guest memory; @what for the message.  Return: 0, or -1 after fail() */
int boot_write(const struct boot *boot, uint64_t gpa, const void *from, uint64_t len,
	       const char *what);

/** boot_long_mode() - GDT, page tables and state for long mode */
int boot_long_mode(const struct boot *boot, uint64_t rip);

/** boot_protected_mode() - GDT and state for 32-bit protected mode, flat */
int boot_protected_mode(const struct boot *boot, uint32_t eip);

/**
 * boot_command_line() - the command line as the user wants it
 * @boot: the user's wishes
 * @usual: what it is without --cmdline
 * @text: out
 * @size: of @text; longer is an error
 */
int boot_command_line(const struct boot *boot, const char *usual, char *text, size_t size);

/* Recognize and load one kind each. */
bool is_bzimage(const struct image *image);
int load_bzimage(struct boot *boot, const struct image *image);
bool is_multiboot(const struct image *image);
int load_multiboot(struct boot *boot, const struct image *image);
bool is_elf(const struct image *image);
int load_elf(struct boot *boot, const struct image *image);
int load_flat(struct boot *boot, const struct image *image);

/**
 * elf_load_segments() - put an ELF file's segments where their physical addresses say
 * @boot: for its RAM
 * @image: an ELF32 or ELF64 file for x86
 * @entry: out: physical entry point
 * @start: out: lowest address used
 * @end: out: first address that is not used
 * @bits: out: 32 or 64
 */
int elf_load_segments(const struct boot *boot, const struct image *image, uint64_t *entry,
		      uint64_t *start, uint64_t *end, unsigned int *bits);

/**
 * linux_prepare() - zero page, command line, initrd: what RSI points to when Linux begins
 * @boot: the user's wishes
 * @header: setup header of a bzImage, or NULL
 * @header_size: its bytes
 * @kernel_end: the initrd goes above this
 */
int linux_prepare(struct boot *boot, const void *header, size_t header_size, uint64_t kernel_end);

#endif /* POSADA_BOOT_H */
