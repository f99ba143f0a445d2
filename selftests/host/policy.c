// SPDX-License-Identifier: GPL-2.0
/*
 * Is a row of the trap policy read as it is meant, written back as it was read,
 * and refused with the right words where it is wrong?
 */
#include <kselftest_harness.h>

#include "policies.h"
#include "policy.h"

#define R  POSADA_TRAP_READ
#define W  POSADA_TRAP_WRITE
#define RW (R | W)
#define NR(array) (sizeof(array) / sizeof((array)[0]))

static const char *text_of(const struct posada_trap *trap)
{
	static char text[POLICY_TEXT];

	return policy_print_row(trap, text);
}

/* ---- what is right ------------------------------------------------------------------ */

static const struct {
	const char *text;
	struct posada_trap row;
	const char *printed; /* NULL: as it was */
} good[] = {
	{ "msr:r=0x1b:ignore=0xfee00900",
	  { POSADA_TRAP_MSR, R, POSADA_IGNORE, 0, 0x1b, 0x1b, 0xfee00900, 0 }, NULL },
	{ "msr=27:ignore=4276095232",
	  { POSADA_TRAP_MSR, RW, POSADA_IGNORE, 0, 0x1b, 0x1b, 0xfee00900, 0 },
	  "msr=0x1b:ignore=0xfee00900" },
	{ "io=0x80:ignore=0xff", { POSADA_TRAP_IO, RW, POSADA_IGNORE, 0, 0x80, 0x80, 0xff, 0 },
	  NULL },
	{ "io:w=0x80-0x8f:terminate",
	  { POSADA_TRAP_IO, W, POSADA_TERMINATE, 0, 0x80, 0x8f, 0, 0 }, NULL },
	{ "io:rw=0-65535:user", { POSADA_TRAP_IO, RW, POSADA_USER, 0, 0, 0xffff, 0, 0 },
	  "io:user" },
	{ "io:w:ignore", { POSADA_TRAP_IO, W, POSADA_IGNORE, 0, 0, 0xffff, 0, 0 }, NULL },
	{ "io:r=0x80:ignore=0", { POSADA_TRAP_IO, R, POSADA_IGNORE, 0, 0x80, 0x80, 0, 0 },
	  "io:r=0x80:ignore" },
	{ "io=0:user", { POSADA_TRAP_IO, RW, POSADA_USER, 0, 0, 0, 0, 0 }, NULL },
	{ "msr:terminate", { POSADA_TRAP_MSR, RW, POSADA_TERMINATE, 0, 0, ~0U, 0, 0 }, NULL },
	{ "msr=0xc0000100-0xc0000102:native",
	  { POSADA_TRAP_MSR, RW, POSADA_NATIVE, 0, 0xc0000100, 0xc0000102, 0, 0 }, NULL },
	{ "msr:r=0xffffffff:ignore=0xffffffffffffffff",
	  { POSADA_TRAP_MSR, R, POSADA_IGNORE, 0, ~0U, ~0U, ~0ULL, 0 }, NULL },
	{ "cpuid=0x40000000-0x4fffffff:ignore",
	  { POSADA_TRAP_CPUID, 0, POSADA_IGNORE, 0, 0x40000000, 0x4fffffff, 0, 0 }, NULL },
	{ "cr:w=3:user", { POSADA_TRAP_CR, W, POSADA_USER, 0, 3, 3, 0, 0 }, NULL },
	{ "cr:emulate", { POSADA_TRAP_CR, RW, POSADA_EMULATE, 0, 0, 8, 0, 0 }, NULL },
	{ "cr:r=8:ignore=15", { POSADA_TRAP_CR, R, POSADA_IGNORE, 0, 8, 8, 15, 0 },
	  "cr:r=8:ignore=0xf" },
	{ "dr=4-5:fault=#ud", { POSADA_TRAP_DR, RW, POSADA_FAULT, 0, 4, 5, 6, 0 }, NULL },
	{ "exception=14:user", { POSADA_TRAP_EXCEPTION, 0, POSADA_USER, 0, 14, 14, 0, 0 }, NULL },
	{ "exception:native", { POSADA_TRAP_EXCEPTION, 0, POSADA_NATIVE, 0, 0, 31, 0, 0 }, NULL },
	{ "vmcall:fault=#gp", { POSADA_TRAP_VMCALL, 0, POSADA_FAULT, 0, 0, 0, 13, 0 }, NULL },
	{ "vmcall:ignore=0xfffffffffffffc18",
	  { POSADA_TRAP_VMCALL, 0, POSADA_IGNORE, 0, 0, 0, -1000ULL, 0 }, NULL },
	{ "hlt:user", { POSADA_TRAP_HLT, 0, POSADA_USER, 0, 0, 0, 0, 0 }, NULL },
	{ "pause:native", { POSADA_TRAP_PAUSE, 0, POSADA_NATIVE, 0, 0, 0, 0, 0 }, NULL },
	{ "rdtsc:ignore=0x1234", { POSADA_TRAP_RDTSC, 0, POSADA_IGNORE, 0, 0, 0, 0x1234, 0 },
	  NULL },
	{ "rdpmc:emulate", { POSADA_TRAP_RDPMC, 0, POSADA_EMULATE, 0, 0, 0, 0, 0 }, NULL },
	{ "rdrand:ignore=7", { POSADA_TRAP_RDRAND, 0, POSADA_IGNORE, 0, 0, 0, 7, 0 },
	  "rdrand:ignore=0x7" },
	{ "rdseed:fault=#ud", { POSADA_TRAP_RDSEED, 0, POSADA_FAULT, 0, 0, 0, 6, 0 }, NULL },
	{ "invlpg:user", { POSADA_TRAP_INVLPG, 0, POSADA_USER, 0, 0, 0, 0, 0 }, NULL },
	{ "wbinvd:ignore", { POSADA_TRAP_WBINVD, 0, POSADA_IGNORE, 0, 0, 0, 0, 0 }, NULL },
	{ "monitor:ignore", { POSADA_TRAP_MONITOR, 0, POSADA_IGNORE, 0, 0, 0, 0, 0 }, NULL },
	{ "mwait:terminate", { POSADA_TRAP_MWAIT, 0, POSADA_TERMINATE, 0, 0, 0, 0, 0 }, NULL },
	{ "tables:user", { POSADA_TRAP_TABLES, 0, POSADA_USER, 0, 0, 0, 0, 0 }, NULL },
	{ "xsetbv:terminate", { POSADA_TRAP_XSETBV, 0, POSADA_TERMINATE, 0, 0, 0, 0, 0 }, NULL },
};

TEST(a_row_is_read_as_it_is_meant)
{
	for (size_t i = 0; i < NR(good); i++) {
		char error[POLICY_ERROR] = "";
		struct posada_trap row;

		memset(&row, 0xff, sizeof(row));
		ASSERT_EQ(0, policy_parse_row(good[i].text, &row, error))
			TH_LOG("%s: %s", good[i].text, error);
		EXPECT_EQ(0, memcmp(&good[i].row, &row, sizeof(row)))
			TH_LOG("%s became %s", good[i].text, text_of(&row));
	}
}

TEST(a_row_is_written_in_one_way)
{
	for (size_t i = 0; i < NR(good); i++)
		EXPECT_STREQ(good[i].printed ? good[i].printed : good[i].text,
			     text_of(&good[i].row));
}

/* ---- back and forth ------------------------------------------------------------------- */

static uint64_t random_bits(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* A random number, as often at an end of its range as not. */
static uint32_t below(uint32_t max)
{
	uint64_t bits = random_bits();

	return bits & 1 ? (bits & 2 ? max : 0) : (bits >> 8) % ((uint64_t)max + 1);
}

static struct posada_trap random_row(void)
{
	static const uint32_t crs[] = { 0, 3, 4, 8 };
	static const uint32_t max[] = { ~0U, 0xffff, ~0U, 3, 7, 31 };
	struct posada_trap row = { .what = random_bits() % POSADA_TRAP_KINDS };
	uint32_t a, b;

	if (row.what < NR(max)) {
		a = below(max[row.what]);
		b = below(max[row.what]);
		if (row.what == POSADA_TRAP_CR) {
			a = crs[a];
			b = crs[b];
		}
		row.first = a < b ? a : b;
		row.last = a < b ? b : a;
		if (row.what == POSADA_TRAP_EXCEPTION && row.first == 2 && row.last == 2)
			row.last = 3;
	}
	if (row.what >= POSADA_TRAP_IO && row.what <= POSADA_TRAP_DR)
		row.access = 1 + random_bits() % 3;
	row.disposition = random_bits() % POSADA_DISPOSITIONS;
	if (row.disposition == POSADA_FAULT)
		row.value = random_bits() & 1 ? 6 : 13;
	if (row.disposition == POSADA_IGNORE && (row.access & R || row.what == POSADA_TRAP_RDTSC))
		row.value = random_bits() >> random_bits() % 64;
	return row;
}

TEST(any_row_survives_being_written_and_read)
{
	for (int i = 0; i < 200000; i++) {
		struct posada_trap row = random_row(), again;
		char error[POLICY_ERROR] = "";

		ASSERT_EQ(0, policy_parse_row(text_of(&row), &again, error))
			TH_LOG("%s: %s", text_of(&row), error);
		ASSERT_EQ(0, memcmp(&row, &again, sizeof(row))) TH_LOG("%s", text_of(&row));
	}
}

/* What a newer module might have, and what no module would. */
TEST(a_row_that_cannot_be_is_written_all_the_same)
{
	struct posada_trap row = { .what = 99, .disposition = 99, .access = 9, .value = ~0ULL };

	EXPECT_STREQ("?:?=0xffffffffffffffff", text_of(&row));
	for (int i = 0; i < 100000; i++) {
		uint64_t *words = (uint64_t *)&row;

		for (size_t j = 0; j < sizeof(row) / sizeof(*words); j++)
			words[j] = random_bits() >> random_bits() % 64;
		row.what %= POSADA_TRAP_KINDS + 2;
		row.disposition %= POSADA_DISPOSITIONS + 2;
		ASSERT_GT(POLICY_TEXT, strlen(text_of(&row)));
	}
}

TEST(names_lead_back_to_what_they_name)
{
	for (int i = 0; i < POSADA_TRAP_KINDS; i++)
		EXPECT_EQ(i, policy_kind_find(policy_kind_name(i)));
	for (int i = 0; i < POSADA_DISPOSITIONS; i++)
		EXPECT_EQ(i, policy_disposition_find(policy_disposition_name(i)));
	EXPECT_EQ(-1, policy_kind_find("rdmsr"));
	EXPECT_EQ(-1, policy_kind_find(""));
	EXPECT_EQ(-1, policy_disposition_find("Native"));
	EXPECT_STREQ("?", policy_kind_name(POSADA_TRAP_KINDS));
	EXPECT_STREQ("?", policy_disposition_name(POSADA_DISPOSITIONS));
}

/* ---- what is wrong ----------------------------------------------------------------------- */

/* Each complaint holds these words. */
static const struct {
	const char *text;
	const char *says;
} bad[] = {
	{ "", "'' is no kind: say cpuid, io, msr" },
	{ "rdmsr=0x1b:user", "'rdmsr' is no kind" },
	{ "MSR=0x1b:user", "'MSR' is no kind" },
	{ "msr", "it ends before it says what happens: add ':' and one of native" },
	{ "msr=0x1b", "it ends before it says what happens" },
	{ "msr:r", "it ends before it says what happens" },
	{ "msr:r=0x1b", "it ends before it says what happens" },
	{ "msr=0x1b:", "'' is no disposition: say native, emulate" },
	{ "msr=0x1b:allow", "'allow' is no disposition" },
	{ "msr=0x1b:r:user", "'r' is no disposition" },
	{ "msr:x=0x1b:user", "'x' is no access (r, w or rw) and no disposition" },
	{ "hlt:x", "'x' is no access (here is none) and no disposition" },
	{ "msr:wr=0x1b:user", "'wr' is no access" },
	{ "msr::user", "'' is no access" },
	{ "cpuid:r=1:user", "'cpuid' has no direction: leave out ':r'" },
	{ "exception:w=14:user", "'exception' has no direction" },
	{ "hlt:rw:user", "'hlt' has no direction: leave out ':rw'" },
	{ "hlt=0:user", "'hlt' has no range: leave out '=0'" },
	{ "vmcall=1-2:user", "'vmcall' has no range: leave out '=1-2'" },
	{ "io=:user", "'' is no port: say 0 to 0xffff" },
	{ "io=0x10000:user", "'0x10000' is no port: say 0 to 0xffff, or two such as 0-0xffff" },
	{ "io=80h:user", "'80h' is no port" },
	{ "io=-1:user", "'-1' is no port" },
	{ "io=+1:user", "'+1' is no port" },
	{ "io=0x:user", "'0x' is no port" },
	{ "io=0x-1:user", "'0x-1' is no port" },
	{ "io=0x0x1:user", "'0x0x1' is no port" },
	{ "io=1-:user", "'1-' is no port" },
	{ "io=1-2-3:user", "'1-2-3' is no port" },
	{ "io=1,2:user", "'1,2' is no port" },
	{ "io=0x8f-0x80:user", "'0x8f-0x80' is upside down: say '0x80-0x8f'" },
	{ "msr=0x100000000:user", "'0x100000000' is no MSR: say 0 to 0xffffffff" },
	{ "msr=99999999999999999999:user", "is no MSR" },
	{ "msr=00000000000000000000000000000000000000000000000000000000000001:user", "is no MSR" },
	{ "cpuid=0x100000000:user", "'0x100000000' is no leaf" },
	{ "cr=1:user", "'1' is no control register: say 0, 3, 4 or 8, or 0-8" },
	{ "cr=2:user", "'2' is no control register" },
	{ "cr=9:user", "'9' is no control register: say 0 to 8" },
	{ "cr=3-5:user", "'3-5' is no control register" },
	{ "dr=8:user", "'8' is no debug register: say 0 to 7, or two such as 0-7" },
	{ "exception=32:user", "'32' is no vector: say 0 to 31" },
	{ "exception=2:user", "vector 2 is the NMI" },
	{ "io=0x80:native=1", "'native' takes no value: leave out '=1'" },
	{ "io=0x80:emulate=", "'emulate' takes no value" },
	{ "io=0x80:user=1", "'user' takes no value" },
	{ "io=0x80:terminate=1", "'terminate' takes no value" },
	{ "io=0x80:ignore=", "'' is no value: say a number such as 0xff" },
	{ "io=0x80:ignore=x", "'x' is no value" },
	{ "io=0x80:ignore=0x10000000000000000", "is no value" },
	{ "io=0x80:ignore=1:2", "'1:2' is no value" },
	{ "io:w=0x80:ignore=1", "a write gives the guest no value: say 'ignore' alone" },
	{ "cpuid=1:ignore=1", "'cpuid' gives the guest no value: say 'ignore' alone" },
	{ "hlt:ignore=1", "'hlt' gives the guest no value" },
	{ "hlt:fault", "which fault? Say fault=#ud or fault=#gp" },
	{ "hlt:fault=", "'' is no fault" },
	{ "hlt:fault=6", "'6' is no fault: say fault=#ud or fault=#gp" },
	{ "hlt:fault=#pf", "'#pf' is no fault" },
	{ "hlt:fault=#UD", "'#UD' is no fault" },
	{ "hlt:user:user", "':user' is too much" },
	{ "hlt: user", "a row has no blanks in it" },
	{ "msr = 1:user", "a row has no blanks in it" },
};

TEST(a_wrong_row_is_refused_in_words)
{
	for (size_t i = 0; i < NR(bad); i++) {
		char error[POLICY_ERROR] = "";
		struct posada_trap row;

		EXPECT_EQ(-1, policy_parse_row(bad[i].text, &row, error))
			TH_LOG("'%s' was read as %s", bad[i].text, text_of(&row));
		EXPECT_NE(NULL, strstr(error, bad[i].says))
			TH_LOG("'%s': %s", bad[i].text, error);
	}
}

/* Any text, also one that never ends, in a buffer of just its size. */
TEST(no_text_is_too_strange)
{
	static const char letters[] = "msrio:=-0x123456789abcdefwhltfau#d \xff\t";

	for (int i = 0; i < 200000; i++) {
		size_t len = random_bits() % 24;
		char *text = malloc(len + 1), error[POLICY_ERROR], again[POLICY_ERROR];
		struct posada_trap row, same;

		for (size_t j = 0; j < len; j++)
			text[j] = letters[random_bits() % (sizeof(letters) - 1)];
		text[len] = '\0';
		if (!policy_parse_row(text, &row, error)) {
			ASSERT_EQ(0, policy_parse_row(text_of(&row), &same, again));
			ASSERT_EQ(0, memcmp(&row, &same, sizeof(row)));
		}
		free(text);
	}
}

/* Good rows with one character gone, doubled or changed. */
TEST(a_slip_of_the_pen_is_read_or_refused)
{
	for (size_t i = 0; i < NR(good); i++) {
		size_t len = strlen(good[i].text);

		for (size_t at = 0; at < len; at++) {
			for (int c = 0; c < 256; c++) {
				char *text = strdup(good[i].text), error[POLICY_ERROR] = "";
				struct posada_trap row;

				text[at] = c;
				if (policy_parse_row(text, &row, error))
					ASSERT_NE('\0', *error);
				free(text);
			}
		}
	}
}

/* ---- files ---------------------------------------------------------------------------------- */

FIXTURE(file) {
	struct policy policy;
	char error[POLICY_ERROR];
};

FIXTURE_SETUP(file)
{
}

FIXTURE_TEARDOWN(file)
{
}

TEST_F(file, has_rows_comments_and_empty_lines)
{
	static const char text[] = "# what this is about\n"
				   "\n"
				   "  msr:r=0x1b:ignore=0xfee00900   # the APIC\n"
				   "\t# more\r\n"
				   "hlt:fault=#ud\r\n"
				   "vmcall:fault=#gp # of all\n"
				   "io:user";
	char at[64];

	ASSERT_EQ(0, policy_parse(&self->policy, text, "a.policy", self->error))
		TH_LOG("%s", self->error);
	ASSERT_EQ(4, self->policy.nr);
	EXPECT_STREQ("msr:r=0x1b:ignore=0xfee00900", text_of(&self->policy.trap[0]));
	EXPECT_STREQ("hlt:fault=#ud", text_of(&self->policy.trap[1]));
	EXPECT_STREQ("vmcall:fault=#gp", text_of(&self->policy.trap[2]));
	EXPECT_STREQ("io:user", text_of(&self->policy.trap[3]));
	EXPECT_STREQ("a.policy:3", policy_origin(&self->policy, 0, at, sizeof(at)));
	EXPECT_STREQ("a.policy:7", policy_origin(&self->policy, 3, at, sizeof(at)));
}

TEST_F(file, may_be_empty)
{
	EXPECT_EQ(0, policy_parse(&self->policy, "", "a", self->error));
	EXPECT_EQ(0, policy_parse(&self->policy, "\n\n# no more\n#", "a", self->error));
	EXPECT_EQ(0, self->policy.nr);
}

TEST_F(file, tells_the_line_of_a_mistake)
{
	EXPECT_EQ(-1, policy_parse(&self->policy, "hlt:user\n\nhlt:usr\n", "a/b.policy",
				   self->error));
	EXPECT_EQ(&self->error[0], strstr(self->error, "a/b.policy:3: 'usr' is no access"))
		TH_LOG("%s", self->error);
}

TEST_F(file, is_no_place_for_two_rows_in_a_line)
{
	EXPECT_EQ(-1, policy_parse(&self->policy, "hlt:user pause:user", "a", self->error));
	EXPECT_STREQ("a:1: a row has no blanks in it: write it in one piece", self->error);
}

TEST_F(file, of_something_else_is_told)
{
	char text[4096];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	EXPECT_EQ(-1, policy_parse(&self->policy, text, "vmlinuz", self->error));
	EXPECT_STREQ("vmlinuz:1: no row is that long: is it a file of rows?", self->error);
}

TEST_F(file, has_256_rows_at_most)
{
	char text[POSADA_POLICY_MAX_TRAPS * 9 + 1] = "";

	for (int i = 0; i < POSADA_POLICY_MAX_TRAPS; i++)
		strcat(text, "hlt:user\n");
	EXPECT_EQ(0, policy_parse(&self->policy, text, "a", self->error));
	EXPECT_EQ(-1, policy_add(&self->policy, "hlt:user", "--trap", 0, self->error));
	EXPECT_STREQ("--trap: a policy has 256 rows at most: one can be for a whole range",
		     self->error);
	EXPECT_EQ(POSADA_POLICY_MAX_TRAPS, self->policy.nr);
}

TEST_F(file, comes_behind_single_rows)
{
	char at[64];

	ASSERT_EQ(0, policy_add(&self->policy, "io=0x80:terminate", "--trap", 0, self->error));
	ASSERT_EQ(0, policy_parse(&self->policy, "io:user\n", "a", self->error));
	EXPECT_STREQ("--trap", policy_origin(&self->policy, 0, at, sizeof(at)));
	EXPECT_STREQ("a:1", policy_origin(&self->policy, 1, at, sizeof(at)));
	EXPECT_EQ(-1, policy_add(&self->policy, "io=0x80", "--trap", 0, self->error));
	EXPECT_EQ(&self->error[0], strstr(self->error, "--trap: it ends before"));
}

TEST_F(file, of_each_preset_is_right_and_written_as_it_would_be)
{
	static const char *const names[] = { "pc", "strict", "kvm" };

	for (size_t i = 0; i < NR(names); i++) {
		const char *text = preset_find(names[i]);

		self->policy.nr = 0;
		ASSERT_NE(NULL, text);
		ASSERT_EQ(0, policy_parse(&self->policy, text, names[i], self->error))
			TH_LOG("%s", self->error);
		for (uint32_t j = 0; j < self->policy.nr; j++) {
			const char *row = text_of(&self->policy.trap[j]);

			EXPECT_EQ(0, strncmp(text, row, strlen(row))) TH_LOG("%s", row);
			text = strchr(text, '\n') + 1;
		}
	}
	EXPECT_EQ(NULL, preset_find("none"));
}

/* ---- words about a guest ----------------------------------------------------------------------- */

TEST(what_a_guest_did_is_told_in_words)
{
	static const struct {
		uint32_t what, access, number;
		uint64_t value;
		const char *text;
	} deeds[] = {
		{ POSADA_TRAP_MSR, R, 0x1b, 0, "the guest read MSR 0x1b" },
		{ POSADA_TRAP_MSR, W, 0xc0000080, 0x500,
		  "the guest wrote 0x500 to MSR 0xc0000080" },
		{ POSADA_TRAP_IO, R, 0x80, 0, "the guest read port 0x80" },
		{ POSADA_TRAP_IO, W, 0x80, 7, "the guest wrote 0x7 to port 0x80" },
		{ POSADA_TRAP_IO, W, 0x80, 0, "the guest wrote 0x0 to port 0x80" },
		{ POSADA_TRAP_CR, W, 3, 0x1000, "the guest wrote 0x1000 to CR3" },
		{ POSADA_TRAP_DR, R, 7, 0, "the guest read DR7" },
		{ POSADA_TRAP_CPUID, 0, 0x1, 0, "the guest executed CPUID with leaf 0x1" },
		{ POSADA_TRAP_EXCEPTION, 0, 14, 0, "the guest raised exception 14 (#PF)" },
		{ POSADA_TRAP_EXCEPTION, 0, 31, 0, "the guest raised exception 31 (reserved)" },
		{ POSADA_TRAP_HLT, 0, 0, 0, "the guest executed HLT" },
		{ POSADA_TRAP_TABLES, 0, 0, 0,
		  "the guest executed an instruction of the descriptor tables" },
		{ 99, 0, 0, 0, "the guest executed what is unknown here" },
	};
	char text[POLICY_TEXT];

	for (size_t i = 0; i < NR(deeds); i++)
		EXPECT_STREQ(deeds[i].text, policy_describe(deeds[i].what, deeds[i].access,
							    deeds[i].number, deeds[i].value, text));
	for (uint32_t i = 0; i < POSADA_TRAP_KINDS; i++)
		EXPECT_GT(POLICY_TEXT - 1, strlen(policy_describe(i, RW, ~0U, ~0ULL, text)));
}

TEST_HARNESS_MAIN
