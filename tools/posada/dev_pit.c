// SPDX-License-Identifier: GPL-2.0
/* The 8254 timer. */
#include "dev_pit.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bus.h"
#include "clock.h"
#include "dev_pic.h"

#define PORT_CONTROL   0x43
#define PORT_SYSTEM    0x61

#define SYSTEM_GATE2   0x01
#define SYSTEM_SPEAKER 0x02
#define SYSTEM_REFRESH 0x10
#define SYSTEM_OUT2    0x20

static uint64_t ticks_of(uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * PIT_HZ / NSEC);
}

static uint64_t ns_of(uint64_t ticks)
{
	return (ticks * NSEC + PIT_HZ - 1) / PIT_HZ;
}

/* Modes 6 and 7 are 2 and 3. */
static unsigned int mode_of(const struct pit_channel *c)
{
	return c->mode > 5 ? c->mode - 4 : c->mode;
}

/* A low gate stops the count in these modes; in the others it restarts it when it rises. */
static bool gate_pauses(const struct pit_channel *c)
{
	unsigned int mode = mode_of(c);

	return mode == 0 || mode == 4;
}

static bool running(const struct pit_channel *c)
{
	return c->gate || mode_of(c) == 1 || mode_of(c) == 5;
}

static uint64_t elapsed(const struct pit_channel *c, uint64_t now)
{
	return ticks_of(running(c) ? now - c->start : c->start);
}

static uint16_t to_bcd(unsigned int value)
{
	value %= 10000;
	return value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
}

static unsigned int from_bcd(unsigned int value)
{
	return (value >> 12 & 15) * 1000 + (value >> 8 & 15) * 100 + (value >> 4 & 15) * 10 +
	       (value & 15);
}

static uint16_t current(const struct pit_channel *c, uint64_t now)
{
	uint64_t d;
	uint32_t value;

	if (!c->counting)
		return 0;
	d = elapsed(c, now);
	switch (mode_of(c)) {
	case 2:
		value = c->count - d % c->count;
		break;
	case 3:
		value = c->count - 2 * d % c->count;
		value &= ~1U;
		break;
	default:
		value = c->bcd ? (c->count + 10000 - d % 10000) % 10000 : (uint32_t)(c->count - d);
		break;
	}
	return c->bcd ? to_bcd(value) : value;
}

static bool output(const struct pit_channel *c, uint64_t now)
{
	uint64_t d;

	if (!c->counting)
		return mode_of(c) != 0;
	d = elapsed(c, now);
	switch (mode_of(c)) {
	case 0:
	case 1:
		return d >= c->count;
	case 2:
		return !c->gate || d % c->count != c->count - 1;
	case 3:
		return !c->gate || d % c->count < (c->count + 1) / 2;
	default:
		return d != c->count;
	}
}

/* ---- channel 0 ------------------------------------------------------------- */

/* Arm the timer for the next rising edge of channel 0, and for all after it. */
static void arm(struct pit *pit)
{
	const struct pit_channel *c = &pit->channel[0];
	bool periodic = mode_of(c) == 2 || mode_of(c) == 3;

	if (!c->counting || mode_of(c) == 1 || mode_of(c) == 5)
		clock_timer_set(pit->timer, 0, 0);
	else
		clock_timer_set(pit->timer, c->start + ns_of(c->count),
				periodic ? (c->count * NSEC + PIT_HZ / 2) / PIT_HZ : 0);
}

void pit_expired(struct pit *pit)
{
	const struct pit_channel *c = &pit->channel[0];

	/* The guest may have set another mode or count since the timer went off. */
	if (!c->counting || elapsed(c, clock_monotonic()) < c->count)
		return;
	if (mode_of(c) == 0)
		pic_set(pit->pic, 0, true);
	else
		pic_pulse(pit->pic, 0);
}

/* ---- registers --------------------------------------------------------------- */

static void load(struct pit *pit, unsigned int nr, uint16_t raw)
{
	struct pit_channel *c = &pit->channel[nr];
	uint32_t count = c->bcd ? from_bcd(raw) : raw;

	c->count = count ? count : (c->bcd ? 10000 : 65536);
	/* In modes 2 and 3 a count of 1 is not allowed; take the shortest. */
	if (c->count == 1 && (mode_of(c) == 2 || mode_of(c) == 3))
		c->count = 2;
	c->counting = true;
	c->start = running(c) ? clock_monotonic() : 0;
	if (nr)
		return;
	if (mode_of(c) == 0)
		pic_set(pit->pic, 0, false);
	arm(pit);
}

static void count_write(struct pit *pit, unsigned int nr, uint8_t value)
{
	struct pit_channel *c = &pit->channel[nr];

	if (c->access == 1) {
		load(pit, nr, value);
	} else if (c->access == 2) {
		load(pit, nr, value << 8);
	} else if (!c->write_high_next) {
		c->write_low = value;
		c->write_high_next = true;
	} else {
		c->write_high_next = false;
		load(pit, nr, value << 8 | c->write_low);
	}
}

static uint8_t count_read(struct pit *pit, unsigned int nr)
{
	struct pit_channel *c = &pit->channel[nr];
	bool high = c->access == 2;
	uint16_t value;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	value = c->latched ? c->latch : current(c, clock_monotonic());
	if (c->access == 3) {
		high = c->read_high_next;
		c->read_high_next = !high;
		if (high)
			c->latched = false;
	} else {
		c->latched = false;
	}
	return high ? value >> 8 : value;
}

static void latch_count(struct pit_channel *c, uint64_t now)
{
	if (c->latched)
		return;
	c->latch = current(c, now);
	c->latched = true;
}

static void latch_status(struct pit_channel *c, uint64_t now)
{
	if (c->status_latched)
		return;
	c->status = output(c, now) << 7 | !c->counting << 6 | c->access << 4 | c->mode << 1 |
		    c->bcd;
	c->status_latched = true;
}

static void control_write(struct pit *pit, uint8_t value)
{
	unsigned int nr = value >> 6, access = value >> 4 & 3;
	uint64_t now = clock_monotonic();
	struct pit_channel *c;

	if (nr == 3) { /* read-back */
		for (unsigned int i = 0; i < 3; i++) {
			if (!(value & 2 << i))
				continue;
			if (!(value & 0x20))
				latch_count(&pit->channel[i], now);
			if (!(value & 0x10))
				latch_status(&pit->channel[i], now);
		}
		return;
	}
	c = &pit->channel[nr];
	if (!access) {
		latch_count(c, now);
		return;
	}
	*c = (struct pit_channel){
		.mode = value >> 1 & 7,
		.access = access,
		.bcd = value & 1,
		.gate = c->gate,
	};
	if (nr)
		return;
	/* The output of mode 0 is low until the count is up, that of the others high. */
	pic_set(pit->pic, 0, false);
	arm(pit);
}

static void port_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct pit *pit = context;

	(void)width;
	if (port == PORT_CONTROL)
		control_write(pit, value);
	else
		count_write(pit, port & 3, value);
}

static uint64_t port_read(void *context, uint64_t port, unsigned int width)
{
	struct pit *pit = context;

	(void)width;
	return port == PORT_CONTROL ? 0xff : count_read(pit, port & 3);
}

/* ---- port 61h ------------------------------------------------------------------ */

static void gate(struct pit_channel *c, bool level)
{
	uint64_t now = clock_monotonic();

	if (level == c->gate)
		return;
	if (c->counting && gate_pauses(c))
		c->start = now - c->start; /* time counted, and the time it seems to have begun */
	else if (level)
		c->start = now;
	else if (running(c) && mode_of(c) != 1 && mode_of(c) != 5)
		c->start = now - c->start;
	c->gate = level;
}

static uint64_t system_read(void *context, uint64_t port, unsigned int width)
{
	struct pit *pit = context;
	const struct pit_channel *c = &pit->channel[2];
	uint64_t now = clock_monotonic();

	(void)port;
	(void)width;
	/* The refresh request toggles every 15 us. */
	return (c->gate ? SYSTEM_GATE2 : 0) | (pit->speaker ? SYSTEM_SPEAKER : 0) |
	       (now / 15085 & 1 ? SYSTEM_REFRESH : 0) | (output(c, now) ? SYSTEM_OUT2 : 0);
}

static void system_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct pit *pit = context;

	(void)port;
	(void)width;
	pit->speaker = value & SYSTEM_SPEAKER;
	gate(&pit->channel[2], value & SYSTEM_GATE2);
}

int pit_init(struct pit *pit, struct pic *pic)
{
	*pit = (struct pit){ .pic = pic };
	for (unsigned int i = 0; i < 3; i++) {
		pit->channel[i].access = 3;
		pit->channel[i].mode = 3;
		pit->channel[i].gate = i != 2;
	}
	pit->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return pit->timer < 0 ? -errno : 0;
}

void pit_destroy(struct pit *pit)
{
	close(pit->timer);
}

int pit_attach(struct pit *pit, struct bus *bus)
{
	struct bus_device timer = { "pit", 1, port_read, port_write, pit };
	struct bus_device system = { "system control", 1, system_read, system_write, pit };
	int err = bus_add_ports(bus, 0x40, 0x43, &timer);

	return err ? err : bus_add_ports(bus, PORT_SYSTEM, PORT_SYSTEM, &system);
}
