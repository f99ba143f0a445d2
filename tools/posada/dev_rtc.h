/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MC146818 clock of a PC with its CMOS memory: time of the host, alarm,
 * periodic and update-ended interrupts on IRQ 8, memory sizes for a BIOS.
 */
#ifndef POSADA_DEV_RTC_H
#define POSADA_DEV_RTC_H

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct pic;

#define CMOS_SIZE 128

struct rtc {
	uint8_t cmos[CMOS_SIZE]; /* time registers only while the guest sets them */
	uint8_t index;
	int64_t offset;	      /* ns of the guest's time over the host's */
	uint64_t seen_second; /* the last second that register C knows of */
	struct pic *pic;
	int periodic; /* timerfd */
	int second;   /* timerfd, at the turn of each second while wanted */
};

/**
 * rtc_init() - as a BIOS would leave it
 * @rtc: out
 * @pic: for IRQ 8
 * @below_4g: RAM below 4 GiB, from 0
 * @above_4g: RAM above
 *
 * Return: 0 or -errno.
 */
int rtc_init(struct rtc *rtc, struct pic *pic, uint64_t below_4g, uint64_t above_4g);

/** rtc_destroy() - undo rtc_init() */
void rtc_destroy(struct rtc *rtc);

/** rtc_attach() - ports 70h and 71h */
int rtc_attach(struct rtc *rtc, struct bus *bus);

/** rtc_periodic_expired() - rtc->periodic went off */
void rtc_periodic_expired(struct rtc *rtc);

/** rtc_second_expired() - rtc->second went off */
void rtc_second_expired(struct rtc *rtc);

#endif /* POSADA_DEV_RTC_H */
