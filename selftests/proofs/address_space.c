// SPDX-License-Identifier: GPL-2.0
/*
 * Address-space compression: is every linear address the guest's, those included that
 * the host itself uses: its IDT, its GDT, and the code that a VM exit comes out at?
 */
#include <elf.h>
#include <fcntl.h>

#include "proof_fixture.h"

#define TABLES 0xd0000		/* of this test's own, one after the other */
#define TEXT   0x1e000

/* Every slot of the PML4 maps the same: what is written in one is read in another. */
GUEST_CODE(slots,
"	xor %ecx, %ecx\n"
"1:	mov %rcx, %rbx\n"
"	shl $39, %rbx\n"
"	shl $16, %rbx\n"		/* canonical: bit 47 upwards */
"	sar $16, %rbx\n"
"	mov %ecx, DATA(%rbx)\n"
"	mov DATA, %eax\n"
"	cmp %ecx, %eax\n"
"	jne 2f\n"
"	inc %ecx\n"
"	cmp $512, %ecx\n"
"	jb 1b\n"
"2:	mov $-8, %rbx\n"		/* the last bytes there are */
"	mov (%rbx), %rdx\n"
	PROOF_END);

TEST_F(proof, all_512_slots_and_the_last_page)
{
	static const uint64_t mark = 0x1234567890abcdef;
	uint8_t *ram = self->p.vm.ram;
	uint64_t *pml4 = (uint64_t *)(ram + GUEST_PML4);
	uint64_t *tables = (uint64_t *)(ram + TABLES);
	unsigned int i;

	for (i = 1; i < 512; i++)
		pml4[i] = pml4[0];
	/* the last 2 MiB of the last gigabyte of the last slot: RAM at 0 */
	memcpy(tables, ram + GUEST_PDPT, 0x1000);
	tables[511] = (TABLES + 0x1000) | 7;
	tables[512 + 511] = 0x87;
	pml4[511] = TABLES | 7;
	memcpy(ram + GUEST_RAM_SIZE - 8, &mark, 8);
	proof_code(&self->p, slots);
	proof_run(&self->p);
	EXPECT_EQ(512, self->run->regs[POSADA_RCX]);
	EXPECT_EQ(mark, self->run->regs[POSADA_RDX]);
	EXPECT_EQ(0, vm_log(&self->p.vm)->count);
	EXPECT_EQ(1, proof_exits(&self->p));
}

/* ---- addresses that the host uses ------------------------------------------------------ */

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* A page of the guest at a linear address of our choice. */
static void map_page(uint8_t *ram, uint64_t linear, uint64_t gpa)
{
	static uint64_t next = TABLES;
	uint64_t *table = (uint64_t *)(ram + GUEST_PML4), *entry;
	int shift;

	for (shift = 39; shift > 12; shift -= 9) {
		entry = &table[linear >> shift & 511];
		if (!(*entry & 1)) {
			*entry = next | 7;
			next += 0x1000;
		}
		table = (uint64_t *)(ram + (*entry & ~0xfffULL));
	}
	table[linear >> 12 & 511] = gpa | 7;
}

static bool host_has_umip(void)
{
	uint32_t eax = 7, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ecx & 4;
}

static uint64_t kernel_symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[256], symbol[200];
	unsigned long long address = 0, value;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %199s", &value, symbol) == 2 && !strcmp(symbol, name))
			address = value;
	if (file)
		fclose(file);
	return address;
}

/* The host's own page at a linear address.  Whether it could be read. */
static bool host_page(uint64_t linear, uint8_t page[4096])
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC), i;
	bool found = false;
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (fd < 0)
		return false;
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
		header.e_phnum = 0;
	for (i = 0; i < header.e_phnum && !found; i++) {
		if (pread(fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment)) !=
		    sizeof(segment))
			break;
		if (segment.p_type == PT_LOAD && linear - segment.p_vaddr < segment.p_memsz)
			found = pread(fd, page, 4096,
				      segment.p_offset + (linear - segment.p_vaddr)) == 4096;
	}
	close(fd);
	return found;
}

GUEST_CODE(raises,
"	mov %ds, %eax\n"
"	mov %eax, %ds\n"		/* from the GDT where it is now */
"	TRY raises_after\n"
"	ud2\n"
"raises_after:\n"
"	mov $0x66, %r15d\n"
	PROOF_END);

/* Where the host has its tables the guest may have its own. */
TEST_F(proof, tables_at_the_addresses_of_the_hosts)
{
	struct posada_state state = proof_state(&self->p, POSADA_STATE_SEGMENTS);
	struct table idt, gdt;

	if (host_has_umip())
		SKIP(return, "UMIP hides where the host's tables are");
	asm volatile("sidt %0" : "=m"(idt));
	asm volatile("sgdt %0" : "=m"(gdt));
	ASSERT_EQ(1, idt.base >> 63);
	ASSERT_EQ(1, gdt.base >> 63);
	map_page(self->p.vm.ram, idt.base, GUEST_IDT);
	map_page(self->p.vm.ram, gdt.base, GUEST_GDT);
	state.segments.idtr.base = idt.base;
	state.segments.gdtr.base = gdt.base;
	proof_state_set(&self->p, &state, POSADA_STATE_SEGMENTS);
	proof_code(&self->p, raises);
	proof_run(&self->p);
	EXPECT_EQ(0x66, self->run->regs[POSADA_R15]);
	ASSERT_EQ(1, vm_log(&self->p.vm)->count);
	EXPECT_EQ(6, vm_event(&self->p.vm, 0)->vector);
	EXPECT_EQ(self->p.is_posada ? 1 : 2, proof_exits(&self->p)); /* KVM looks at all #UD */
}

GUEST_CODE(runs_there,
"	lea (%rip), %rbx\n"
"runs_there_here:\n"
"	mov $0x66, %r15d\n"
	PROOF_END);
GUEST_LABEL(runs_there_here);

/* HOST_RIP of the VMCS: the guest executes at that address, and the exit comes out there. */
TEST_F(proof, code_at_the_address_where_exits_come_out)
{
	const char *name = self->p.is_posada ? "vmexit_landing" : "vmx_vmexit";
	uint64_t rip = kernel_symbol(name);
	struct posada_state state = proof_state(&self->p, POSADA_STATE_REGS);
	uint8_t before[4096], after[4096];
	bool readable;

	if (!rip)
		SKIP(return, "/proc/kallsyms does not tell where %s is", name);
	if ((rip & 0xfff) > 0xf00)
		SKIP(return, "%s lies at the end of a page", name);
	readable = host_page(rip & ~0xfffULL, before);
	map_page(self->p.vm.ram, rip, TEXT);
	vm_load(&self->p.vm, TEXT + (rip & 0xfff), runs_there, runs_there_end);
	state.regs.rip = rip;
	proof_state_set(&self->p, &state, POSADA_STATE_REGS);
	proof_run(&self->p);
	EXPECT_EQ(0x66, self->run->regs[POSADA_R15]);
	EXPECT_EQ(rip + (runs_there_here - runs_there), self->run->regs[POSADA_RBX]);
	EXPECT_EQ(1, proof_exits(&self->p));
	if (readable) {
		ASSERT_TRUE(host_page(rip & ~0xfffULL, after));
		EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	}
}

TEST_HARNESS_MAIN
