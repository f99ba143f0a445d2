/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many objects of each class exist; all must be 0 when the module goes.
 */
#ifndef POSADA_LEDGER_H
#define POSADA_LEDGER_H

#include <linux/atomic.h>

enum ledger_class {
	LEDGER_VM,
	LEDGER_VCPU,
	LEDGER_RANGE,
	LEDGER_TABLE,	/* EPT pages */
	LEDGER_NR,
};

extern atomic_long_t ledger[LEDGER_NR];

static inline void ledger_add(enum ledger_class class)
{
	atomic_long_inc(&ledger[class]);
}

static inline void ledger_remove(enum ledger_class class)
{
	atomic_long_dec(&ledger[class]);
}

#endif /* POSADA_LEDGER_H */
