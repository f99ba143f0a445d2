// SPDX-License-Identifier: GPL-2.0
/* Does the debugger's stub take any bytes at all, and keep its promises? */
#include <kselftest_harness.h>

#include "flagname.h"
#include "gdb_breaks.h"
#include "gdb_packet.h"
#include "gdb_regs.h"
#include "gdb_step.h"

#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))

/* ---- packets --------------------------------------------------------------------- */

static struct gdb_reader reader;
static struct gdb_writer writer;

/* What the last byte of @bytes completes. */
static enum gdb_input feed(const char *bytes, size_t len)
{
	enum gdb_input last = GDB_NOTHING;

	for (size_t i = 0; i < len; i++)
		last = gdb_take(&reader, bytes[i]);
	return last;
}

#define FEED(text) feed(text, sizeof(text) - 1)

TEST(a_packet_comes_out_as_it_was_sent)
{
	ASSERT_EQ(GDB_PACKET, FEED("$m0,4#fd"));
	EXPECT_STREQ("m0,4", reader.bytes);
	EXPECT_EQ(4, reader.used);
	ASSERT_EQ(GDB_PACKET, FEED("$#00"));
	EXPECT_EQ(0, reader.used);
}

TEST(acknowledgements_and_interrupts_are_outside_packets)
{
	EXPECT_EQ(GDB_ACK, FEED("+"));
	EXPECT_EQ(GDB_NACK, FEED("-"));
	EXPECT_EQ(GDB_INTERRUPT, FEED("\003"));
	EXPECT_EQ(GDB_PACKET, FEED("$X\003+-#b3"));
	EXPECT_EQ(GDB_NOTHING, FEED("noise"));
}

TEST(escapes_are_undone)
{
	/* "}" and each of the special characters xor 20h */
	ASSERT_EQ(GDB_PACKET, FEED("$X}\x03}\x04}]}\n#ba"));
	EXPECT_EQ(0, memcmp("X#$}*", reader.bytes, 5));
	EXPECT_EQ(GDB_BROKEN, FEED("$}#7d"));
}

TEST(a_wrong_sum_is_broken)
{
	EXPECT_EQ(GDB_BROKEN, FEED("$m0,4#fc"));
	EXPECT_EQ(GDB_BROKEN, FEED("$m0,4#zz"));
	EXPECT_EQ(GDB_PACKET, FEED("$m0,4#fd"));
}

TEST(a_packet_that_was_cut_off_is_forgotten)
{
	ASSERT_EQ(GDB_PACKET, FEED("$garbage$m0,4#fd"));
	EXPECT_STREQ("m0,4", reader.bytes);
}

TEST(a_packet_that_is_too_long_is_broken_and_the_next_is_not)
{
	FEED("$");
	for (int i = 0; i < GDB_PACKET_MAX + 100; i++)
		ASSERT_EQ(GDB_NOTHING, FEED("a"));
	EXPECT_EQ(GDB_BROKEN, FEED("#00"));
	EXPECT_EQ(GDB_PACKET, FEED("$?#3f"));
}

TEST(what_is_written_can_be_read)
{
	char bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = i;
	gdb_begin(&writer);
	gdb_put(&writer, bytes, sizeof(bytes));
	gdb_finish(&writer);
	ASSERT_EQ(GDB_PACKET, feed(writer.bytes, writer.used));
	ASSERT_EQ(sizeof(bytes), reader.used);
	EXPECT_EQ(0, memcmp(bytes, reader.bytes, sizeof(bytes)));
}

TEST(an_answer_that_does_not_fit_is_an_error)
{
	static const char zeroes[GDB_PACKET_MAX];

	gdb_begin(&writer);
	gdb_put(&writer, zeroes, sizeof(zeroes));
	gdb_finish(&writer);
	EXPECT_EQ(GDB_PACKET_MAX + 4, writer.used);
	gdb_begin(&writer);
	gdb_put_hex(&writer, zeroes, sizeof(zeroes));
	gdb_finish(&writer);
	EXPECT_EQ(0, memcmp("$E5a#", writer.bytes, 5));
}

static struct gdb_text text_of(const char *text)
{
	return (struct gdb_text){ text, text + strlen(text) };
}

TEST(numbers_have_64_bits_and_no_more)
{
	struct gdb_text text = text_of("ffffffffffffffff,10:");
	uint64_t a, b;

	EXPECT_TRUE(gdb_range(&text, &a, &b));
	EXPECT_EQ(~0ULL, a);
	EXPECT_EQ(0x10, b);
	EXPECT_FALSE(gdb_done(&text));
	text = text_of("10000000000000000");
	EXPECT_FALSE(gdb_number(&text, &a));
	text = text_of("");
	EXPECT_FALSE(gdb_number(&text, &a));
	text = text_of("-1");
	EXPECT_FALSE(gdb_number(&text, &a));
}

TEST(bytes_come_in_pairs_of_digits)
{
	struct gdb_text text = text_of("00fF1");
	uint8_t bytes[3];

	EXPECT_FALSE(gdb_bytes(&text, bytes, 3));
	EXPECT_TRUE(gdb_bytes(&text, bytes, 2));
	EXPECT_EQ(0xff, bytes[1]);
	EXPECT_FALSE(gdb_bytes(&text, bytes, 1));
	text = text_of("0g");
	EXPECT_FALSE(gdb_bytes(&text, bytes, 1));
}

/* ASan and UBSan are the judges; the seed makes it the same every time. */
TEST(a_million_bytes_of_noise)
{
	static const char often[] = "$#}*+-\003mMXZ,:;0123456789abcdef";
	unsigned int packets = 0, broken = 0;
	uint64_t a, b;

	srandom(1);
	for (int i = 0; i < 1000000; i++) {
		long r = random();
		uint8_t byte = r & 1 ? r >> 8 : often[(r >> 8) % (sizeof(often) - 1)];
		enum gdb_input input = gdb_take(&reader, byte);
		struct gdb_text text = { reader.bytes, reader.bytes + reader.used };

		broken += input == GDB_BROKEN;
		if (input != GDB_PACKET)
			continue;
		packets++;
		gdb_word(&text, "m");
		gdb_range(&text, &a, &b);
		gdb_bytes(&text, (uint8_t[4]){ 0 }, 4);
	}
	EXPECT_GT(packets, 0);
	EXPECT_GT(broken, 0);
}

/* ---- registers --------------------------------------------------------------------- */

FIXTURE(cpu) {
	struct gdb_cpu cpu;
};

FIXTURE_SETUP(cpu)
{
	self->cpu.wide = true;
	self->cpu.xsave_size = 832;
	self->cpu.xsave = calloc(1, self->cpu.xsave_size);
}

FIXTURE_TEARDOWN(cpu)
{
	free(self->cpu.xsave);
}

/* Numbers that gdb has wired in, whatever the description says. */
TEST_F(cpu, numbers_are_gdbs)
{
	uint8_t value[GDB_REGISTER_MAX];

	self->cpu.state.regs.gpr[3] = 0x1122334455667788;
	self->cpu.state.regs.rip = 0x42;
	gdb_register_get(&self->cpu, 1, value);		/* rbx */
	EXPECT_EQ(0x1122334455667788, *(uint64_t *)value);
	gdb_register_get(&self->cpu, 16, value);	/* rip */
	EXPECT_EQ(0x42, *(uint64_t *)value);
	self->cpu.wide = false;
	gdb_register_get(&self->cpu, 3, value);		/* ebx */
	EXPECT_EQ(0x55667788, *(uint64_t *)value);
	gdb_register_get(&self->cpu, 8, value);		/* eip */
	EXPECT_EQ(0x42, *(uint64_t *)value);
	EXPECT_EQ(0, gdb_register_size(true, 1000));
}

TEST_F(cpu, every_register_can_be_set_but_selectors)
{
	uint8_t value[GDB_REGISTER_MAX], now[GDB_REGISTER_MAX];

	for (int wide = 0; wide < 2; wide++) {
		self->cpu.wide = wide;
		for (unsigned int i = 0; i < gdb_register_count(wide); i++) {
			unsigned int size = gdb_register_size(wide, i);
			int group;

			ASSERT_GE(GDB_REGISTER_MAX, size);
			gdb_register_get(&self->cpu, i, value);
			EXPECT_EQ(0, gdb_register_set(&self->cpu, i, value));
			value[0] ^= 3;	/* of tags, only empty or not is kept */
			group = gdb_register_set(&self->cpu, i, value);
			if (group < 0)
				continue;
			EXPECT_EQ(group, group & GDB_GROUPS);
			gdb_register_get(&self->cpu, i, now);
			EXPECT_EQ(value[0], now[0]) {
				TH_LOG("register %u of %d", i, wide);
			}
		}
	}
}

TEST_F(cpu, selectors_are_refused)
{
	uint8_t value[GDB_REGISTER_MAX] = { 8 };

	EXPECT_EQ(-1, gdb_register_set(&self->cpu, 18, value));		/* cs */
	EXPECT_EQ(0, self->cpu.state.segments.cs.selector);
}

/* A component that the area does not have is as after reset. */
TEST_F(cpu, x87_that_is_not_there_is_initial)
{
	uint8_t value[GDB_REGISTER_MAX];

	memset(self->cpu.xsave, 0x55, 512);
	gdb_register_get(&self->cpu, 32, value);	/* fctrl */
	EXPECT_EQ(0x37f, *(uint32_t *)value);
	gdb_register_get(&self->cpu, 34, value);	/* ftag: all empty */
	EXPECT_EQ(0xffff, *(uint32_t *)value);
	gdb_register_get(&self->cpu, 40, value);	/* xmm0 */
	EXPECT_EQ(0, *(uint64_t *)value);
	value[0] = 1;
	EXPECT_EQ(POSADA_STATE_XSAVE, gdb_register_set(&self->cpu, 40, value));
	EXPECT_EQ(2, self->cpu.xsave[512]);
	gdb_register_get(&self->cpu, 41, value);
	EXPECT_EQ(0, *(uint64_t *)value);
}

TEST(the_description_has_every_register)
{
	for (int wide = 0; wide < 2; wide++) {
		char *xml = gdb_target_xml(wide), *at = xml;
		unsigned int nr = 0;

		ASSERT_NE(NULL, xml);
		while ((at = strstr(at, "<reg "))) {
			at++;
			nr++;
		}
		EXPECT_EQ(gdb_register_count(wide), nr);
		EXPECT_NE(NULL, strstr(xml, wide ? "i386:x86-64" : ">i386<"));
		free(xml);
	}
}

/* ---- memory and breakpoints ------------------------------------------------------------ */

FIXTURE(ram) {
	struct guest_memory ram;
	struct posada_control control;
	struct gdb_memory memory;
	struct gdb_breaks *breaks;
	uint8_t *bytes;
};

/* Four-level tables at 1000h..4fffh: linear 400000h and 401000h are 6000h and 7000h. */
FIXTURE_SETUP(ram)
{
	uint64_t *tables;

	self->bytes = calloc(1, 0x10000);
	self->breaks = calloc(1, sizeof(*self->breaks));
	ASSERT_EQ(0, guest_memory_add(&self->ram, 0, 0x10000, self->bytes));
	self->memory = (struct gdb_memory){ .ram = &self->ram, .control = &self->control };
	tables = (uint64_t *)self->bytes;
	tables[0x1000 / 8] = 0x2000 | 3;
	tables[0x2000 / 8] = 0x3000 | 3;
	tables[0x3000 / 8 + 2] = 0x4000 | 3;
	tables[0x4000 / 8] = 0x6000 | 1;	/* read only */
	tables[0x4000 / 8 + 1] = 0x7000 | 1;
	tables[0x4000 / 8 + 2] = 0x6000 | 3;	/* another name of the first */
}

FIXTURE_TEARDOWN(ram)
{
	free(self->bytes);
	free(self->breaks);
}

#define FIXTURE_PAGING(self) ((self)->control = (struct posada_control){	\
	.cr0 = 0x80010001, .cr3 = 0x1000, .cr4 = 0x20, .efer = 0x500 })

TEST_F(ram, a_debugger_writes_where_the_guest_may_not)
{
	uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, back[8] = { 0 };

	FIXTURE_PAGING(self);
	EXPECT_TRUE(gdb_write_memory(&self->memory, 0x400ffc, bytes, 8));
	EXPECT_EQ(4, self->bytes[0x6fff]);
	EXPECT_EQ(5, self->bytes[0x7000]);
	EXPECT_EQ(8, gdb_read_memory(&self->memory, 0x400ffc, back, 8));
	EXPECT_EQ(0, memcmp(bytes, back, 8));
	EXPECT_EQ(1, *(uint64_t *)(self->bytes + 0x4000) & 0xfff);	/* A and D are the guest's */
}

TEST_F(ram, what_is_not_mapped_is_not_there)
{
	uint8_t bytes[8] = { 0 };
	uint64_t gpa;

	FIXTURE_PAGING(self);
	EXPECT_EQ(4, gdb_read_memory(&self->memory, 0x402ffc, bytes, 8));
	EXPECT_EQ(0, gdb_read_memory(&self->memory, 0x500000, bytes, 8));
	EXPECT_EQ(0, gdb_read_memory(&self->memory, 0x8000000000000000, bytes, 8));
	EXPECT_FALSE(gdb_write_memory(&self->memory, 0x402ffc, bytes, 8));
	EXPECT_FALSE(gdb_translate(&self->memory, 0x500000, &gpa));
	self->memory.physical = true;
	EXPECT_EQ(8, gdb_read_memory(&self->memory, 0x7000, bytes, 8));
	EXPECT_EQ(0, gdb_read_memory(&self->memory, 0x10000, bytes, 8));
	EXPECT_EQ(0, gdb_read_memory(&self->memory, ~0ULL, bytes, 8));
}

TEST_F(ram, a_debugger_does_not_see_its_int3s)
{
	uint8_t bytes[4];

	self->bytes[0x6001] = 0x90;
	self->bytes[0x6002] = 0xcc;	/* the guest's own */
	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT, 0x6001, 1));
	EXPECT_EQ(0xcc, self->bytes[0x6001]);
	EXPECT_TRUE(gdb_break_at(self->breaks, 0x6001));
	EXPECT_FALSE(gdb_break_at(self->breaks, 0x6002));
	EXPECT_EQ(4, gdb_break_read(self->breaks, &self->memory, 0x6000, bytes, 4));
	EXPECT_EQ(0x90, bytes[1]);
	EXPECT_EQ(0xcc, bytes[2]);
	EXPECT_EQ(0, gdb_break_remove(self->breaks, &self->ram, GDB_BREAK_SOFT, 0x6001, 1));
	EXPECT_EQ(0x90, self->bytes[0x6001]);
}

TEST_F(ram, writing_over_an_int3_writes_under_it)
{
	const uint8_t bytes[3] = { 1, 2, 3 };

	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT, 0x6001, 1));
	EXPECT_TRUE(gdb_break_write(self->breaks, &self->memory, 0x6000, bytes, 3));
	EXPECT_EQ(0xcc, self->bytes[0x6001]);
	gdb_break_clear(self->breaks, &self->ram);
	EXPECT_EQ(0, memcmp(bytes, self->bytes + 0x6000, 3));
}

TEST_F(ram, two_names_of_one_place)
{
	FIXTURE_PAGING(self);
	self->bytes[0x6000] = 0x90;
	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT, 0x400000, 1));
	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT, 0x402000, 1));
	EXPECT_EQ(0, gdb_break_remove(self->breaks, &self->ram, GDB_BREAK_SOFT, 0x400000, 1));
	EXPECT_EQ(0xcc, self->bytes[0x6000]);
	EXPECT_EQ(0, gdb_break_remove(self->breaks, &self->ram, GDB_BREAK_SOFT, 0x402000, 1));
	EXPECT_EQ(0x90, self->bytes[0x6000]);
}

TEST_F(ram, what_the_guest_wrote_over_an_int3_stays)
{
	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT, 0x6000, 1));
	self->bytes[0x6000] = 0x55;
	gdb_break_clear(self->breaks, &self->ram);
	EXPECT_EQ(0x55, self->bytes[0x6000]);
}

TEST_F(ram, int3s_run_out)
{
	for (int i = 0; i < GDB_SOFT; i++)
		ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT,
					      0x8000 + i, 1));
	EXPECT_EQ(ENOSPC, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT, 0x9000, 1));
	EXPECT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT, 0x8000, 1));
	EXPECT_EQ(EFAULT, (gdb_break_clear(self->breaks, &self->ram),
			   gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_SOFT,
					    0x20000, 1)));
}

/* SDM 3B 18.2.4 and 18.2.5 */
TEST_F(ram, debug_registers_as_the_cpu_has_them)
{
	__u64 dr[4];

	EXPECT_EQ(0, gdb_break_dr7(self->breaks, dr));
	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_BREAK_HARD, 0x123, 4));
	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_WRITE, 0x1000, 8));
	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_ACCESS, 0x2004, 4));
	EXPECT_EQ(0xf900415, gdb_break_dr7(self->breaks, dr));
	EXPECT_EQ(0x123, dr[0]);
	EXPECT_EQ(0x1000, dr[1]);
	EXPECT_EQ(0x2004, dr[2]);
}

TEST_F(ram, a_crooked_watchpoint_takes_several_or_none)
{
	__u64 dr[4];

	ASSERT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_WRITE, 0x1003, 6));
	gdb_break_dr7(self->breaks, dr);
	EXPECT_EQ(0x1003, dr[0]);	/* 1 byte, 4, 1 */
	EXPECT_EQ(0x1004, dr[1]);
	EXPECT_EQ(0x1008, dr[2]);
	EXPECT_EQ(ENOSPC, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_WRITE, 0x2001, 2));
	EXPECT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_WRITE, 0x2002, 2));
	EXPECT_EQ(0, gdb_break_remove(self->breaks, &self->ram, GDB_WATCH_WRITE, 0x1003, 6));
	EXPECT_EQ(0, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_WRITE, 0x3001, 2));
	EXPECT_EQ(EINVAL, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_WRITE, 0, 0));
	EXPECT_EQ(EINVAL, gdb_break_insert(self->breaks, &self->memory, GDB_WATCH_WRITE, 0, 33));
}

/* ---- steps that TF does not take ------------------------------------------------------- */

struct step {
	const char *bytes;
	size_t len;
	bool is;
	uint64_t target;
};

#define BYTES(text) text, sizeof(text) - 1

/* 64-bit code at 8000h, stack at 9000h, IDT at A000h. */
static void long_mode(struct guest_memory *ram, uint8_t *bytes, struct posada_state *state)
{
	guest_memory_add(ram, 0, 0x10000, bytes);
	*state = (struct posada_state){
		.regs = { .rip = 0x8000, .gpr[POSADA_RSP] = 0x9000, .gpr[POSADA_RCX] = 0x1234567890 },
		.segments = { .cs.access = 0xa09b, .ss.access = 0xc093,
			      .idtr = { .base = 0xa000, .limit = 0xfef } },
		.control = { .cr0 = 1, .efer = 0x501 },
	};
	/* gate 80h: DPL 3, FFFFFFFF81234567h; no gate FFh; gate 0Dh: 1000h */
	*(uint64_t *)(bytes + 0xa800) = 0x8123ee0000104567;
	*(uint64_t *)(bytes + 0xa808) = 0xffffffff;
	*(uint64_t *)(bytes + 0xa0d0) = 0x00008e0000101000;
	*(uint64_t *)(bytes + 0x9000) = 0xffffffff81aabbcc;
	*(uint64_t *)(bytes + 0x9008) = 0x10;
}

TEST(where_instructions_lead_that_tf_does_not_step)
{
	static const struct step steps[] = {
		{ BYTES("\x90\x90"), false, 0 },
		{ BYTES("\x9c\x90"), true, 0x8001 },
		{ BYTES("\x66\x9d\x90"), true, 0x8002 },
		{ BYTES("\xcd\x80"), true, 0xffffffff81234567 },
		{ BYTES("\xcd\xff"), true, 0x1000 },	/* not there: #GP */
		{ BYTES("\x48\xcf"), true, 0xffffffff81aabbcc },
		{ BYTES("\xcf\x90"), true, 0x81aabbcc },
		{ BYTES("\x0f\x05"), true, 0xffffffff81abcdef },
		{ BYTES("\x48\x0f\x07"), true, 0x1234567890 },
		{ BYTES("\x0f\x07"), true, 0x34567890 },
		{ BYTES("\x0f\x34"), false, 0 },
		{ BYTES("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"), false, 0 },
	};
	struct guest_memory ram = { 0 };
	uint8_t *bytes = calloc(1, 0x10000);
	struct posada_state state;
	struct gdb_memory memory = { .ram = &ram, .control = &state.control };
	uint64_t target;

	long_mode(&ram, bytes, &state);
	for (size_t i = 0; i < ARRAY(steps); i++) {
		memcpy(bytes + 0x8000, steps[i].bytes, steps[i].len);
		target = 0;
		EXPECT_EQ(steps[i].is,
			  gdb_step_target(&memory, &state, 0xffffffff81abcdef, &target)) {
			TH_LOG("number %zu", i);
		}
		if (steps[i].is)
			EXPECT_EQ(steps[i].target, target) {
				TH_LOG("number %zu", i);
			}
	}
	/* At the very end of memory, and where there is none. */
	state.regs.rip = 0xffff;
	EXPECT_FALSE(gdb_step_target(&memory, &state, 0, &target));
	state.regs.rip = 0x10000;
	EXPECT_FALSE(gdb_step_target(&memory, &state, 0, &target));
	free(bytes);
}

/* DPL 0 of gate 80h is less than the privilege level: #GP instead. */
TEST(a_gate_that_may_not_be_used)
{
	struct guest_memory ram = { 0 };
	uint8_t *bytes = calloc(1, 0x10000);
	struct posada_state state;
	struct gdb_memory memory = { .ram = &ram, .control = &state.control };
	uint64_t target;

	long_mode(&ram, bytes, &state);
	state.segments.ss.access = 0xc0f3;
	memcpy(bytes + 0x8000, "\xcd\x80", 2);
	EXPECT_TRUE(gdb_step_target(&memory, &state, 0, &target));
	EXPECT_EQ(0xffffffff81234567, target);
	bytes[0xa805] &= ~0x60;
	EXPECT_TRUE(gdb_step_target(&memory, &state, 0, &target));
	EXPECT_EQ(0x1000, target);
	free(bytes);
}

TEST(int_and_iret_in_real_mode)
{
	struct guest_memory ram = { 0 };
	uint8_t *bytes = calloc(1, 0x10000);
	struct posada_state state = {
		.regs = { .rip = 0x10, .gpr[POSADA_RSP] = 0x100 },
		.segments = { .cs.base = 0x800, .ss.base = 0x900, .idtr.limit = 0x3ff },
	};
	struct gdb_memory memory = { .ram = &ram, .control = &state.control };
	uint64_t target;

	guest_memory_add(&ram, 0, 0x10000, bytes);
	memcpy(bytes + 0x40, "\x34\x12\x00\xf0", 4);
	memcpy(bytes + 0x810, "\xcd\x10", 2);
	EXPECT_TRUE(gdb_step_target(&memory, &state, 0, &target));
	EXPECT_EQ(0xf1234, target);
	memcpy(bytes + 0x810, "\xcf\x90", 2);
	memcpy(bytes + 0xa00, "\x78\x56\x00\x02", 4);
	EXPECT_TRUE(gdb_step_target(&memory, &state, 0, &target));
	EXPECT_EQ(0x7678, target);
	memcpy(bytes + 0x810, "\x9c\x90", 2);
	EXPECT_TRUE(gdb_step_target(&memory, &state, 0, &target));
	EXPECT_EQ(0x811, target);
	free(bytes);
}

/* ---- flags by name ------------------------------------------------------------------------ */

TEST(flags_have_names)
{
	static const struct {
		enum flag_register which;
		uint64_t value;
		const char *text;
	} rows[] = {
		{ FLAG_RFLAGS, 0x2, "" },
		{ FLAG_RFLAGS, 0x3246, "PF ZF IF IOPL=3" },
		{ FLAG_RFLAGS, 0x8000, "15" },
		{ FLAG_CR0, 0x80050033, "PE MP ET NE WP AM PG" },
		{ FLAG_CR4, 0x3506f0, "PSE PAE MCE PGE OSFXSR OSXMMEXCPT FSGSBASE OSXSAVE SMEP SMAP" },
		{ FLAG_EFER, 0xd01, "SCE LME LMA NXE" },
		{ FLAG_XCR0, 7, "x87 SSE AVX" },
		{ FLAG_DR6, 0xffff4ff1, "B0 BS" },
		{ FLAG_DR7, 0xd0404, "L1" },
		{ FLAG_CR4, 1ULL << 63, "63" },
	};
	char text[256];

	for (size_t i = 0; i < ARRAY(rows); i++) {
		flag_text(rows[i].which, rows[i].value, text, sizeof(text));
		EXPECT_STREQ(rows[i].text, text);
	}
	flag_text(FLAG_CR4, ~0ULL, text, 8);
	EXPECT_EQ(7, strlen(text));
}

TEST_HARNESS_MAIN
