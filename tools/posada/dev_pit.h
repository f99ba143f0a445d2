/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8254 timer of a PC: channel 0 on IRQ 0, channel 1 for the refresh bit,
 * channel 2 with its gate and output at port 61h.
 *
 * Channels count by the host's clock, whenever somebody looks.  Only the edges
 * of channel 0 need a timer, which belongs to the I/O thread.
 */
#ifndef POSADA_DEV_PIT_H
#define POSADA_DEV_PIT_H

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct pic;

#define PIT_HZ 1193182ULL

struct pit_channel {
	uint8_t mode;
	uint8_t access; /* 1 low byte, 2 high byte, 3 both, low first */
	bool bcd;
	bool gate;
	bool counting;	/* a count has been written since the mode was set */
	uint32_t count; /* 1..65536 */
	uint64_t start; /* ns, when counting began; gate low: ns it had counted */
	uint8_t write_low;
	bool write_high_next;
	bool read_high_next;
	uint16_t latch;
	bool latched;
	uint8_t status;
	bool status_latched;
};

struct pit {
	struct pit_channel channel[3];
	bool speaker;
	struct pic *pic;
	int timer; /* timerfd of CLOCK_MONOTONIC */
};

/** pit_init() - as after power-on.  Return: 0 or -errno */
int pit_init(struct pit *pit, struct pic *pic);

/** pit_destroy() - undo pit_init() */
void pit_destroy(struct pit *pit);

/** pit_attach() - ports 40h-43h and 61h */
int pit_attach(struct pit *pit, struct bus *bus);

/** pit_expired() - pit->timer went off */
void pit_expired(struct pit *pit);

#endif /* POSADA_DEV_PIT_H */
