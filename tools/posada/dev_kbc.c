// SPDX-License-Identifier: GPL-2.0
/* The 8042 keyboard controller with nothing plugged in. */
#include "dev_kbc.h"

#include "bus.h"
#include "dev_pic.h"

#define PORT_DATA	    0x60
#define PORT_STATUS	    0x64
#define PORT_SYSTEM	    0x92

#define STATUS_FULL	    0x01
#define STATUS_SYSTEM	    0x04
#define STATUS_ENABLED	    0x10
#define STATUS_TIMEOUT	    0x40

#define CONFIG_KEYBOARD_IRQ 0x01
#define CONFIG_SYSTEM	    0x04
#define CONFIG_NO_KEYBOARD  0x10
#define CONFIG_NO_MOUSE	    0x20
#define CONFIG_TRANSLATE    0x40

#define OUTPUT_RESET	    0x01 /* 0 pulls the line */

#define KEYBOARD_IRQ	    1

static void answer(struct kbc *kbc, uint8_t data)
{
	kbc->data = data;
	kbc->full = true;
	kbc->timed_out = false;
}

static void output_port_write(struct kbc *kbc, uint8_t value)
{
	kbc->output_port = value;
	if (!(value & OUTPUT_RESET))
		kbc->reset(kbc->context);
}

static void command(struct kbc *kbc, uint8_t value)
{
	kbc->command = 0;
	switch (value) {
	case 0x20:
		answer(kbc, kbc->config);
		break;
	case 0x60: /* these wait for a byte at port 60h */
	case 0xd1:
	case 0xd2:
	case 0xd3:
	case 0xd4:
		kbc->command = value;
		break;
	case 0xa7:
		kbc->config |= CONFIG_NO_MOUSE;
		break;
	case 0xa8:
		kbc->config &= ~CONFIG_NO_MOUSE;
		break;
	case 0xa9: /* test of the mouse port: clock line stuck low, so there is none */
		answer(kbc, 0x01);
		break;
	case 0xaa:
		answer(kbc, 0x55);
		break;
	case 0xab:
		answer(kbc, 0x00);
		break;
	case 0xad:
		kbc->config |= CONFIG_NO_KEYBOARD;
		break;
	case 0xae:
		kbc->config &= ~CONFIG_NO_KEYBOARD;
		break;
	case 0xc0:
		answer(kbc, 0x80);
		break;
	case 0xd0:
		answer(kbc, kbc->output_port);
		break;
	default:
		/* F0h-FFh pulse the low output lines whose bit is 0 */
		if (value >= 0xf0 && !(value & OUTPUT_RESET))
			kbc->reset(kbc->context);
		break;
	}
}

static void data(struct kbc *kbc, uint8_t value)
{
	uint8_t to = kbc->command;

	kbc->command = 0;
	switch (to) {
	case 0x60:
		kbc->config = value;
		break;
	case 0xd1:
		output_port_write(kbc, value);
		break;
	case 0xd2:
	case 0xd3: /* a mouse's loop-back would be marked as such; this tells there is none */
		answer(kbc, value);
		break;
	default: /* to the keyboard or mouse: nobody answers, which the controller reports */
		answer(kbc, 0xfe);
		kbc->timed_out = true;
		break;
	}
	if (kbc->full && kbc->config & CONFIG_KEYBOARD_IRQ)
		pic_set(kbc->pic, KEYBOARD_IRQ, true);
}

static uint64_t port_read(void *context, uint64_t port, unsigned int width)
{
	struct kbc *kbc = context;

	(void)width;
	if (port == PORT_SYSTEM)
		return kbc->system;
	if (port == PORT_STATUS)
		return STATUS_ENABLED | (kbc->config & CONFIG_SYSTEM ? STATUS_SYSTEM : 0) |
		       (kbc->full ? STATUS_FULL : 0) |
		       (kbc->full && kbc->timed_out ? STATUS_TIMEOUT : 0);
	kbc->full = false;
	pic_set(kbc->pic, KEYBOARD_IRQ, false);
	return kbc->data;
}

static void port_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct kbc *kbc = context;

	(void)width;
	if (port == PORT_STATUS) {
		command(kbc, value);
	} else if (port == PORT_DATA) {
		data(kbc, value);
	} else {
		bool reset = value & 1 && !(kbc->system & 1);

		kbc->system = value & 3;
		if (reset)
			kbc->reset(kbc->context);
	}
}

void kbc_init(struct kbc *kbc, struct pic *pic, void (*reset)(void *context), void *context)
{
	*kbc = (struct kbc){
		.config = CONFIG_SYSTEM | CONFIG_TRANSLATE | CONFIG_NO_MOUSE,
		.output_port = 0xdf,
		.system = 2,
		.pic = pic,
		.reset = reset,
		.context = context,
	};
}

int kbc_attach(struct kbc *kbc, struct bus *bus)
{
	struct bus_device device = { "keyboard controller", 1, port_read, port_write, kbc };
	int err = bus_add_ports(bus, PORT_DATA, PORT_DATA, &device);

	if (!err)
		err = bus_add_ports(bus, PORT_STATUS, PORT_STATUS, &device);
	if (!err)
		err = bus_add_ports(bus, PORT_SYSTEM, PORT_SYSTEM, &device);
	return err;
}
