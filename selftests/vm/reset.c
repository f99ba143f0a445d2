// SPDX-License-Identifier: GPL-2.0
/* Is a new vCPU in the state that SDM 3A 10.1.1 gives a processor after RESET? */
#include "test.h"

FIXTURE(fresh) {
	struct vm vm;
	struct vcpu cpu;
	struct posada_state state;
};

FIXTURE_SETUP(fresh)
{
	NEEDS_POSADA();
	vm_create(&self->vm);
	vcpu_create(&self->vm, &self->cpu, 0);
	self->state = vcpu_state(&self->cpu, POSADA_STATE_REGS | POSADA_STATE_SEGMENTS |
				 POSADA_STATE_CONTROL | POSADA_STATE_DEBUG | POSADA_STATE_EVENTS);
}

FIXTURE_TEARDOWN(fresh)
{
	vcpu_close(&self->cpu);
	vm_close(&self->vm);
}

TEST_F(fresh, registers)
{
	unsigned int i;

	EXPECT_EQ(0xfff0, self->state.regs.rip);
	EXPECT_EQ(0x2, self->state.regs.rflags);
	for (i = 0; i < 16; i++)
		if (i != POSADA_RDX)
			EXPECT_EQ(0, self->state.regs.gpr[i]);
}

static void expect_segment(struct __test_metadata *_metadata, const char *name,
			   const struct posada_segment *segment, uint64_t base, uint16_t selector,
			   uint32_t access)
{
	EXPECT_EQ(base, segment->base) { TH_LOG("%s", name); }
	EXPECT_EQ(0xffff, segment->limit) { TH_LOG("%s", name); }
	EXPECT_EQ(selector, segment->selector) { TH_LOG("%s", name); }
	EXPECT_EQ(access, segment->access) { TH_LOG("%s", name); }
	EXPECT_EQ(0, segment->reserved[0] | segment->reserved[1] | segment->reserved[2]);
}

TEST_F(fresh, segments)
{
	const struct posada_segments *s = &self->state.segments;

	expect_segment(_metadata, "cs", &s->cs, 0xffff0000, 0xf000, 0x9b);
	expect_segment(_metadata, "ds", &s->ds, 0, 0, 0x93);
	expect_segment(_metadata, "es", &s->es, 0, 0, 0x93);
	expect_segment(_metadata, "fs", &s->fs, 0, 0, 0x93);
	expect_segment(_metadata, "gs", &s->gs, 0, 0, 0x93);
	expect_segment(_metadata, "ss", &s->ss, 0, 0, 0x93);
	expect_segment(_metadata, "ldtr", &s->ldtr, 0, 0, 0x82);
	expect_segment(_metadata, "tr", &s->tr, 0, 0, 0x8b);
	EXPECT_EQ(0, s->gdtr.base);
	EXPECT_EQ(0xffff, s->gdtr.limit);
	EXPECT_EQ(0, s->idtr.base);
	EXPECT_EQ(0xffff, s->idtr.limit);
}

TEST_F(fresh, control)
{
	const struct posada_control *c = &self->state.control;
	bool xsave = device_info(self->vm.device).features & POSADA_FEATURE_XSAVE;

	EXPECT_EQ(0x60000010, c->cr0);
	EXPECT_EQ(0, c->cr2);
	EXPECT_EQ(0, c->cr3);
	EXPECT_EQ(0, c->cr4);
	EXPECT_EQ(0, c->cr8);
	EXPECT_EQ(0, c->efer);
	EXPECT_EQ(xsave ? 1 : 0, c->xcr0);
}

TEST_F(fresh, debug)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, self->state.debug.dr[i]);
	EXPECT_EQ(0xffff0ff0, self->state.debug.dr6);
	EXPECT_EQ(0x400, self->state.debug.dr7);
}

TEST_F(fresh, events)
{
	static const struct posada_events none;

	EXPECT_EQ(0, memcmp(&none, &self->state.events, sizeof(none)));
}

TEST_F(fresh, msrs)
{
	EXPECT_EQ(0x0007040600070406, vcpu_msr(&self->cpu, 0x277));
	EXPECT_EQ(0, vcpu_msr(&self->cpu, 0x174));
	EXPECT_EQ(0, vcpu_msr(&self->cpu, 0xc0000082));
	EXPECT_EQ(0, vcpu_msr(&self->cpu, 0xc0000102));
}

TEST_F(fresh, fpu)
{
	struct posada_info info = device_info(self->vm.device);
	struct posada_state state = {
		.size = sizeof(state),
		.groups = POSADA_STATE_XSAVE,
		.xsave_size = info.xsave_size,
	};
	uint8_t *area = calloc(1, info.xsave_size);
	uint64_t xstate_bv;
	uint32_t mxcsr;
	uint16_t fcw;

	ASSERT_NE(NULL, area);
	state.xsave = (uintptr_t)area;
	ASSERT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	memcpy(&fcw, area, 2);
	memcpy(&xstate_bv, area + 512, 8);
	memcpy(&mxcsr, area + 24, 4);
	/* a component that is not in XSTATE_BV has its initial value, FNINIT's */
	EXPECT_EQ(0x40, xstate_bv & 1 || !(info.features & POSADA_FEATURE_XSAVE) ? fcw : 0x37f);
	EXPECT_EQ(0x1f80, mxcsr);
	free(area);
}

GUEST_CODE_16(reset_vector,
"	.byte 0xea\n"			/* ljmp 0x1000:0x0000 */
"	.word 0x0000, 0x1000\n");

GUEST_CODE_16(below,
"	mov $0x600d, %ax\n"
"	hlt\n");

/* The first instruction comes from FFFFFFF0h. */
TEST_F(fresh, first_instruction_is_at_the_reset_vector)
{
	uint8_t *rom = memory_get(0x1000);

	memcpy(rom + 0xff0, reset_vector, reset_vector_end - reset_vector);
	vm_map(&self->vm, 0xfffff000, rom, 0x1000, POSADA_MEMORY_READONLY);
	vcpu_code(&self->cpu, below);
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	EXPECT_EQ(0x600d, self->cpu.run->regs[POSADA_RAX] & 0xffff);
	EXPECT_EQ(0x1000, vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS).segments.cs.selector);
}

TEST_HARNESS_MAIN
