// SPDX-License-Identifier: GPL-2.0
/* The buses of the guest. */
#include "bus.h"

#include <errno.h>
#include <string.h>

int bus_add_ports(struct bus *bus, uint16_t first, uint16_t last, const struct bus_device *device)
{
	if (bus->nr_port == BUS_DEVICES)
		return -ENOSPC;
	for (unsigned int port = first; port <= last; port++)
		if (bus->ports[port])
			return -EEXIST;
	bus->port_device[bus->nr_port++] = *device;
	memset(&bus->ports[first], bus->nr_port, last - first + 1);
	return 0;
}

int bus_add_mmio(struct bus *bus, uint64_t first, uint64_t last, const struct bus_device *device)
{
	if (bus->nr_mmio == BUS_DEVICES)
		return -ENOSPC;
	for (unsigned int i = 0; i < bus->nr_mmio; i++)
		if (first <= bus->mmio[i].last && last >= bus->mmio[i].first)
			return -EEXIST;
	bus->mmio[bus->nr_mmio++] = (struct bus_window){ first, last, *device };
	return 0;
}

static const struct bus_device *port_device(const struct bus *bus, uint16_t port)
{
	unsigned int nr = bus->ports[port];

	return nr ? &bus->port_device[nr - 1] : NULL;
}

bool bus_port_claimed(const struct bus *bus, uint16_t port)
{
	return bus->ports[port];
}

/* A wide access may span devices, or run past port 0xffff (where it wraps). */
static uint32_t in_pieces(const struct bus *bus, uint16_t port, unsigned int width)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= bus_in(bus, port + i, 1) << (8 * i);
	return value;
}

uint32_t bus_in(const struct bus *bus, uint16_t port, unsigned int width)
{
	const struct bus_device *device = port_device(bus, port);

	if (device && width <= device->width)
		return device->read(device->context, port, width) &
		       (0xffffffffU >> (32 - 8 * width));
	if (width > 1)
		return in_pieces(bus, port, width);
	return 0xff;
}

void bus_out(const struct bus *bus, uint16_t port, unsigned int width, uint32_t value)
{
	const struct bus_device *device = port_device(bus, port);

	if (device && width <= device->width) {
		device->write(device->context, port, width,
			      value & (0xffffffffU >> (32 - 8 * width)));
		return;
	}
	if (width == 1)
		return;
	for (unsigned int i = 0; i < width; i++)
		bus_out(bus, port + i, 1, value >> (8 * i));
}

static const struct bus_window *window(const struct bus *bus, uint64_t gpa)
{
	for (unsigned int i = 0; i < bus->nr_mmio; i++)
		if (gpa - bus->mmio[i].first <= bus->mmio[i].last - bus->mmio[i].first)
			return &bus->mmio[i];
	return NULL;
}

/* The largest piece of an access that one register takes: a power of 2, aligned, inside the window. */
static unsigned int piece(const struct bus_window *w, uint64_t gpa, unsigned int len)
{
	unsigned int size = w ? w->device.width : 1;

	while (size > 1 && (size > len || gpa % size || gpa + size - 1 > w->last))
		size /= 2;
	return size;
}

void bus_read(const struct bus *bus, uint64_t gpa, void *to, unsigned int len)
{
	uint8_t *out = to;

	if (!bus->nr_mmio) {
		memset(to, 0xff, len);
		return;
	}
	while (len) {
		const struct bus_window *w = window(bus, gpa);
		unsigned int size = piece(w, gpa, len);
		uint64_t value = ~0ULL;

		if (w)
			value = w->device.read(w->device.context, gpa, size);
		memcpy(out, &value, size);
		gpa += size;
		out += size;
		len -= size;
	}
}

void bus_write(const struct bus *bus, uint64_t gpa, const void *from, unsigned int len)
{
	const uint8_t *in = from;

	while (bus->nr_mmio && len) {
		const struct bus_window *w = window(bus, gpa);
		unsigned int size = piece(w, gpa, len);
		uint64_t value = 0;

		memcpy(&value, in, size);
		if (w)
			w->device.write(w->device.context, gpa, size, value);
		gpa += size;
		in += size;
		len -= size;
	}
}
