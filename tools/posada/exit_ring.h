/* SPDX-License-Identifier: GPL-2.0 */
/* The last exits that came to the launcher, for whoever wants to know what led to the end. */
#ifndef POSADA_EXIT_RING_H
#define POSADA_EXIT_RING_H

#include <stdint.h>

#include <linux/posada.h>

#define EXIT_RING 64

/**
 * struct exit_ring - the last exits; zero at first
 * @total: how many there have been
 * @exit: number n is at n % EXIT_RING; @where: port, guest-physical address or MSR
 */
struct exit_ring {
	uint64_t total;
	struct {
		uint64_t rip;
		uint64_t where;
		uint32_t reason;
		uint32_t hw_reason;
	} exit[EXIT_RING];
};

/** exit_ring_add() - one more */
static inline void exit_ring_add(struct exit_ring *ring, const struct posada_run *run)
{
	unsigned int i;

	/* Of the launcher's own making. */
	if (run->reason == POSADA_EXIT_KICK)
		return;
	i = ring->total++ % EXIT_RING;
	ring->exit[i].rip = run->rip;
	ring->exit[i].reason = run->reason;
	ring->exit[i].hw_reason = run->hw_reason;
	/* The first word of each of them. */
	ring->exit[i].where = run->raw[0];
}

#endif /* POSADA_EXIT_RING_H */
