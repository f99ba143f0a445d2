/* SPDX-License-Identifier: GPL-2.0 */
/* The pair of 8259A interrupt controllers of a PC, with their ELCR. */
#ifndef POSADA_DEV_PIC_H
#define POSADA_DEV_PIC_H

#include <stdbool.h>
#include <stdint.h>

struct bus;

#define PIC_LINES     16

/* pic.output: the INTR line with what INTA would give */
#define PIC_INTR      (1U << 31)
#define PIC_VECTOR    0xffU
#define PIC_IRQ_SHIFT 8 /* the line, 0..15 */

/* One chip, by the names of its data sheet */
struct pic_chip {
	uint8_t irr;
	uint8_t isr;
	uint8_t imr;
	uint8_t lines;	   /* levels of the inputs */
	uint8_t elcr;	   /* 1: level triggered */
	uint8_t elcr_mask; /* lines that may be */
	uint8_t base;	   /* ICW2 */
	uint8_t lowest;	   /* IR with the lowest priority */
	uint8_t step;	   /* of the initialization: 0 none, else which ICW is next */
	bool wants_icw4;
	bool single;
	bool auto_eoi;
	bool rotate_auto_eoi;
	bool special_mask;
	bool fully_nested; /* special fully nested mode */
	bool read_isr;
	bool poll;
};

/**
 * struct pic - both chips
 * @chip: master, slave
 * @output: PIC_INTR | line << PIC_IRQ_SHIFT | vector, or 0; may be read without
 *          the lock
 * @changed: called when @output has changed
 * @context: handed to @changed
 */
struct pic {
	struct pic_chip chip[2];
	uint32_t output;
	void (*changed)(void *context);
	void *context;
};

/** pic_init() - as after power-on: all lines masked */
void pic_init(struct pic *pic, void (*changed)(void *context), void *context);

/** pic_attach() - ports 20h, 21h, A0h, A1h, 4D0h, 4D1h */
int pic_attach(struct pic *pic, struct bus *bus);

/** pic_set() - set the level of input @irq, 0..15 but not 2 */
void pic_set(struct pic *pic, unsigned int irq, bool level);

/** pic_pulse() - an edge on input @irq */
void pic_pulse(struct pic *pic, unsigned int irq);

/** pic_inta() - the CPU has taken @output, as it was then: acknowledge it */
void pic_inta(struct pic *pic, uint32_t output);

/** pic_masked() - is input @irq masked, there or at the cascade? */
bool pic_masked(const struct pic *pic, unsigned int irq);

#endif /* POSADA_DEV_PIC_H */
