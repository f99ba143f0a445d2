// SPDX-License-Identifier: GPL-2.0
/* Ports that end the guest, or talk past the serial port. */
#include "dev_power.h"

#include "bus.h"

#define PORT_CONSOLE 0xe9
#define PORT_EXIT    0xf4
#define PORT_POWER   0x604
#define PORT_PCI     0xcf8 /* eight ports, of which only one is here */
#define PORT_RESET   0xcf9

#define POWER_OFF    (1U << 13)
#define RESET_CPU    0x04

static uint64_t port_read(void *context, uint64_t port, unsigned int width)
{
	(void)context;
	(void)width;
	return port == PORT_CONSOLE ? 0xe9 : 0;
}

static uint64_t reset_read(void *context, uint64_t port, unsigned int width)
{
	struct power *power = context;

	return port == PORT_RESET && width == 1 ? power->reset_control : ~0ULL;
}

static void console_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct power *power = context;

	(void)port;
	(void)width;
	power->put(power->context, value);
}

static void exit_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct power *power = context;

	(void)port;
	(void)width;
	power->debug_exit(power->context, value);
}

static void power_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct power *power = context;

	(void)width;
	if (value << (8 * (port - PORT_POWER)) & POWER_OFF)
		power->off(power->context);
}

/* A wide write that covers the port addresses the PCI bus, which is not there. */
static void reset_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct power *power = context;

	if (port != PORT_RESET || width != 1)
		return;
	if (value & RESET_CPU && !(power->reset_control & RESET_CPU))
		power->reset(power->context);
	power->reset_control = value;
}

int power_attach(struct power *power, struct bus *bus)
{
	static const struct {
		uint16_t first;
		uint16_t last;
		unsigned int width;
		uint64_t (*read)(void *context, uint64_t port, unsigned int width);
		void (*write)(void *context, uint64_t port, unsigned int width, uint64_t value);
	} rows[] = {
		{ PORT_CONSOLE, PORT_CONSOLE, 1, port_read, console_write },
		{ PORT_EXIT, PORT_EXIT, 4, port_read, exit_write },
		{ PORT_POWER, PORT_POWER + 1, 2, port_read, power_write },
		{ PORT_PCI, PORT_PCI + 7, 4, reset_read, reset_write },
	};
	int err = 0;

	for (unsigned int i = 0; !err && i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bus_device device = { "power", rows[i].width, rows[i].read, rows[i].write,
					     power };

		err = bus_add_ports(bus, rows[i].first, rows[i].last, &device);
	}
	return err;
}
