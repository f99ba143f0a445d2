// SPDX-License-Identifier: GPL-2.0
/* The MC146818 clock of a PC with its CMOS memory. */
#include "dev_rtc.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bus.h"
#include "clock.h"
#include "dev_pic.h"

#define RTC_IRQ 8

enum {
	SECOND,
	SECOND_ALARM,
	MINUTE,
	MINUTE_ALARM,
	HOUR,
	HOUR_ALARM,
	WEEKDAY,
	DAY,
	MONTH,
	YEAR,
	A,
	B,
	C,
	D
};
#define CENTURY	     0x32

#define A_UPDATING   0x80
#define A_RATE	     0x0f
#define A_DIVIDER    0x70
#define A_DIVIDER_ON 0x20
#define B_SET	     0x80
#define B_PERIODIC   0x40
#define B_ALARM	     0x20
#define B_UPDATE     0x10
#define B_BINARY     0x04
#define B_24_HOURS   0x02
#define C_INTERRUPT  0x80
#define D_VALID	     0x80

/* The time registers must not be read for so long before they change. */
#define UPDATE_NS    2228000ULL

static uint64_t guest_time(const struct rtc *rtc)
{
	return clock_ns(CLOCK_REALTIME) + rtc->offset;
}

/* ---- numbers as the registers have them -------------------------------------- */

static uint8_t encode(const struct rtc *rtc, unsigned int value)
{
	return rtc->cmos[B] & B_BINARY ? value : value / 10 << 4 | value % 10;
}

static unsigned int decode(const struct rtc *rtc, uint8_t value)
{
	return rtc->cmos[B] & B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

static uint8_t encode_hour(const struct rtc *rtc, unsigned int hour)
{
	if (rtc->cmos[B] & B_24_HOURS)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);
}

static unsigned int decode_hour(const struct rtc *rtc, uint8_t value)
{
	if (rtc->cmos[B] & B_24_HOURS)
		return decode(rtc, value);
	return decode(rtc, value & 0x7f) % 12 + (value & 0x80 ? 12 : 0);
}

static void time_to_registers(struct rtc *rtc, uint64_t ns)
{
	time_t seconds = ns / NSEC;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	rtc->cmos[SECOND] = encode(rtc, tm.tm_sec);
	rtc->cmos[MINUTE] = encode(rtc, tm.tm_min);
	rtc->cmos[HOUR] = encode_hour(rtc, tm.tm_hour);
	rtc->cmos[WEEKDAY] = encode(rtc, tm.tm_wday + 1);
	rtc->cmos[DAY] = encode(rtc, tm.tm_mday);
	rtc->cmos[MONTH] = encode(rtc, tm.tm_mon + 1);
	rtc->cmos[YEAR] = encode(rtc, tm.tm_year % 100);
	rtc->cmos[CENTURY] = encode(rtc, (tm.tm_year + 1900) / 100);
}

/* What the guest has written is the time from now on, on the whole second. */
static void registers_to_time(struct rtc *rtc)
{
	struct tm tm = {
		.tm_sec = decode(rtc, rtc->cmos[SECOND]),
		.tm_min = decode(rtc, rtc->cmos[MINUTE]),
		.tm_hour = decode_hour(rtc, rtc->cmos[HOUR]),
		.tm_mday = decode(rtc, rtc->cmos[DAY]),
		.tm_mon = (int)decode(rtc, rtc->cmos[MONTH]) - 1,
		.tm_year = (int)(decode(rtc, rtc->cmos[CENTURY]) * 100 +
				 decode(rtc, rtc->cmos[YEAR])) -
			   1900,
	};
	int64_t seconds = timegm(&tm);

	if (seconds < 0)
		seconds = 0;
	rtc->offset = (int64_t)(seconds * NSEC - clock_ns(CLOCK_REALTIME));
	rtc->seen_second = seconds;
}

/* ---- interrupts ---------------------------------------------------------------- */

static uint64_t period_ns(const struct rtc *rtc)
{
	unsigned int rate = rtc->cmos[A] & A_RATE;

	if (!rate || (rtc->cmos[A] & A_DIVIDER) != A_DIVIDER_ON)
		return 0;
	if (rate < 3)
		rate += 7;
	return NSEC * (1ULL << (rate - 1)) / 32768;
}

static void raise_irq(struct rtc *rtc, uint8_t why)
{
	rtc->cmos[C] |= why;
	if (rtc->cmos[C] & rtc->cmos[B] & (B_PERIODIC | B_ALARM | B_UPDATE)) {
		rtc->cmos[C] |= C_INTERRUPT;
		pic_set(rtc->pic, RTC_IRQ, true);
	}
}

static void arm(struct rtc *rtc)
{
	uint64_t period = rtc->cmos[B] & B_PERIODIC ? period_ns(rtc) : 0;
	bool seconds = !(rtc->cmos[B] & B_SET) && rtc->cmos[B] & (B_ALARM | B_UPDATE);
	uint64_t now = clock_monotonic();

	clock_timer_set(rtc->periodic, period ? now + period : 0, period);
	clock_timer_set(rtc->second, seconds ? now + NSEC - guest_time(rtc) % NSEC : 0, NSEC);
}

void rtc_periodic_expired(struct rtc *rtc)
{
	if (rtc->cmos[B] & B_PERIODIC)
		raise_irq(rtc, B_PERIODIC);
}

/* A register with its two top bits set matches always. */
static bool alarm_matches(const struct rtc *rtc, unsigned int reg, unsigned int alarm)
{
	return rtc->cmos[alarm] >= 0xc0 || rtc->cmos[alarm] == rtc->cmos[reg];
}

/* Bring register C up to the present second. */
static void catch_up(struct rtc *rtc)
{
	uint64_t now = guest_time(rtc);

	if (rtc->cmos[B] & B_SET || now / NSEC == rtc->seen_second)
		return;
	rtc->seen_second = now / NSEC;
	time_to_registers(rtc, now);
	raise_irq(rtc, B_UPDATE);
	if (alarm_matches(rtc, SECOND, SECOND_ALARM) && alarm_matches(rtc, MINUTE, MINUTE_ALARM) &&
	    alarm_matches(rtc, HOUR, HOUR_ALARM))
		raise_irq(rtc, B_ALARM);
}

void rtc_second_expired(struct rtc *rtc)
{
	catch_up(rtc);
}

/* ---- registers ------------------------------------------------------------------ */

static bool is_time(unsigned int index)
{
	return index == SECOND || index == MINUTE ||
	       (index >= HOUR && index <= YEAR && index != HOUR_ALARM) || index == CENTURY;
}

static uint8_t register_read(struct rtc *rtc, unsigned int index)
{
	uint8_t value;

	if (is_time(index) && !(rtc->cmos[B] & B_SET))
		time_to_registers(rtc, guest_time(rtc));
	if (index == A && !(rtc->cmos[B] & B_SET) && guest_time(rtc) % NSEC >= NSEC - UPDATE_NS)
		return rtc->cmos[A] | A_UPDATING;
	if (index != C)
		return rtc->cmos[index];
	catch_up(rtc);
	value = rtc->cmos[C];
	rtc->cmos[C] = 0;
	pic_set(rtc->pic, RTC_IRQ, false);
	return value;
}

static void register_write(struct rtc *rtc, unsigned int index, uint8_t value)
{
	bool was_set = rtc->cmos[B] & B_SET;

	switch (index) {
	case A:
		rtc->cmos[A] = value & ~A_UPDATING;
		arm(rtc);
		return;
	case B:
		/* The clock stops while SET is 1, with the registers as they are then. */
		if (!was_set && value & B_SET)
			time_to_registers(rtc, guest_time(rtc));
		if (was_set && !(value & B_SET))
			registers_to_time(rtc);
		if (value & B_SET)
			value &= ~B_UPDATE;
		rtc->cmos[B] = value;
		arm(rtc);
		raise_irq(rtc, 0);
		return;
	case C:
	case D:
		return;
	}
	if (is_time(index) && !was_set)
		time_to_registers(rtc, guest_time(rtc));
	rtc->cmos[index] = value;
	if (is_time(index) && !was_set)
		registers_to_time(rtc);
}

static uint64_t port_read(void *context, uint64_t port, unsigned int width)
{
	struct rtc *rtc = context;

	(void)width;
	return port & 1 ? register_read(rtc, rtc->index) : rtc->index;
}

static void port_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct rtc *rtc = context;

	(void)width;
	if (port & 1)
		register_write(rtc, rtc->index, value);
	else
		rtc->index = value & (CMOS_SIZE - 1);
}

static void set16(struct rtc *rtc, unsigned int index, uint64_t value)
{
	if (value > 0xffff)
		value = 0xffff;
	rtc->cmos[index] = value;
	rtc->cmos[index + 1] = value >> 8;
}

static void memory_sizes(struct rtc *rtc, uint64_t below_4g, uint64_t above_4g)
{
	uint64_t extended = below_4g > 1 << 20 ? (below_4g - (1 << 20)) >> 10 : 0;
	uint64_t above_16m = below_4g > 16 << 20 ? (below_4g - (16 << 20)) >> 16 : 0;

	set16(rtc, 0x15, 640);
	set16(rtc, 0x17, extended);
	set16(rtc, 0x30, extended);
	set16(rtc, 0x34, above_16m);
	rtc->cmos[0x5b] = above_4g >> 16;
	rtc->cmos[0x5c] = above_4g >> 24;
	rtc->cmos[0x5d] = above_4g >> 32;
}

int rtc_init(struct rtc *rtc, struct pic *pic, uint64_t below_4g, uint64_t above_4g)
{
	*rtc = (struct rtc){ .pic = pic };
	rtc->cmos[A] = A_DIVIDER_ON | 6;
	rtc->cmos[B] = B_24_HOURS;
	rtc->cmos[D] = D_VALID;
	rtc->seen_second = guest_time(rtc) / NSEC;
	time_to_registers(rtc, guest_time(rtc));
	memory_sizes(rtc, below_4g, above_4g);
	rtc->periodic = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (rtc->periodic < 0)
		return -errno;
	rtc->second = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (rtc->second >= 0)
		return 0;
	close(rtc->periodic);
	return -errno;
}

void rtc_destroy(struct rtc *rtc)
{
	close(rtc->second);
	close(rtc->periodic);
}

int rtc_attach(struct rtc *rtc, struct bus *bus)
{
	struct bus_device device = { "rtc", 1, port_read, port_write, rtc };

	return bus_add_ports(bus, 0x70, 0x71, &device);
}
