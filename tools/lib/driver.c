// SPDX-License-Identifier: GPL-2.0
/* Drivers by name. */
#include "driver.h"

#include <stddef.h>
#include <string.h>

static const struct driver *const drivers[] = {
	&driver_posada,
	&driver_kvm,
};

const struct driver *driver_find(const char *name)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(drivers[i]->name, name))
			return drivers[i];
	return NULL;
}
