// SPDX-License-Identifier: GPL-2.0
/* A file that is loaded into a guest. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* More than that is no kernel; the memory is needed twice. */
#define IMAGE_MAX (4ULL << 30)

static int read_all(int fd, struct image *image)
{
	size_t done = 0;

	while (done < image->size) {
		ssize_t got = read(fd, image->data + done, image->size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail("cannot read %s: %s.", image->path, strerror(errno));
		if (!got)
			return fail("cannot read %s: it became shorter meanwhile.", image->path);
		done += got;
	}
	return 0;
}

int image_read(struct image *image, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = -1;
	struct stat st;

	*image = (struct image){ .path = path };
	if (fd < 0)
		return fail("cannot open %s: %s.", path, strerror(errno));
	if (fstat(fd, &st)) {
		fail("cannot look at %s: %s.", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		fail("cannot load %s: it is not a regular file.", path);
	} else if (!st.st_size) {
		fail("cannot load %s: it is empty.", path);
	} else if ((uint64_t)st.st_size > IMAGE_MAX) {
		fail("cannot load %s: it is larger than 4 GiB.", path);
	} else {
		image->size = st.st_size;
		image->data = malloc(image->size);
		ret = image->data ? read_all(fd, image) :
				    fail("cannot load %s: out of memory.", path);
	}
	close(fd);
	if (ret)
		image_free(image);
	return ret;
}

void image_free(struct image *image)
{
	free(image->data);
	image->data = NULL;
}
