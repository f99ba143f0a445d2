// SPDX-License-Identifier: GPL-2.0
/* Does a dump of a failed entry come back as it was, and tell the same rules? */
#include <kselftest_harness.h>

#include <errno.h>
#include <string.h>

#include "explain.h"

static FILE *file_of(const char *text)
{
	FILE *file = tmpfile();

	if (!file || fputs(text, file) < 0)
		abort();
	rewind(file);
	return file;
}

/* A CPU as it must at least be described, and a VMCS that breaks many rules. */
#define CPU				\
	"IA32_VMX_BASIC = 0xda040000000012\n"		\
	"IA32_VMX_PINBASED_CTLS = 0x7f00000016\n"	\
	"IA32_VMX_PROCBASED_CTLS = 0xfff9fffe04006172\n" \
	"IA32_VMX_EXIT_CTLS = 0x7fffff00036dfb\n"	\
	"IA32_VMX_ENTRY_CTLS = 0xffff000011fb\n"	\
	"IA32_VMX_MISC = 0x300481e5\n"			\
	"IA32_VMX_CR0_FIXED0 = 0x80000021\n"		\
	"IA32_VMX_CR0_FIXED1 = 0xffffffff\n"		\
	"IA32_VMX_CR4_FIXED0 = 0x2000\n"		\
	"IA32_VMX_CR4_FIXED1 = 0x1727ff\n"		\
	"HOST_EFER_NOW = 0xd01\n"			\
	"PHYSICAL_ADDRESS_BITS = 39\n"			\
	"LINEAR_ADDRESS_BITS = 48\n"

#define DUMP								\
	"# a comment\n\n"						\
	"INSTRUCTION_ERROR = 7\n"					\
	"QUALIFICATION=0x4   # the link pointer\n"			\
	"\tGUEST_CR0 = 0x80000031\n"					\
	"GUEST_RFLAGS =0x20002\n"					\
	"HOST_RIP = 0xffffffffc0001234\n" CPU

static int load(const char *text, struct explanation *e, char *error)
{
	FILE *file = file_of(text);
	int err = explain_load(file, e, error);

	fclose(file);
	return err;
}

static bool breaks(const struct explanation *e, const char *name)
{
	for (uint32_t i = 0; i < e->nr_rules; i++)
		if (!strcmp(explain_rule(e->rules[i].id)->name, name))
			return true;
	return false;
}

TEST(a_dump_comes_back)
{
	struct explanation e, again;
	char error[EXPLAIN_ERROR];
	FILE *file = tmpfile();

	ASSERT_EQ(0, load(DUMP, &e, error)) {
		TH_LOG("%s", error);
	}
	ASSERT_EQ(0, explain_judge(&e, error)) {
		TH_LOG("%s", error);
	}
	EXPECT_EQ(7, e.instruction_error);
	EXPECT_EQ(4, e.qualification);
	EXPECT_EQ(16, e.nr_fields);
	EXPECT_LT(5, e.nr_rules);
	EXPECT_TRUE(breaks(&e, "PIN_CONTROLS"));
	EXPECT_TRUE(breaks(&e, "HOST_CR0"));
	EXPECT_TRUE(breaks(&e, "V86_ACCESS"));
	EXPECT_FALSE(breaks(&e, "RFLAGS"));
	EXPECT_FALSE(breaks(&e, "CR0"));

	ASSERT_EQ(0, explain_save(file, &e));
	rewind(file);
	ASSERT_EQ(0, explain_load(file, &again, error));
	ASSERT_EQ(0, explain_judge(&again, error));
	EXPECT_EQ(e.instruction_error, again.instruction_error);
	EXPECT_EQ(e.qualification, again.qualification);
	ASSERT_EQ(e.nr_fields, again.nr_fields);
	EXPECT_EQ(0, memcmp(e.fields, again.fields, e.nr_fields * sizeof(*e.fields)));
	ASSERT_EQ(e.nr_rules, again.nr_rules);
	EXPECT_EQ(0, memcmp(e.rules, again.rules, e.nr_rules * sizeof(*e.rules)));
	explain_free(&again);
	explain_free(&e);
	fclose(file);
}

TEST(words_name_section_fields_and_values)
{
	char error[EXPLAIN_ERROR], text[65536] = "";
	FILE *file = tmpfile();
	struct explanation e;

	ASSERT_EQ(0, load(DUMP, &e, error));
	ASSERT_EQ(0, explain_judge(&e, error));
	explain_print(file, &e);
	rewind(file);
	EXPECT_LT(0, fread(text, 1, sizeof(text) - 1, file));
	EXPECT_NE(NULL, strstr(text, "VM-instruction error 7"));
	EXPECT_NE(NULL, strstr(text, "27.3.1.2  in virtual-8086 mode the limit"));
	EXPECT_NE(NULL, strstr(text, "PIN_BASED_VM_EXEC_CONTROL      0\n"));
	EXPECT_NE(NULL, strstr(text, "IA32_VMX_PINBASED_CTLS         0x7f00000016\n"));
	fclose(file);
	explain_free(&e);
}

TEST(what_cannot_be_read_is_told)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "GUEST_CR0 0x1\n", "line 1: it wants NAME = VALUE" },
		{ "\n\nGUEST_CR0 =\n", "line 3: it wants NAME = VALUE" },
		{ "= 5\n", "line 1: it wants" },
		{ "GUEST_CR0 = -1\n", "line 1: it wants" },
		{ "GUEST_CR0 = 0x1z\n", "line 1: it wants" },
		{ "GUEST_CR0 = 0x10000000000000000\n", "line 1: it wants" },
		{ "GUEST_CR9 = 1\n", "line 1: no field of that name" },
		{ "GUEST_CR0 = 1\nGUEST_CR0 = 1\n", "line 2: told twice" },
	};
	char error[EXPLAIN_ERROR];
	struct explanation e;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(-EINVAL, load(rows[i].text, &e, error));
		EXPECT_NE(NULL, strstr(error, rows[i].error)) {
			TH_LOG("row %u: %s", i, error);
		}
		EXPECT_EQ(NULL, e.fields);
	}
}

TEST(a_cpu_that_is_not_described_is_not_guessed)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "GUEST_CR0 = 1\n", "it does not tell IA32_VMX_BASIC" },
		{ "", "it does not tell IA32_VMX_BASIC" },
	};
	char error[EXPLAIN_ERROR], text[2048];
	static const char *const nonsense[] = { "0", "31", "53", "64", "0xffffffffffffffff" };
	struct explanation e;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_EQ(0, load(rows[i].text, &e, error));
		EXPECT_EQ(-EINVAL, explain_judge(&e, error));
		EXPECT_NE(NULL, strstr(error, rows[i].error)) {
			TH_LOG("%s", error);
		}
		explain_free(&e);
	}
	for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
		snprintf(text, sizeof(text), "%s", CPU);
		snprintf(strstr(text, "39\n"), 64, "%s\nLINEAR_ADDRESS_BITS=48\n", nonsense[i]);
		ASSERT_EQ(0, load(text, &e, error)) {
			TH_LOG("%s", error);
		}
		EXPECT_EQ(-EINVAL, explain_judge(&e, error));
		EXPECT_NE(NULL, strstr(error, "PHYSICAL_ADDRESS_BITS"));
		explain_free(&e);
	}
}

TEST(every_rule_has_words_and_every_field_a_name)
{
	uint32_t id;

	for (id = 0; explain_rule(id); id++) {
		EXPECT_EQ(0, strncmp(explain_rule(id)->section, "27.", 3));
		EXPECT_LT(15, strlen(explain_rule(id)->words)) {
			TH_LOG("%s", explain_rule(id)->name);
		}
	}
	EXPECT_LT(150, id);
	EXPECT_EQ(0, strcmp("GUEST_CR0", explain_field(0x6800)));
	EXPECT_EQ(0, strcmp("IA32_VMX_MISC", explain_field(0x10485)));
	EXPECT_EQ(NULL, explain_field(0x6801));
	EXPECT_EQ(NULL, explain_rule(UINT32_MAX));
}

TEST_HARNESS_MAIN
