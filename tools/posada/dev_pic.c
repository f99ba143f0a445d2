// SPDX-License-Identifier: GPL-2.0
/* The pair of 8259A interrupt controllers. */
#include "dev_pic.h"

#include "bus.h"

#define CASCADE	      2 /* the master's input that the slave is wired to */
#define NO_IRQ	      8

#define ICW1_INIT     0x10
#define ICW1_ICW4     0x01
#define ICW1_SINGLE   0x02
#define ICW1_LEVEL    0x08
#define ICW4_AUTO_EOI 0x02
#define ICW4_NESTED   0x10
#define OCW3	      0x08

/* How many priorities below the highest the first set bit is; NO_IRQ if none. */
static unsigned int priority(const struct pic_chip *chip, uint8_t mask)
{
	unsigned int p = 0;

	if (!mask)
		return NO_IRQ;
	while (!(mask & 1 << ((chip->lowest + 1 + p) & 7)))
		p++;
	return p;
}

/* The input that the chip asks its INT line for, or NO_IRQ. */
static unsigned int request(const struct pic_chip *chip, bool master)
{
	unsigned int wanted = priority(chip, chip->irr & ~chip->imr);
	uint8_t in_service = chip->isr;

	if (wanted == NO_IRQ)
		return NO_IRQ;
	if (chip->special_mask)
		in_service &= ~chip->imr;
	if (chip->fully_nested && master)
		in_service &= ~(1 << CASCADE);
	if (wanted >= priority(chip, in_service))
		return NO_IRQ;
	return (chip->lowest + 1 + wanted) & 7;
}

static void update(struct pic *pic)
{
	struct pic_chip *master = &pic->chip[0], *slave = &pic->chip[1];
	unsigned int second = request(slave, false), first;
	uint32_t output = 0;

	if (second != NO_IRQ)
		master->irr |= 1 << CASCADE;
	else
		master->irr &= ~(1 << CASCADE);
	first = request(master, true);
	if (first == CASCADE)
		output = PIC_INTR | (8 + second) << PIC_IRQ_SHIFT | (slave->base + second);
	else if (first != NO_IRQ)
		output = PIC_INTR | first << PIC_IRQ_SHIFT | (master->base + first);
	if (output == pic->output)
		return;
	__atomic_store_n(&pic->output, output, __ATOMIC_RELEASE);
	pic->changed(pic->context);
}

void pic_set(struct pic *pic, unsigned int irq, bool level)
{
	struct pic_chip *chip = &pic->chip[irq >> 3 & 1];
	uint8_t bit = 1 << (irq & 7);
	bool rising = level && !(chip->lines & bit);

	if (level)
		chip->lines |= bit;
	else
		chip->lines &= ~bit;
	if (chip->elcr & bit) {
		if (level)
			chip->irr |= bit;
		else
			chip->irr &= ~bit;
	} else if (rising) {
		chip->irr |= bit;
	}
	update(pic);
}

void pic_pulse(struct pic *pic, unsigned int irq)
{
	pic_set(pic, irq, false);
	pic_set(pic, irq, true);
	pic_set(pic, irq, false);
}

static void acknowledge(struct pic_chip *chip, unsigned int irq)
{
	uint8_t bit = 1 << irq;

	if (chip->auto_eoi) {
		if (chip->rotate_auto_eoi)
			chip->lowest = irq;
	} else {
		chip->isr |= bit;
	}
	if (!(chip->elcr & bit))
		chip->irr &= ~bit;
}

void pic_inta(struct pic *pic, uint32_t output)
{
	unsigned int irq = output >> PIC_IRQ_SHIFT & 15;

	if (irq >= 8) {
		acknowledge(&pic->chip[1], irq - 8);
		irq = CASCADE;
	}
	acknowledge(&pic->chip[0], irq);
	update(pic);
}

bool pic_masked(const struct pic *pic, unsigned int irq)
{
	if (irq >= 8)
		return pic->chip[1].imr & 1 << (irq - 8) || pic->chip[0].imr & 1 << CASCADE;
	return pic->chip[0].imr & 1 << irq;
}

/* ---- registers ------------------------------------------------------------ */

static void icw1(struct pic_chip *chip, uint8_t value)
{
	uint8_t lines = chip->lines, elcr = chip->elcr, elcr_mask = chip->elcr_mask,
		base = chip->base;

	*chip = (struct pic_chip){
		.lines = lines,
		.elcr = elcr,
		.elcr_mask = elcr_mask,
		.base = base,
		.lowest = 7,
		.step = 2,
		.wants_icw4 = value & ICW1_ICW4,
		.single = value & ICW1_SINGLE,
		/* a level that is high counts as a request at once */
		.irr = lines & elcr,
	};
}

static void icw(struct pic_chip *chip, uint8_t value)
{
	switch (chip->step) {
	case 2:
		chip->base = value & 0xf8;
		chip->step = chip->single ? (chip->wants_icw4 ? 4 : 0) : 3;
		break;
	case 3:
		chip->step = chip->wants_icw4 ? 4 : 0;
		break;
	default:
		chip->auto_eoi = value & ICW4_AUTO_EOI;
		chip->fully_nested = value & ICW4_NESTED;
		chip->step = 0;
		break;
	}
}

static void ocw2(struct pic_chip *chip, uint8_t value)
{
	unsigned int irq = value & 7, p;

	switch (value >> 5) {
	case 0: /* rotate in automatic EOI mode: off, on */
	case 4:
		chip->rotate_auto_eoi = value >> 7;
		break;
	case 1: /* EOI of the highest in service, without and with rotation */
	case 5:
		p = priority(chip, chip->isr & ~(chip->special_mask ? chip->imr : 0));
		if (p == NO_IRQ)
			break;
		irq = (chip->lowest + 1 + p) & 7;
		chip->isr &= ~(1 << irq);
		if (value >> 7)
			chip->lowest = irq;
		break;
	case 3: /* EOI of a given one, without and with rotation */
	case 7:
		chip->isr &= ~(1 << irq);
		if (value >> 7)
			chip->lowest = irq;
		break;
	case 6:
		chip->lowest = irq;
		break;
	default:
		break;
	}
}

static void ocw3(struct pic_chip *chip, uint8_t value)
{
	if (value & 0x40)
		chip->special_mask = value & 0x20;
	if (value & 0x04)
		chip->poll = true;
	else if (value & 0x02)
		chip->read_isr = value & 0x01;
}

static void chip_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct pic *pic = context;
	struct pic_chip *chip = &pic->chip[port >> 7 & 1];

	(void)width;
	if (port & 1) {
		if (chip->step)
			icw(chip, value);
		else
			chip->imr = value;
	} else if (value & ICW1_INIT) {
		icw1(chip, value);
	} else if (value & OCW3) {
		ocw3(chip, value);
	} else {
		ocw2(chip, value);
	}
	update(pic);
}

/* A poll reads like an INTA that names the input. */
static uint64_t poll(struct pic *pic, struct pic_chip *chip)
{
	bool master = chip == &pic->chip[0];
	unsigned int irq = request(chip, master);

	chip->poll = false;
	if (irq == NO_IRQ)
		return 0;
	acknowledge(chip, irq);
	update(pic);
	return 0x80 | irq;
}

static uint64_t chip_read(void *context, uint64_t port, unsigned int width)
{
	struct pic *pic = context;
	struct pic_chip *chip = &pic->chip[port >> 7 & 1];

	(void)width;
	if (chip->poll)
		return poll(pic, chip);
	if (port & 1)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

static uint64_t elcr_read(void *context, uint64_t port, unsigned int width)
{
	struct pic *pic = context;

	(void)width;
	return pic->chip[port & 1].elcr;
}

static void elcr_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct pic *pic = context;
	struct pic_chip *chip = &pic->chip[port & 1];

	(void)width;
	chip->elcr = value & chip->elcr_mask;
	chip->irr = (chip->irr & ~chip->elcr) | (chip->lines & chip->elcr);
	update(pic);
}

void pic_init(struct pic *pic, void (*changed)(void *context), void *context)
{
	*pic = (struct pic){
		.chip = {
			/* timer, keyboard and cascade; RTC and FPU: always edges */
			{ .imr = 0xff, .elcr_mask = 0xf8, .lowest = 7 },
			{ .imr = 0xff, .elcr_mask = 0xde, .lowest = 7 },
		},
		.changed = changed,
		.context = context,
	};
}

int pic_attach(struct pic *pic, struct bus *bus)
{
	struct bus_device chip = { "pic", 1, chip_read, chip_write, pic };
	struct bus_device elcr = { "elcr", 1, elcr_read, elcr_write, pic };
	int err = bus_add_ports(bus, 0x20, 0x21, &chip);

	if (!err)
		err = bus_add_ports(bus, 0xa0, 0xa1, &chip);
	if (!err)
		err = bus_add_ports(bus, 0x4d0, 0x4d1, &elcr);
	return err;
}
