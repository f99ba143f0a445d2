/* SPDX-License-Identifier: GPL-2.0 */
/* The terminal in raw mode, and back again however the program ends. */
#ifndef POSADA_TERMINAL_H
#define POSADA_TERMINAL_H

#include <stdbool.h>

/**
 * terminal_raw() - every key to the guest
 * @fd: a terminal
 *
 * It is undone by terminal_restore(), by exit() and by signals that kill.
 * Return: 0 or -errno; -ENOTTY also if this process is in the background.
 */
int terminal_raw(int fd);

/** terminal_restore() - as it was before; may be called at any time */
void terminal_restore(void);

#endif /* POSADA_TERMINAL_H */
