/* SPDX-License-Identifier: GPL-2.0 */
/* The compiler's part of the layout test; compiled for 32 bits, too. */
#include <stddef.h>
#include <linux/posada.h>

#define STRUCT(type, bytes)						\
	_Static_assert(sizeof(struct type) == (bytes), "size of struct " #type);
#define FIELD(type, name, offset, bytes)				\
	_Static_assert(offsetof(struct type, name) == (offset),		\
		       "offset of " #type "." #name);			\
	_Static_assert(sizeof(((struct type *)0)->name) == (bytes),	\
		       "size of " #type "." #name);
#define MEMBER FIELD
#include "layout.inc"
#undef STRUCT
#undef FIELD
#undef MEMBER
