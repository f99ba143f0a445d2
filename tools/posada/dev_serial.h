/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 16550A serial port.  Characters are sent at once and never wait for a bit
 * clock; what is received comes when the guest is ready for it.
 */
#ifndef POSADA_DEV_SERIAL_H
#define POSADA_DEV_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct pic;

#define SERIAL_FIFO	16
#define SERIAL_COM1	0x3f8
#define SERIAL_COM1_IRQ 4

/**
 * struct serial_wire - the other end of the line
 * @put: take a character; false: no room, serial_room() will be called
 * @get: the next character for the guest, or -1
 * @context: handed to both
 */
struct serial_wire {
	bool (*put)(void *context, uint8_t c);
	int (*get)(void *context);
	void *context;
};

struct serial {
	uint8_t fifo[SERIAL_FIFO];
	unsigned int head;
	unsigned int count;
	uint8_t ier, fcr, lcr, mcr, lsr, msr_delta, scr;
	uint16_t divisor;
	bool thre_pending; /* THRE is a reason to interrupt */
	bool holding;	   /* a character the wire had no room for */
	uint8_t held;
	bool polls; /* the guest read LSR twice in a row: it waits for input */
	bool lsr_was_last;
	uint16_t base;
	unsigned int irq;
	struct pic *pic;
	struct serial_wire wire;
};

/** serial_init() - as after reset */
void serial_init(struct serial *serial, uint16_t base, unsigned int irq, struct pic *pic,
		 const struct serial_wire *wire);

/** serial_attach() - eight ports from serial->base */
int serial_attach(struct serial *serial, struct bus *bus);

/** serial_input() - the wire has characters for the guest */
void serial_input(struct serial *serial);

/** serial_room() - the wire has room again */
void serial_room(struct serial *serial);

/** serial_break() - a break on the line: what Linux takes for SysRq */
void serial_break(struct serial *serial);

#endif /* POSADA_DEV_SERIAL_H */
