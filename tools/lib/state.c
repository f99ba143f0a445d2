// SPDX-License-Identifier: GPL-2.0
/* What is in a vCPU's state, by name. */
#include "state.h"

#include <stdio.h>

#include "state_msrs.h"

/* clang-format off */
#define SEGMENT(X, name)						\
	X(segments.name.base, 1) X(segments.name.limit, 1)		\
	X(segments.name.access, 1) X(segments.name.selector, 1)		\
	X(segments.name.reserved, 3)
#define TABLE(X, name)							\
	X(segments.name.base, 1) X(segments.name.limit, 1)		\
	X(segments.name.reserved, 1)

/* Every field with the number of its elements, in order and without a gap. */
#define FIELDS(X)							\
	X(size, 1) X(groups, 1) X(nr_msrs, 1) X(bad, 1) X(bad_msr, 1)	\
	X(xsave_size, 1) X(msrs, 1) X(xsave, 1)				\
	X(regs.gpr, 16) X(regs.rip, 1) X(regs.rflags, 1)		\
	SEGMENT(X, es) SEGMENT(X, cs) SEGMENT(X, ss) SEGMENT(X, ds)	\
	SEGMENT(X, fs) SEGMENT(X, gs) SEGMENT(X, ldtr) SEGMENT(X, tr)	\
	TABLE(X, gdtr) TABLE(X, idtr)					\
	X(control.cr0, 1) X(control.cr2, 1) X(control.cr3, 1)		\
	X(control.cr4, 1) X(control.cr8, 1) X(control.efer, 1)		\
	X(control.xcr0, 1) X(control.pdpte, 4)				\
	X(debug.dr, 4) X(debug.dr6, 1) X(debug.dr7, 1)			\
	X(events.vectors, 4) X(events.nmis, 1) X(events.activity, 1)	\
	X(events.shadow, 1) X(events.event, 1) X(events.event_error, 1)	\
	X(events.event_length, 1) X(events.pending_debug, 1)		\
	X(tsc.offset, 1) X(tsc.adjust, 1)
/* clang-format on */

static const struct {
	const char *name;
	uint32_t offset;
	uint32_t size;
	uint32_t elements;
} fields[] = {
#define FIELD(field, number)                                                                       \
	{ #field, offsetof(struct posada_state, field), sizeof(((struct posada_state *)0)->field), \
	  number },
	FIELDS(FIELD)
#undef FIELD
};

const char *state_field_name(uint32_t offset, char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint32_t at = offset - fields[i].offset;
		uint32_t element = fields[i].size / fields[i].elements;

		if (offset < fields[i].offset || at >= fields[i].size)
			continue;
		if (fields[i].elements == 1)
			snprintf(text, size, "%s", fields[i].name);
		else
			snprintf(text, size, "%s[%u]", fields[i].name, at / element);
		return text;
	}
	snprintf(text, size, "byte %u", offset);
	return text;
}

static const struct {
	const char *name;
	uint32_t index;
	uint64_t needs;
} msrs[] = {
#define MSR(number, text, feature) { text, number, feature },
	STATE_MSRS(MSR)
#undef MSR
};

#define NR_MSRS (sizeof(msrs) / sizeof(msrs[0]))
_Static_assert(NR_MSRS <= STATE_MSRS_MAX, "no room for all MSRs");

const char *state_msr_name(uint32_t index)
{
	for (size_t i = 0; i < NR_MSRS; i++)
		if (msrs[i].index == index)
			return msrs[i].name;
	return NULL;
}

uint32_t state_msrs(uint64_t features, struct posada_msr *list)
{
	uint32_t nr = 0;

	for (size_t i = 0; i < NR_MSRS; i++)
		if ((features & msrs[i].needs) == msrs[i].needs)
			list[nr++] = (struct posada_msr){ .index = msrs[i].index };
	return nr;
}

const char *state_bad(const struct posada_state *state, char *text, size_t size)
{
	const struct posada_msr *list = (const void *)(uintptr_t)state->msrs;
	const char *name;

	if (state->bad == ~0U) {
		snprintf(text, size, "%s", "");
		return text;
	}
	if (state->bad != offsetof(struct posada_state, msrs) || state->bad_msr >= state->nr_msrs)
		return state_field_name(state->bad, text, size);
	name = state_msr_name(list[state->bad_msr].index);
	snprintf(text, size, "MSR %#x (%s)", list[state->bad_msr].index, name ? name : "unknown");
	return text;
}
