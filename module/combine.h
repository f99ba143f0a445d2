/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two exceptions at once (SDM 3A 6.15).  Pure.
 */
#ifndef POSADA_COMBINE_H
#define POSADA_COMBINE_H

#include <linux/types.h>

enum combined {
	COMBINE_SECOND,	/* one after the other: the second is delivered */
	COMBINE_DOUBLE,	/* a double fault */
	COMBINE_TRIPLE,	/* shutdown */
};

/**
 * combine - what the CPU does when delivering an exception raises another
 * @first: vector of the exception that was being delivered, 0..31
 * @second: vector of the one raised meanwhile, 0..31
 */
enum combined combine(u8 first, u8 second);

/* Does this exception push an error code outside real mode? (SDM 3A table 6-1) */
bool has_error_code(u8 vector);

#endif /* POSADA_COMBINE_H */
