// SPDX-License-Identifier: GPL-2.0
/* Does every group of state come back as it was set, and is nonsense refused by name? */
#include "guest_fixture.h"
#include "../../tools/lib/state_msrs.h"

#define ALL (POSADA_STATE_REGS | POSADA_STATE_SEGMENTS | POSADA_STATE_CONTROL | \
	     POSADA_STATE_DEBUG | POSADA_STATE_EVENTS)

TEST_F(guest, regs)
{
	struct posada_state set = vcpu_state(&self->cpu, POSADA_STATE_REGS), get;
	unsigned int i;

	for (i = 0; i < 16; i++)
		set.regs.gpr[i] = 0x1111111111111111ULL * i + 1;
	set.regs.rip = 0x7fff12345678;
	set.regs.rflags = RFLAGS_FIXED | 0x240cd5;
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_REGS);
	EXPECT_EQ(UINT32_MAX, set.bad);
	get = vcpu_state(&self->cpu, POSADA_STATE_REGS);
	EXPECT_EQ(0, memcmp(&set.regs, &get.regs, sizeof(get.regs)));
}

TEST_F(guest, registers_of_the_run_page_are_the_same)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_REGS);

	state.regs.gpr[POSADA_R11] = 0x1234;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_REGS);
	EXPECT_EQ(0x1234, self->run->regs[POSADA_R11]);
	self->run->regs[POSADA_R12] = 0x5678;
	state = vcpu_state(&self->cpu, POSADA_STATE_REGS);
	EXPECT_EQ(0x5678, state.regs.gpr[POSADA_R12]);
}

TEST_F(guest, segments)
{
	struct posada_state set = vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS), get;

	set.segments.fs.base = 0xffff888000000000;
	set.segments.gs.base = 0x7fff00001000;
	set.segments.es.selector = 0x3b;
	set.segments.es.access = 0xc0f3;
	set.segments.ds.limit = 0x12fff;
	set.segments.ds.access = 0x40f1;
	set.segments.ldtr = (struct posada_segment){
		.base = 0xffff888000002000,
		.limit = 0xfff,
		.access = 0x82,
		.selector = 0x58,
	};
	set.segments.tr.base = 0xffff888000001000;
	set.segments.tr.limit = 0x2067;
	set.segments.gdtr = (struct posada_table){ .base = 0xffff888000004000, .limit = 0x7f };
	set.segments.idtr = (struct posada_table){ .base = 0xffffffffff000000, .limit = 0xfff };
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_SEGMENTS);
	get = vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS);
	EXPECT_EQ(0, memcmp(&set.segments, &get.segments, sizeof(get.segments)));
}

TEST_F(guest, control)
{
	struct posada_state set = vcpu_state(&self->cpu, POSADA_STATE_CONTROL), get;

	set.control.cr0 = (set.control.cr0 | 0x60000008) & ~0x20ULL;
	set.control.cr2 = 0xffff888012345678;
	set.control.cr3 = 0x123000;
	set.control.cr4 |= 0x8c;
	set.control.cr8 = 7;
	set.control.efer |= 0x800;
	if (device_info(self->vm.device).features & POSADA_FEATURE_XSAVE)
		set.control.xcr0 = 3;
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_CONTROL);
	get = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);
	EXPECT_EQ(set.control.cr0, get.control.cr0);
	EXPECT_EQ(set.control.cr2, get.control.cr2);
	EXPECT_EQ(set.control.cr3, get.control.cr3);
	EXPECT_EQ(set.control.cr4, get.control.cr4);
	EXPECT_EQ(set.control.cr8, get.control.cr8);
	EXPECT_EQ(set.control.efer, get.control.efer);
	EXPECT_EQ(set.control.xcr0, get.control.xcr0);
}

TEST_F(guest, pdptes)
{
	struct posada_state set, get;
	unsigned int i;

	boot_pae(&self->cpu);
	set = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);
	for (i = 0; i < 4; i++)
		set.control.pdpte[i] = (0x10000 * (i + 1)) | 1;
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_CONTROL);
	get = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);
	EXPECT_EQ(0, memcmp(set.control.pdpte, get.control.pdpte, sizeof(get.control.pdpte)));
}

TEST_F(guest, debug)
{
	struct posada_state set = vcpu_state(&self->cpu, POSADA_STATE_DEBUG), get;
	unsigned int i;

	for (i = 0; i < 4; i++)
		set.debug.dr[i] = 0x7fff00000000 + 8 * i;
	set.debug.dr6 = 0xffff4ff1;
	set.debug.dr7 = 0x455;
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_DEBUG);
	get = vcpu_state(&self->cpu, POSADA_STATE_DEBUG);
	EXPECT_EQ(0, memcmp(&set.debug, &get.debug, sizeof(get.debug)));
}

TEST_F(guest, events)
{
	struct posada_state set = vcpu_state(&self->cpu, POSADA_STATE_EVENTS), get;

	set.events.vectors[0] = 1ULL << 16 | 1ULL << 63;
	set.events.vectors[1] = 1;
	set.events.vectors[2] = 0x5555;
	set.events.vectors[3] = 1ULL << 63;
	set.events.nmis = 2;
	set.events.shadow = POSADA_SHADOW_MOV_SS;
	set.events.event = 0x80000b0e;
	set.events.event_error = 6;
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_EVENTS);
	get = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	EXPECT_EQ(0, memcmp(&set.events, &get.events, sizeof(get.events)));
	set.events = (struct posada_events){ .activity = POSADA_HALTED, .shadow = POSADA_SHADOW_NMI };
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_EVENTS);
	get = vcpu_state(&self->cpu, POSADA_STATE_EVENTS);
	EXPECT_EQ(0, memcmp(&set.events, &get.events, sizeof(get.events)));
}

/* A group that was not asked for is not touched, neither here nor there. */
TEST_F(guest, other_groups_are_left_alone)
{
	struct posada_state before = vcpu_state(&self->cpu, ALL), state, after;

	memset(&state, 0, sizeof(state));
	memset(&state.regs, 0xff, sizeof(state) - offsetof(struct posada_state, regs));
	state.size = sizeof(state);
	state.groups = POSADA_STATE_CONTROL;
	ASSERT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	EXPECT_EQ(UINT64_MAX, state.regs.rip);
	EXPECT_EQ(UINT64_MAX, state.debug.dr7);
	EXPECT_EQ(before.control.cr3, state.control.cr3);
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_CONTROL);
	after = vcpu_state(&self->cpu, ALL);
	EXPECT_EQ(0, memcmp(&before.regs, &after.regs, sizeof(after.regs)));
	EXPECT_EQ(0, memcmp(&before.segments, &after.segments, sizeof(after.segments)));
	EXPECT_EQ(0, memcmp(&before.control, &after.control, sizeof(after.control)));
	EXPECT_EQ(0, memcmp(&before.debug, &after.debug, sizeof(after.debug)));
	EXPECT_EQ(0, memcmp(&before.events, &after.events, sizeof(after.events)));
}

TEST_F(guest, msrs)
{
	struct posada_msr set[] = {
		{ .index = 0x174, .value = 0x10 },
		{ .index = 0x175, .value = 0xffff888000001000 },
		{ .index = 0x176, .value = 0xffffffff81000000 },
		{ .index = 0x277, .value = 0x0001040506070600 },
		{ .index = 0xc0000081, .value = 0x0023001000000000 },
		{ .index = 0xc0000082, .value = 0xffffffff81000040 },
		{ .index = 0xc0000083, .value = 0xffffffff81000080 },
		{ .index = 0xc0000084, .value = 0x47700 },
		{ .index = 0xc0000100, .value = 0x7fff12340000 },
		{ .index = 0xc0000101, .value = 0xffff888000002000 },
		{ .index = 0xc0000102, .value = 0x7fff56780000 },
	};
	struct posada_msr get[ARRAY_SIZE(set)] = { 0 };
	struct posada_state state = { .nr_msrs = ARRAY_SIZE(set), .msrs = (uintptr_t)set };
	unsigned int i;

	vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS);
	EXPECT_EQ(UINT32_MAX, state.bad);
	EXPECT_EQ(UINT32_MAX, state.bad_msr);
	for (i = 0; i < ARRAY_SIZE(set); i++)
		get[i].index = set[i].index;
	state.msrs = (uintptr_t)get;
	ASSERT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		EXPECT_EQ(set[i].value, get[i].value) {
			TH_LOG("MSR %#x", set[i].index);
		}
	}
}

/* Exactly, however long it takes from GET to SET. */
TEST_F(guest, tsc)
{
	static const uint64_t offsets[] = { 0, 1, 0x123456789abcdef0, 1ULL << 63, UINT64_MAX };
	struct posada_state set = { 0 }, get;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		set.tsc.offset = offsets[i];
		set.tsc.adjust = ~offsets[i];
		vcpu_state_set(&self->cpu, &set, POSADA_STATE_TSC);
		get = vcpu_state(&self->cpu, POSADA_STATE_TSC);
		EXPECT_EQ(offsets[i], get.tsc.offset);
		EXPECT_EQ(~offsets[i], get.tsc.adjust);
		EXPECT_EQ(~offsets[i], vcpu_msr(&self->cpu, 0x3b));
	}
}

/* The MSRs that tell the same come second to it. */
TEST_F(guest, tsc_with_its_msrs)
{
	struct posada_msr msrs[] = {
		{ .index = 0x10, .value = 1ULL << 60 },
		{ .index = 0x3b, .value = 77 },
	};
	struct posada_state set = { .nr_msrs = ARRAY_SIZE(msrs), .msrs = (uintptr_t)msrs }, get;

	set.tsc = (struct posada_tsc){ .offset = 0x1000, .adjust = 0x2000 };
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_TSC | POSADA_STATE_MSRS);
	get = vcpu_state(&self->cpu, POSADA_STATE_TSC);
	EXPECT_EQ(0x1000, get.tsc.offset);
	EXPECT_EQ(0x2000, get.tsc.adjust);
}

GUEST_CODE(reads_tsc,
"	rdtsc\n"
"	shl $32, %rdx\n"
"	or %rdx, %rax\n"
"	hlt\n");

TEST_F(guest, tsc_is_what_the_guest_reads)
{
	struct posada_state set = { .tsc.offset = 0x5000000000000000 };
	uint64_t before, after;

	vcpu_code(&self->cpu, reads_tsc);
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_TSC);
	before = __builtin_ia32_rdtsc();
	vcpu_run_to(&self->cpu, POSADA_EXIT_HLT);
	after = __builtin_ia32_rdtsc();
	EXPECT_LE(before + set.tsc.offset, self->run->regs[POSADA_RAX]);
	EXPECT_GE(after + set.tsc.offset, self->run->regs[POSADA_RAX]);
}

/* Whether LME may change depends on the CR0 that comes with it, not on the one before. */
TEST_F(guest, efer_among_the_msrs_is_judged_with_control)
{
	struct posada_msr efer = { .index = 0xc0000080, .value = 0x100 };
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL), after;

	/* from long mode to protected mode without paging */
	state.control.cr0 &= ~0x80000000ULL;
	state.control.efer = 0;
	state.nr_msrs = 1;
	state.msrs = (uintptr_t)&efer;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_CONTROL | POSADA_STATE_MSRS);
	EXPECT_EQ(0x100, vcpu_msr(&self->cpu, 0xc0000080));
	/* and to PAE paging, with which LME does not go */
	state.control.cr0 |= 0x80000000;
	state.control.cr2 = 0x1234;
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state,
					    POSADA_STATE_CONTROL | POSADA_STATE_MSRS));
	EXPECT_EQ(offsetof(struct posada_state, msrs), state.bad);
	EXPECT_EQ(0, state.bad_msr);
	after = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);
	EXPECT_EQ(0, after.control.cr0 & 0x80000000);
	EXPECT_NE(0x1234, after.control.cr2);
}

static int msr_get(struct vcpu *cpu, uint32_t index, uint64_t *value)
{
	struct posada_msr msr = { .index = index };
	struct posada_state state = {
		.size = sizeof(state),
		.groups = POSADA_STATE_MSRS,
		.nr_msrs = 1,
		.msrs = (uintptr_t)&msr,
	};
	int ret = posada_ioctl(cpu->fd, POSADA_STATE_GET, &state);

	*value = msr.value;
	return ret;
}

/* The list that the library has, and that is in the header. */
static bool in_list(uint32_t index, uint64_t features)
{
#define MSR(number, name, needs)						\
	if (index == (number) && (features & (needs)) == (needs))	\
		return true;
	STATE_MSRS(MSR)
#undef MSR
	return false;
}

TEST_F(guest, every_msr_of_the_list_and_no_other)
{
	static const uint32_t first[] = { 0, 0x40000000, 0xc0000000, 0xc0010000 };
	uint64_t features = device_info(self->vm.device).features, value;
	unsigned int i;
	uint32_t msr;

	for (i = 0; i < ARRAY_SIZE(first); i++)
		for (msr = first[i]; msr < first[i] + 0x2000; msr++) {
			bool known = in_list(msr, features);

			EXPECT_EQ(known ? 0 : -EINVAL, msr_get(&self->cpu, msr, &value)) {
				TH_LOG("getting MSR %#x", msr);
			}
			if (!known)
				continue;
			EXPECT_EQ(0, __vcpu_msr_set(&self->cpu, msr, value)) {
				TH_LOG("setting MSR %#x to %#lx", msr, value);
			}
		}
}

TEST_F(guest, an_msr_not_in_the_list_is_named)
{
	struct posada_msr msrs[] = {
		{ .index = 0xc0000082, .value = 0x1000 },
		{ .index = 0xc0000083, .value = 0x2000 },
		{ .index = 0x12345678, .value = 0 },
		{ .index = 0xc0000084, .value = 0 },
	};
	struct posada_state state = { .nr_msrs = ARRAY_SIZE(msrs), .msrs = (uintptr_t)msrs };

	vcpu_msr_set(&self->cpu, 0xc0000082, 0x7000);
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS));
	EXPECT_EQ(offsetof(struct posada_state, msrs), state.bad);
	EXPECT_EQ(2, state.bad_msr);
	EXPECT_EQ(0x7000, vcpu_msr(&self->cpu, 0xc0000082));
	state.groups = POSADA_STATE_MSRS;
	EXPECT_EQ(-EINVAL, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
}

TEST_F(guest, an_msr_value_the_cpu_refuses_is_named)
{
	struct posada_msr msrs[] = {
		{ .index = 0xc0000084, .value = 0x200 },
		{ .index = 0xc0000082, .value = 0x0000800000000000 },
	};
	struct posada_state state = { .nr_msrs = ARRAY_SIZE(msrs), .msrs = (uintptr_t)msrs };

	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS));
	EXPECT_EQ(1, state.bad_msr);
	EXPECT_EQ(0, vcpu_msr(&self->cpu, 0xc0000084));
	msrs[1] = (struct posada_msr){ .index = 0x277, .value = 0x0007040600070402 };
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS));
	msrs[1] = (struct posada_msr){ .index = 0xc0000100, .value = 1ULL << 60 };
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS));
	msrs[1] = (struct posada_msr){ .index = 0xc0000082, .reserved = 1 };
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS));
	EXPECT_EQ(1, state.bad_msr);
}

#define AT(field) offsetof(struct posada_state, field), sizeof(((struct posada_state *)0)->field)

/* One field of a good state is made bad; SET must say which, and change nothing. */
TEST_F(guest, a_bad_value_is_named_and_nothing_is_set)
{
	static const struct {
		const char *what;
		uint32_t group;
		uint32_t offset;
		uint32_t size;
		uint64_t value;
	} rows[] = {
		{ "RFLAGS bit 3", POSADA_STATE_REGS, AT(regs.rflags), 0xa },
		{ "RFLAGS bit 15", POSADA_STATE_REGS, AT(regs.rflags), 0x8002 },
		{ "RFLAGS bit 63", POSADA_STATE_REGS, AT(regs.rflags), 1ULL << 63 | 2 },
		{ "ES reserved", POSADA_STATE_SEGMENTS, AT(segments.es.reserved[0]), 1 },
		{ "CS base", POSADA_STATE_SEGMENTS, AT(segments.cs.base), 1ULL << 32 },
		{ "DS base", POSADA_STATE_SEGMENTS, AT(segments.ds.base), 1ULL << 63 },
		{ "FS base", POSADA_STATE_SEGMENTS, AT(segments.fs.base), 1ULL << 47 },
		{ "GS base", POSADA_STATE_SEGMENTS, AT(segments.gs.base), 1ULL << 63 },
		{ "TR base", POSADA_STATE_SEGMENTS, AT(segments.tr.base), 1ULL << 60 },
		{ "TR reserved", POSADA_STATE_SEGMENTS, AT(segments.tr.reserved[0]), 0x8000 },
		{ "TR unusable", POSADA_STATE_SEGMENTS, AT(segments.tr.access), 0x1008b },
		{ "TR not busy", POSADA_STATE_SEGMENTS, AT(segments.tr.access), 0x89 },
		{ "GDTR base", POSADA_STATE_SEGMENTS, AT(segments.gdtr.base), 1ULL << 60 },
		{ "GDTR limit", POSADA_STATE_SEGMENTS, AT(segments.gdtr.limit), 0x10000 },
		{ "GDTR reserved", POSADA_STATE_SEGMENTS, AT(segments.gdtr.reserved), 1 },
		{ "IDTR base", POSADA_STATE_SEGMENTS, AT(segments.idtr.base), 0x800000000000 },
		{ "IDTR limit", POSADA_STATE_SEGMENTS, AT(segments.idtr.limit), 0xffffffff },
		{ "IDTR reserved", POSADA_STATE_SEGMENTS, AT(segments.idtr.reserved), 1 },
		{ "CR0 bit 32", POSADA_STATE_CONTROL, AT(control.cr0), 1ULL << 32 | 0x80010031 },
		{ "CR4.VMXE", POSADA_STATE_CONTROL, AT(control.cr4), 0x2620 },
		{ "CR4 bit 63", POSADA_STATE_CONTROL, AT(control.cr4), 1ULL << 63 | 0x620 },
		{ "CR8 16", POSADA_STATE_CONTROL, AT(control.cr8), 16 },
		{ "EFER bit 1", POSADA_STATE_CONTROL, AT(control.efer), 0x502 },
		{ "EFER.SVME", POSADA_STATE_CONTROL, AT(control.efer), 0x1500 },
		{ "EFER.LME without LMA", POSADA_STATE_CONTROL, AT(control.efer), 0x100 },
		{ "XCR0 bit 62", POSADA_STATE_CONTROL, AT(control.xcr0), 1ULL << 62 | 1 },
		{ "XCR0 without x87", POSADA_STATE_CONTROL, AT(control.xcr0), 2 },
		{ "DR7 bit 32", POSADA_STATE_DEBUG, AT(debug.dr7), 1ULL << 32 | 0x400 },
		{ "DR6 bit 32", POSADA_STATE_DEBUG, AT(debug.dr6), 1ULL << 32 | 0xffff0ff0 },
		{ "3 NMIs", POSADA_STATE_EVENTS, AT(events.nmis), 3 },
		{ "activity 3", POSADA_STATE_EVENTS, AT(events.activity), 3 },
		{ "blocking by SMI", POSADA_STATE_EVENTS, AT(events.shadow), 4 },
		{ "shadow bit 31", POSADA_STATE_EVENTS, AT(events.shadow), 1U << 31 },
		{ "event of type 1", POSADA_STATE_EVENTS, AT(events.event), 0x80000150 },
		{ "NMI of vector 3", POSADA_STATE_EVENTS, AT(events.event), 0x80000203 },
		{ "#UD with an error code", POSADA_STATE_EVENTS, AT(events.event), 0x80000b06 },
		{ "both shadows", POSADA_STATE_EVENTS, AT(events.shadow), 3 },
		{ "exception 32", POSADA_STATE_EVENTS, AT(events.event), 0x80000320 },
		{ "event bit 30", POSADA_STATE_EVENTS, AT(events.event), 0xc0000306 },
	};
	struct posada_state before = vcpu_state(&self->cpu, ALL), after;
	bool xsave = device_info(self->vm.device).features & POSADA_FEATURE_XSAVE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct posada_state bad = before;

		if (!xsave && rows[i].offset == offsetof(struct posada_state, control.xcr0))
			continue;
		memcpy((char *)&bad + rows[i].offset, &rows[i].value, rows[i].size);
		EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &bad, rows[i].group)) {
			TH_LOG("%s", rows[i].what);
		}
		EXPECT_EQ(rows[i].offset, bad.bad) {
			TH_LOG("%s", rows[i].what);
		}
		after = vcpu_state(&self->cpu, ALL);
		EXPECT_EQ(0, memcmp(&before.regs, &after.regs, sizeof(after) -
				    offsetof(struct posada_state, regs))) {
			TH_LOG("%s", rows[i].what);
		}
		/* so that one that was taken wrongly does not spoil the next */
		vcpu_state_set(&self->cpu, &before, ALL);
	}
}

/* The hidden part of what cannot be used is as it is, and comes back. */
TEST_F(guest, an_unusable_segment_has_any_base)
{
	struct posada_state set = vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS), get;

	set.segments.es.base = 1ULL << 63;
	set.segments.es.access |= POSADA_SEGMENT_UNUSABLE;
	set.segments.ldtr.base = 1ULL << 60;
	set.segments.ldtr.access |= POSADA_SEGMENT_UNUSABLE;
	vcpu_state_set(&self->cpu, &set, POSADA_STATE_SEGMENTS);
	get = vcpu_state(&self->cpu, POSADA_STATE_SEGMENTS);
	EXPECT_EQ(0, memcmp(&set.segments, &get.segments, sizeof(get.segments)));
	set.segments.ldtr.access = 0x82;
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &set, POSADA_STATE_SEGMENTS));
	EXPECT_EQ(offsetof(struct posada_state, segments.ldtr.base), set.bad);
}

/* In IA-32e mode only (SDM 3C 27.3.1.1). */
TEST_F(guest, pcide_outside_long_mode)
{
	struct posada_state state = vcpu_state(&self->cpu, POSADA_STATE_CONTROL);

	state.control.cr0 &= ~0x80000000ULL;
	state.control.efer = 0;
	state.control.cr4 |= 1 << 17;
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_CONTROL));
	EXPECT_EQ(offsetof(struct posada_state, control.cr4), state.bad);
}

/* Whoever clears IF right behind an STI must not have to think of its shadow. */
GUEST_CODE(sti_out,
"	cli\n"
"	sti\n"
"	out %al, $0x80\n"
"	hlt\n");

TEST_F(guest, the_shadow_of_sti_ends_with_if)
{
	struct posada_state state;

	vcpu_code(&self->cpu, sti_out);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	state = vcpu_state(&self->cpu, POSADA_STATE_REGS | POSADA_STATE_EVENTS);
	EXPECT_EQ(POSADA_SHADOW_STI, state.events.shadow);
	state.regs.rflags &= ~0x200ULL;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_REGS);
	EXPECT_EQ(0, vcpu_state(&self->cpu, POSADA_STATE_EVENTS).events.shadow);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
}

TEST_F(guest, everything_is_checked_before_anything_is_set)
{
	struct posada_state state = vcpu_state(&self->cpu, ALL);
	uint64_t rip = state.regs.rip;

	state.regs.rip = 0x1234;
	state.events.nmis = 9;
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, ALL));
	EXPECT_EQ(offsetof(struct posada_state, events.nmis), state.bad);
	EXPECT_EQ(rip, vcpu_rip(&self->cpu));
}

static struct posada_state xsave_state(struct vcpu *cpu, uint8_t *area, uint32_t size)
{
	struct posada_state state = {
		.size = sizeof(state),
		.groups = POSADA_STATE_XSAVE,
		.xsave_size = size,
		.xsave = (uintptr_t)area,
	};

	require(posada_ioctl(cpu->fd, POSADA_STATE_GET, &state) == 0);
	return state;
}

TEST_F(guest, xsave)
{
	uint32_t size = device_info(self->vm.device).xsave_size;
	uint8_t *area = calloc(1, size), *copy = calloc(1, size);
	uint64_t components = 3;
	struct posada_state state;

	state = xsave_state(&self->cpu, area, size);
	/* XMM0-15 and x87 registers 0-7, marked as in use */
	memset(area + 160, 0xa5, 256);
	memset(area + 32, 0x00, 128);
	memset(area + 32, 0x5a, 8);
	memcpy(area + 512, &components, 8);
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_XSAVE);
	state = xsave_state(&self->cpu, copy, size);
	EXPECT_EQ(0, memcmp(area + 160, copy + 160, 256));
	EXPECT_EQ(0, memcmp(area + 32, copy + 32, 10));
	EXPECT_EQ(3, copy[512] & 3);
	free(area);
	free(copy);
}

TEST_F(guest, an_xsave_area_the_cpu_refuses)
{
	uint32_t size = device_info(self->vm.device).xsave_size, mxcsr = 0xffffffff;
	uint8_t *area = calloc(1, size);
	struct posada_state state;

	if (!(device_info(self->vm.device).features & POSADA_FEATURE_XSAVE))
		SKIP(return, "this CPU has no XSAVE for guests");
	state = xsave_state(&self->cpu, area, size);
	area[519] = 0x40;			/* XSTATE_BV bit 62 */
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_XSAVE));
	EXPECT_EQ(offsetof(struct posada_state, xsave), state.bad);
	state = xsave_state(&self->cpu, area, size);
	area[527] = 0x80;			/* XCOMP_BV: the compacted format */
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_XSAVE));
	state = xsave_state(&self->cpu, area, size);
	area[540] = 1;				/* reserved bytes of the header */
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_XSAVE));
	state = xsave_state(&self->cpu, area, size);
	memcpy(area + 24, &mxcsr, 4);
	area[512] |= 2;
	EXPECT_EQ(-EINVAL, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_XSAVE));
	free(area);
}

TEST_F(guest, too_much_or_too_little_room)
{
	struct posada_info info = device_info(self->vm.device);
	struct posada_msr *msrs = calloc(info.max_msrs + 1, sizeof(*msrs));
	struct posada_state state = { .msrs = (uintptr_t)msrs };
	uint8_t *area = calloc(1, info.xsave_size);
	unsigned int i;

	for (i = 0; i <= info.max_msrs; i++)
		msrs[i] = (struct posada_msr){ .index = 0xc0000082 };
	state.nr_msrs = info.max_msrs;
	vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS);
	state.nr_msrs = info.max_msrs + 1;
	EXPECT_EQ(-ENOSPC, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_MSRS));
	EXPECT_EQ(-ENOSPC, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	state = (struct posada_state){ .size = sizeof(state) };
	state.xsave = (uintptr_t)area;
	state.xsave_size = info.xsave_size - 1;
	EXPECT_EQ(-ENOSPC, __vcpu_state_set(&self->cpu, &state, POSADA_STATE_XSAVE));
	state.groups = POSADA_STATE_XSAVE;
	EXPECT_EQ(-ENOSPC, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	free(area);
	free(msrs);
}

/* A vCPU made of another's state goes on where that one was. */
GUEST_CODE(halfway,
"	mov $0x1234, %r8d\n"
"	movq %r8, %xmm3\n"
"	mov $0x5678, %eax\n"
"	mov %rax, %dr2\n"
"	out %al, $0x80\n"
"	movq %xmm3, %r9\n"
"	mov %dr2, %r10\n"
"	mov $0xc0000102, %ecx\n"
"	rdmsr\n"
"	mov %rax, %r11\n"
"	hlt\n");

TEST_F(guest, a_vcpu_can_be_moved_to_another)
{
	uint32_t size = device_info(self->vm.device).xsave_size;
	struct posada_msr msr = { .index = 0xc0000102 };
	uint8_t *area = calloc(1, size);
	struct posada_state state = {
		.size = sizeof(state),
		.groups = ALL | POSADA_STATE_MSRS | POSADA_STATE_XSAVE,
		.nr_msrs = 1,
		.msrs = (uintptr_t)&msr,
		.xsave_size = size,
		.xsave = (uintptr_t)area,
	};
	struct vcpu other;

	vcpu_msr_set(&self->cpu, 0xc0000102, 0x9abc);
	vcpu_code(&self->cpu, halfway);
	vcpu_run_to(&self->cpu, POSADA_EXIT_IO);
	ASSERT_EQ(0, posada_ioctl(self->cpu.fd, POSADA_STATE_GET, &state));
	vcpu_create(&self->vm, &other, 1);
	vcpu_state_set(&other, &state, state.groups);
	vcpu_run_to(&other, POSADA_EXIT_IO);
	other.run->apply = POSADA_APPLY_SKIP;
	vcpu_run_to(&other, POSADA_EXIT_HLT);
	EXPECT_EQ(0x1234, other.run->regs[POSADA_R8]);
	EXPECT_EQ(0x1234, other.run->regs[POSADA_R9]);
	EXPECT_EQ(0x5678, other.run->regs[POSADA_R10]);
	EXPECT_EQ(0x9abc, other.run->regs[POSADA_R11]);
	vcpu_close(&other);
	free(area);
}

TEST_HARNESS_MAIN
