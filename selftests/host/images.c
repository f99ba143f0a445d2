// SPDX-License-Identifier: GPL-2.0
/*
 * Do the loaders take good images, and survive every bad one?  The images are
 * small and made here; each is cut off at every length and has its bytes changed
 * at random, with the sanitizers watching both the file and guest memory.
 */
#include <kselftest_harness.h>

#include <asm/bootparam.h>
#include <elf.h>
#include <fcntl.h>

#include "boot.h"
#include "image.h"

#define RAM (8 << 20)
#define FILE_SIZE 4096
#define ENTRY 0x100010

FIXTURE(image) {
	struct guest_memory ram;
	uint8_t *bytes;
	struct posada_state state;
	struct boot boot;
	uint8_t *file;
	int messages;
};

FIXTURE_VARIANT(image) {
	const char *kind;
	void (*make)(uint8_t *file);
	bool (*is)(const struct image *image);
	int (*load)(struct boot *boot, const struct image *image);
	uint64_t rip;
};

static void make_elf64(uint8_t *file)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)file;
	Elf64_Phdr *segment = (Elf64_Phdr *)(header + 1);

	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_EXEC;
	header->e_machine = EM_X86_64;
	header->e_version = EV_CURRENT;
	header->e_entry = ENTRY;
	header->e_phoff = sizeof(*header);
	header->e_ehsize = sizeof(*header);
	header->e_phentsize = sizeof(*segment);
	header->e_phnum = 1;
	segment->p_type = PT_LOAD;
	segment->p_offset = 0x200;
	segment->p_vaddr = 0x100000;
	segment->p_paddr = 0x100000;
	segment->p_filesz = 0x800;
	segment->p_memsz = 0x2000;
}

static void make_elf32(uint8_t *file)
{
	Elf32_Ehdr *header = (Elf32_Ehdr *)file;
	Elf32_Phdr *segment = (Elf32_Phdr *)(header + 1);

	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS32;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_EXEC;
	header->e_machine = EM_386;
	header->e_version = EV_CURRENT;
	header->e_entry = ENTRY;
	header->e_phoff = sizeof(*header);
	header->e_ehsize = sizeof(*header);
	header->e_phentsize = sizeof(*segment);
	header->e_phnum = 1;
	segment->p_type = PT_LOAD;
	segment->p_offset = 0x200;
	segment->p_vaddr = 0x100000;
	segment->p_paddr = 0x100000;
	segment->p_filesz = 0x800;
	segment->p_memsz = 0x2000;
}

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void make_multiboot(uint8_t *file)
{
	make_elf32(file);
	put32(file + 0x200, 0x1badb002);
	put32(file + 0x204, 3);
	put32(file + 0x208, -(0x1badb002 + 3));
}

/* No ELF: the header itself says where to load. */
static void make_multiboot_addresses(uint8_t *file)
{
	put32(file + 0x40, 0x1badb002);
	put32(file + 0x44, 0x10003);
	put32(file + 0x48, -(0x1badb002 + 0x10003));
	put32(file + 0x4c, 0x100040);
	put32(file + 0x50, 0x100000);
	put32(file + 0x54, 0x100800);
	put32(file + 0x58, 0x102000);
	put32(file + 0x5c, ENTRY);
}

static void make_bzimage(uint8_t *file)
{
	struct setup_header *header = (struct setup_header *)(file + 0x1f1);

	header->setup_sects = 1;
	header->syssize = (FILE_SIZE - 1024) / 16;
	header->boot_flag = 0xaa55;
	header->jump = 0x6aeb;
	header->header = 0x53726448;
	header->version = 0x20f;
	header->loadflags = LOADED_HIGH;
	header->xloadflags = XLF_KERNEL_64;
	header->kernel_alignment = 0x200000;
	header->relocatable_kernel = 1;
	header->pref_address = 0x200000;
	header->init_size = 0x100000;
	header->cmdline_size = 2047;
	header->initrd_addr_max = 0x7fffffff;
}

/* For 32-bit processors; and from before there were others. */
static void make_bzimage32(uint8_t *file)
{
	make_bzimage(file);
	((struct setup_header *)(file + 0x1f1))->xloadflags = 0;
}

static void make_bzimage_old(uint8_t *file)
{
	make_bzimage(file);
	((struct setup_header *)(file + 0x1f1))->version = 0x20a;
}

FIXTURE_VARIANT_ADD(image, elf64) {
	.kind = "an ELF64 kernel", .make = make_elf64, .is = is_elf, .load = load_elf, .rip = ENTRY,
};

FIXTURE_VARIANT_ADD(image, elf32) {
	.kind = "an ELF32 kernel", .make = make_elf32, .is = is_elf, .load = load_elf, .rip = ENTRY,
};

FIXTURE_VARIANT_ADD(image, multiboot) {
	.make = make_multiboot, .is = is_multiboot, .load = load_multiboot, .rip = ENTRY,
};

FIXTURE_VARIANT_ADD(image, multiboot_addresses) {
	.make = make_multiboot_addresses, .is = is_multiboot, .load = load_multiboot, .rip = ENTRY,
};

FIXTURE_VARIANT_ADD(image, bzimage) {
	.kind = "a Linux bzImage", .make = make_bzimage, .is = is_bzimage, .load = load_bzimage,
	.rip = 0x200200,
};

FIXTURE_VARIANT_ADD(image, bzimage32) {
	.kind = "a 32-bit Linux bzImage", .make = make_bzimage32, .is = is_bzimage,
	.load = load_bzimage, .rip = 0x200000,
};

FIXTURE_VARIANT_ADD(image, bzimage_old) {
	.kind = "a 32-bit Linux bzImage", .make = make_bzimage_old, .is = is_bzimage,
	.load = load_bzimage, .rip = 0x200000,
};

FIXTURE_SETUP(image)
{
	self->bytes = calloc(1, RAM);
	self->file = calloc(1, FILE_SIZE);
	ASSERT_EQ(0, guest_memory_add(&self->ram, 0, RAM, self->bytes));
	self->boot = (struct boot){
		.kernel = "kernel",
		.ram = &self->ram,
		.state = &self->state,
	};
	variant->make(self->file);
	self->messages = dup(STDERR_FILENO);
}

FIXTURE_TEARDOWN(image)
{
	free(self->bytes);
	free(self->file);
}

/* The file in memory of just its size. */
static int load(FIXTURE_DATA(image) *self, const FIXTURE_VARIANT(image) *variant, size_t size,
		bool *is)
{
	struct image image = { .path = "kernel", .data = malloc(size), .size = size };
	int ret = -1;

	memcpy(image.data, self->file, size);
	*is = variant->is(&image);
	if (*is)
		ret = variant->load(&self->boot, &image);
	free(image.data);
	return ret;
}

/* Thousands of images are refused in words. */
static void quiet(FIXTURE_DATA(image) *self, bool on)
{
	int fd;

	fflush(stderr);
	if (!on) {
		dup2(self->messages, STDERR_FILENO);
		return;
	}
	fd = open("/dev/null", O_WRONLY);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

TEST_F(image, a_good_one_is_loaded)
{
	bool is;

	ASSERT_EQ(0, load(self, variant, FILE_SIZE, &is));
	EXPECT_TRUE(is);
	EXPECT_EQ(variant->rip, self->state.segments.cs.base + self->state.regs.rip);
	if (variant->kind)
		EXPECT_STREQ(variant->kind, self->boot.kind);
}

TEST_F(image, cut_off_at_every_length)
{
	size_t size;
	bool is;
	int ret;

	quiet(self, true);
	for (size = 1; size < FILE_SIZE; size++) {
		ret = load(self, variant, size, &is);
		if (ret && ret != -1)
			break;
	}
	quiet(self, false);
	EXPECT_EQ(FILE_SIZE, size);
}

TEST_F_TIMEOUT(image, changed_at_random, 120)
{
	static const uint8_t ends[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint8_t *good = malloc(FILE_SIZE);
	unsigned int i, k, loaded = 0;
	uint32_t random = 17;
	bool is;
	int ret = 0;

	memcpy(good, self->file, FILE_SIZE);
	quiet(self, true);
	for (i = 0; i < 3000; i++) {
		memcpy(self->file, good, FILE_SIZE);
		for (k = 0; k <= i % 4; k++) {
			random = random * 1664525 + 1013904223;
			self->file[(random >> 12) % 0x280] =
				random & 0x800 ? random >> 24 : ends[(random >> 24) % 5];
		}
		ret = load(self, variant, FILE_SIZE, &is);
		if (ret && ret != -1)
			break;
		loaded += !ret;
	}
	quiet(self, false);
	EXPECT_EQ(3000, i);
	EXPECT_LT(0, loaded);
	free(good);
}

/* The guest has less memory than the image wants. */
TEST_F(image, too_little_memory)
{
	bool is;
	int ret;

	self->ram = (struct guest_memory){ 0 };
	ASSERT_EQ(0, guest_memory_add(&self->ram, 0, 0x80000, self->bytes));
	quiet(self, true);
	ret = load(self, variant, FILE_SIZE, &is);
	quiet(self, false);
	EXPECT_EQ(-1, ret);
}

TEST_HARNESS_MAIN
