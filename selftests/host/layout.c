// SPDX-License-Identifier: GPL-2.0
/* Does module/layout.c keep the list of ranges that the operations ask for? */
#include <kselftest_harness.h>

#include <linux/posada.h>
#include "layout.h"

#define PAGE 0x1000ULL
#define PAGES 64
#define GPA_END (1ULL << 40)
#define HVA_END 0x7ffffffff000ULL

/* The same layout as a table of pages: where each lies in the process, 0 for nowhere. */
struct model {
	u64 hva[PAGES];
	u32 flags[PAGES];
};

static int model_apply(struct model *model, const struct posada_memory_op *op)
{
	u64 first = op->gpa / PAGE, nr = op->length / PAGE, i;
	bool any = false;

	for (i = first; i < first + nr; i++)
		any |= model->hva[i] != 0;
	if (op->op == POSADA_MEMORY_UNMAP) {
		for (i = first; i < first + nr; i++)
			model->hva[i] = 0;
		return any ? 0 : -ENOENT;
	}
	if (any)
		return -EEXIST;
	for (i = first; i < first + nr; i++) {
		model->hva[i] = op->hva + (i - first) * PAGE;
		model->flags[i] = op->flags;
	}
	return 0;
}

static void expect_same(struct __test_metadata *_metadata, const struct layout *layout,
			const struct model *model)
{
	u64 hva[PAGES] = { 0 }, end = 0, gpa;
	unsigned int i;

	for (i = 0; i < layout->nr; i++) {
		const struct layout_range *r = &layout->range[i];

		ASSERT_LT(0, r->length);
		ASSERT_EQ(0, (r->gpa | r->length | r->hva) & (PAGE - 1));
		ASSERT_LE(end, r->gpa);
		end = r->gpa + r->length;
		ASSERT_LE(end, PAGES * PAGE);
		for (gpa = r->gpa; gpa < end; gpa += PAGE) {
			hva[gpa / PAGE] = r->hva + (gpa - r->gpa);
			ASSERT_EQ(model->flags[gpa / PAGE], r->flags);
		}
	}
	ASSERT_EQ(0, memcmp(hva, model->hva, sizeof(hva)));
}

static u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

TEST(random_operations_do_as_a_table_of_pages_does)
{
	struct layout *layout = calloc(1, sizeof(*layout)), before;
	struct model model = { 0 };
	u32 seed = 12345;
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		u64 first = next_random(&seed) % PAGES;
		u64 most = PAGES - first < 12 ? PAGES - first : 12;
		struct posada_memory_op op = {
			.op = next_random(&seed) % 2,
			.gpa = first * PAGE,
			.length = (1 + next_random(&seed) % most) * PAGE,
		};
		int expected, ret;

		if (op.op == POSADA_MEMORY_MAP) {
			op.hva = (1 + next_random(&seed)) * PAGE;
			op.flags = next_random(&seed) % 2;
		}
		before = *layout;
		expected = model_apply(&model, &op);
		ret = layout_apply(layout, &op, GPA_END, HVA_END);
		ASSERT_EQ(expected, ret);
		if (ret)
			ASSERT_EQ(0, memcmp(&before, layout, sizeof(before)));
		expect_same(_metadata, layout, &model);
	}
	free(layout);
}

TEST(bad_operations_are_einval_and_change_nothing)
{
	static const struct posada_memory_op ops[] = {
		{ 2, 0, 0, PAGE, PAGE },
		{ ~0U, 0, 0, PAGE, PAGE },
		{ POSADA_MEMORY_MAP, 0, 1, PAGE, PAGE },
		{ POSADA_MEMORY_MAP, 0, 0, 0, PAGE },
		{ POSADA_MEMORY_MAP, 0, 0, PAGE - 1, PAGE },
		{ POSADA_MEMORY_MAP, 0, 0, PAGE, PAGE + 1 },
		{ POSADA_MEMORY_MAP, 4, 0, PAGE, PAGE },
		{ POSADA_MEMORY_MAP, 0, GPA_END, PAGE, PAGE },
		{ POSADA_MEMORY_MAP, 0, GPA_END - PAGE, 2 * PAGE, PAGE },
		{ POSADA_MEMORY_MAP, 0, ~0xfffULL, PAGE, PAGE },
		{ POSADA_MEMORY_MAP, 0, ~0xfffULL, 2 * PAGE, PAGE },
		{ POSADA_MEMORY_MAP, 0, PAGE, ~0xfffULL, PAGE },
		{ POSADA_MEMORY_MAP, 0, 0, PAGE, HVA_END },
		{ POSADA_MEMORY_MAP, 0, 0, 2 * PAGE, HVA_END - PAGE },
		{ POSADA_MEMORY_MAP, 0, 0, 2 * PAGE, ~0xfffULL },
		{ POSADA_MEMORY_UNMAP, 1, 0, PAGE, 0 },
		{ POSADA_MEMORY_UNMAP, 0, 0, PAGE, PAGE },
		{ POSADA_MEMORY_UNMAP, 0, 0, 0, 0 },
		{ POSADA_MEMORY_UNMAP, 0, ~0xfffULL, 2 * PAGE, 0 },
	};
	struct layout *layout = calloc(1, sizeof(*layout));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EINVAL, layout_apply(layout, &ops[i], GPA_END, HVA_END)) {
			TH_LOG("operation %u", i);
		}
		EXPECT_EQ(0, layout->nr);
	}
	free(layout);
}

TEST(the_last_page_can_be_mapped)
{
	struct posada_memory_op op = {
		.op = POSADA_MEMORY_MAP,
		.gpa = GPA_END - PAGE,
		.length = PAGE,
		.hva = HVA_END - PAGE,
	};
	struct layout *layout = calloc(1, sizeof(*layout));

	EXPECT_EQ(0, layout_apply(layout, &op, GPA_END, HVA_END));
	EXPECT_EQ(1, layout->nr);
	free(layout);
}

TEST(a_full_list_is_enospc)
{
	struct posada_memory_op op = { .op = POSADA_MEMORY_MAP, .length = 3 * PAGE, .hva = PAGE };
	struct layout *layout = calloc(1, sizeof(*layout)), before;
	unsigned int i;

	for (i = 0; i < LAYOUT_MAX_RANGES; i++) {
		op.gpa = i * 8 * PAGE;
		ASSERT_EQ(0, layout_apply(layout, &op, GPA_END, HVA_END));
	}
	before = *layout;
	op.gpa = i * 8 * PAGE;
	EXPECT_EQ(-ENOSPC, layout_apply(layout, &op, GPA_END, HVA_END));
	/* in the middle of a range: one more */
	op = (struct posada_memory_op){ .op = POSADA_MEMORY_UNMAP, .gpa = PAGE, .length = PAGE };
	EXPECT_EQ(-ENOSPC, layout_apply(layout, &op, GPA_END, HVA_END));
	EXPECT_EQ(0, memcmp(&before, layout, sizeof(before)));
	/* at its end: none more */
	op.gpa = 2 * PAGE;
	EXPECT_EQ(0, layout_apply(layout, &op, GPA_END, HVA_END));
	/* everything at once */
	op.gpa = 0;
	op.length = GPA_END;
	EXPECT_EQ(0, layout_apply(layout, &op, GPA_END, HVA_END));
	EXPECT_EQ(0, layout->nr);
	free(layout);
}

TEST_HARNESS_MAIN
