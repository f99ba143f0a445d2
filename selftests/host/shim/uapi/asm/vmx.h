/* SPDX-License-Identifier: GPL-2.0 */
/* Exit reasons, which no pure code needs. */
