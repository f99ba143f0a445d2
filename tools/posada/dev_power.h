/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports that end the guest, or talk past the serial port:
 *
 *   0x0e9  a byte written goes to the console; reads as 0xe9
 *   0x0f4  a write of CODE ends `posada run` with status (CODE << 1) | 1
 *   0x604  a 16-bit write with bit 13 set powers off, as does a byte with
 *          bit 5 set to 0x605
 *   0xcf9  a write with bit 2 set, after one with it clear, resets
 */
#ifndef POSADA_DEV_POWER_H
#define POSADA_DEV_POWER_H

#include <stdint.h>

struct bus;

/**
 * struct power - what is to happen
 * @off: power off
 * @reset: reset
 * @debug_exit: end with @code
 * @put: a byte for the console
 * @context: handed to all
 * @reset_control: port 0xcf9
 */
struct power {
	void (*off)(void *context);
	void (*reset)(void *context);
	void (*debug_exit)(void *context, uint32_t code);
	void (*put)(void *context, uint8_t c);
	void *context;
	uint8_t reset_control;
};

/** power_attach() - the ports above */
int power_attach(struct power *power, struct bus *bus);

#endif /* POSADA_DEV_POWER_H */
