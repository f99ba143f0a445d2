/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The buses of the guest: who answers to a port, who to an address.
 *
 * No locks here: the vCPU thread and the I/O thread hold vm->lock around every
 * access to a device.
 */
#ifndef POSADA_BUS_H
#define POSADA_BUS_H

#include <stdbool.h>
#include <stdint.h>

#define BUS_DEVICES 32

/**
 * struct bus_device - something with registers
 * @name: for people
 * @width: widest access in bytes; a wider one is split, low address first
 * @read: value of the register at @address (the port, or the gpa)
 * @write: set it
 * @context: handed to both
 */
struct bus_device {
	const char *name;
	unsigned int width;
	uint64_t (*read)(void *context, uint64_t address, unsigned int width);
	void (*write)(void *context, uint64_t address, unsigned int width, uint64_t value);
	void *context;
};

struct bus_window {
	uint64_t first;
	uint64_t last;
	struct bus_device device;
};

/**
 * struct bus - ports and addresses
 * @ports: by port: position in @port_device plus 1; 0: nobody
 * @port_device: whom ports belong to
 * @nr_port: in use
 * @mmio: whom guest-physical addresses belong to
 * @nr_mmio: in use
 */
struct bus {
	uint8_t ports[65536];
	struct bus_device port_device[BUS_DEVICES];
	unsigned int nr_port;
	struct bus_window mmio[BUS_DEVICES];
	unsigned int nr_mmio;
};

/** bus_add_ports() - give ports @first..@last to @device.  Return: 0, -EEXIST, -ENOSPC */
int bus_add_ports(struct bus *bus, uint16_t first, uint16_t last, const struct bus_device *device);

/** bus_add_mmio() - give addresses @first..@last to @device.  Return: 0, -EEXIST, -ENOSPC */
int bus_add_mmio(struct bus *bus, uint64_t first, uint64_t last, const struct bus_device *device);

/** bus_in() - IN: @width 1, 2 or 4; all ones where nobody answers */
uint32_t bus_in(const struct bus *bus, uint16_t port, unsigned int width);

/** bus_out() - OUT */
void bus_out(const struct bus *bus, uint16_t port, unsigned int width, uint32_t value);

/** bus_port_claimed() - does anybody answer to @port? */
bool bus_port_claimed(const struct bus *bus, uint16_t port);

/** bus_read() - @len (1..16) bytes at @gpa; all ones where nobody answers */
void bus_read(const struct bus *bus, uint64_t gpa, void *to, unsigned int len);

/** bus_write() - write @len bytes at @gpa */
void bus_write(const struct bus *bus, uint64_t gpa, const void *from, unsigned int len);

#endif /* POSADA_BUS_H */
