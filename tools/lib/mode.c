// SPDX-License-Identifier: GPL-2.0
/* Processor modes as values. */
#include "mode.h"

#include <string.h>

#define PAGE_TABLE 0x3ULL  /* present, writable */
#define PAGE_2M	   0x83ULL /* and large */

static struct posada_segment segment(uint16_t selector, uint64_t base, uint32_t limit,
				     uint32_t access)
{
	return (struct posada_segment){
		.base = base,
		.limit = limit,
		.access = access,
		.selector = selector,
	};
}

static void common(struct posada_state *state)
{
	struct posada_segments *s = &state->segments;
	uint64_t xcr0 = state->control.xcr0;

	memset(&state->regs, 0, sizeof(state->regs));
	memset(&state->segments, 0, sizeof(state->segments));
	memset(&state->control, 0, sizeof(state->control));
	state->regs.rflags = 2;
	state->control.cr0 = MODE_CR0_ET;
	state->control.xcr0 = xcr0;
	s->ldtr = segment(0, 0, 0, POSADA_SEGMENT_UNUSABLE);
	s->tr = segment(0, 0, 0xffff, SEGMENT_TSS);
}

static void data_segments(struct posada_segments *s, struct posada_segment data)
{
	s->ds = data;
	s->es = data;
	s->fs = data;
	s->gs = data;
	s->ss = data;
}

void mode_real(struct posada_state *state, uint16_t cs, uint16_t ip)
{
	struct posada_segments *s = &state->segments;

	common(state);
	data_segments(s, segment(0, 0, 0xffff, SEGMENT_DATA16));
	s->cs = segment(cs, (uint64_t)cs << 4, 0xffff, SEGMENT_CODE16);
	s->idtr.limit = 0x3ff;
	s->gdtr.limit = 0xffff;
	state->regs.rip = ip;
}

static void descriptor_tables(struct posada_segments *s, uint64_t gdt)
{
	s->gdtr.base = gdt;
	s->gdtr.limit = MODE_GDT_ENTRIES * 8 - 1;
	s->tr = segment(MODE_TSS, 0, 0x67, SEGMENT_TSS);
}

void mode_protected(struct posada_state *state, uint32_t gdt, uint32_t eip)
{
	struct posada_segments *s = &state->segments;

	common(state);
	data_segments(s, segment(MODE_DS, 0, ~0U, SEGMENT_DATA));
	s->cs = segment(MODE_CS, 0, ~0U, SEGMENT_CODE32);
	descriptor_tables(s, gdt);
	state->control.cr0 |= MODE_CR0_PE | MODE_CR0_NE;
	state->regs.rip = eip;
}

void mode_long(struct posada_state *state, uint64_t gdt, uint64_t cr3, uint64_t rip)
{
	struct posada_segments *s = &state->segments;

	common(state);
	data_segments(s, segment(MODE_DS, 0, ~0U, SEGMENT_DATA));
	s->cs = segment(MODE_CS, 0, ~0U, SEGMENT_CODE64);
	descriptor_tables(s, gdt);
	state->control.cr0 |= MODE_CR0_PE | MODE_CR0_NE | MODE_CR0_PG;
	state->control.cr3 = cr3;
	state->control.cr4 = MODE_CR4_PAE;
	state->control.efer = MODE_EFER_LME | MODE_EFER_LMA;
	state->regs.rip = rip;
}

void mode_gdt(uint64_t gdt[MODE_GDT_ENTRIES], int code64)
{
	memset(gdt, 0, MODE_GDT_ENTRIES * sizeof(gdt[0]));
	gdt[MODE_CS / 8] = code64 ? 0x00af9b000000ffff : 0x00cf9b000000ffff;
	gdt[MODE_DS / 8] = 0x00cf93000000ffff;
	gdt[MODE_TSS / 8] = 0x00008b0000000067; /* busy; two entries long in long mode */
}

void mode_identity_map(uint64_t *tables, uint64_t gpa)
{
	memset(tables, 0, MODE_PAGE_TABLES);
	tables[0] = (gpa + 4096) | PAGE_TABLE;
	for (uint64_t i = 0; i < 4; i++)
		tables[512 + i] = (gpa + (2 + i) * 4096) | PAGE_TABLE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		tables[1024 + i] = i << 21 | PAGE_2M;
}
