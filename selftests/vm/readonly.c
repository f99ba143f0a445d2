// SPDX-License-Identifier: GPL-2.0
/* Can a guest read and run READONLY memory, and is a write an MMIO exit? */
#include "guest_fixture.h"

#define ROM 0xf0000000

GUEST_CODE(uses_rom,
"	mov $0xf0000100, %ebx\n"
"	mov (%rbx), %r8\n"
"	call *%r9\n"
"uses_rom_write:\n"
"	movl $0x1234, (%rbx)\n"
"	mov (%rbx), %r10\n"
"	hlt\n");
GUEST_LABEL(uses_rom_write);

TEST_F(guest, a_write_exits_and_changes_nothing)
{
	uint8_t *rom = memory_get(0x1000);

	memset(rom + 0x100, 0x5a, 8);
	memcpy(rom + 0x200, "\xb9\x77\x00\x00\x00\xc3", 6);	/* mov $0x77, %ecx; ret */
	vm_map(&self->vm, ROM, rom, 0x1000, POSADA_MEMORY_READONLY);
	vcpu_code(&self->cpu, uses_rom);
	self->run->regs[POSADA_R9] = ROM + 0x200;
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(ROM + 0x100, self->run->mmio.gpa);
	EXPECT_EQ(POSADA_ACCESS_WRITE, self->run->mmio.flags &
		  (POSADA_ACCESS_WRITE | POSADA_ACCESS_EXEC));
	EXPECT_EQ(guest_address(uses_rom, uses_rom_write), self->run->rip);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a, self->run->regs[POSADA_R8]);
	EXPECT_EQ(0x77, self->run->regs[POSADA_RCX]);
	EXPECT_EQ(0x5a, rom[0x100]);
	/* movl $imm32, (%rbx) is 6 bytes: leave it out */
	self->run->rip += 6;
	self->run->apply = POSADA_APPLY_RIP;
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a, self->run->regs[POSADA_R10]);
}

/* The memory itself need not be writable for that. */
TEST_F(guest, of_memory_the_process_cannot_write)
{
	uint8_t *rom = memory_get(0x1000);

	memset(rom + 0x100, 0xa5, 8);
	memcpy(rom + 0x200, "\xc3", 1);
	ASSERT_EQ(0, mprotect(rom, 0x1000, PROT_READ));
	vm_map(&self->vm, ROM, rom, 0x1000, POSADA_MEMORY_READONLY);
	vcpu_code(&self->cpu, uses_rom);
	self->run->regs[POSADA_R9] = ROM + 0x200;
	vcpu_run_to(&self->cpu, POSADA_EXIT_MMIO);
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5, self->run->regs[POSADA_R8]);
	EXPECT_EQ(0xa5, rom[0x100]);
}

TEST_HARNESS_MAIN
