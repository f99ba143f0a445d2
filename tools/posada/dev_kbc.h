/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8042 keyboard controller of a PC with nothing plugged in, and port 92h:
 * what is left of them is the reset line and the A20 gate.
 */
#ifndef POSADA_DEV_KBC_H
#define POSADA_DEV_KBC_H

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct pic;

struct kbc {
	uint8_t config; /* command byte */
	uint8_t output_port;
	uint8_t command; /* that waits for its data byte, or 0 */
	uint8_t data;
	bool full;	/* data has not been read */
	bool timed_out; /* data tells that nobody answered */
	uint8_t system; /* port 92h */
	struct pic *pic;
	void (*reset)(void *context);
	void *context;
};

/** kbc_init() - as a BIOS would leave it; @reset is called when the guest pulls the reset line */
void kbc_init(struct kbc *kbc, struct pic *pic, void (*reset)(void *context), void *context);

/** kbc_attach() - ports 60h, 64h and 92h */
int kbc_attach(struct kbc *kbc, struct bus *bus);

#endif /* POSADA_DEV_KBC_H */
