// SPDX-License-Identifier: GPL-2.0
/* One program that is every test: which one, its name says. */
#include <stdio.h>
#include <string.h>

#define TEST_PROGRAM(name, main) int main(int argc, char **argv);
#include "tests.h"
#undef TEST_PROGRAM

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} programs[] = {
#define TEST_PROGRAM(name, main) { name, main },
#include "tests.h"
};

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!strcmp(last_part(programs[i].name), last_part(argv[0])))
			return programs[i].main(argc, argv);
	fprintf(stderr, "%s: no test of this name; there are:\n", argv[0]);
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		fprintf(stderr, "\t%s\n", programs[i].name);
	return 2;
}
