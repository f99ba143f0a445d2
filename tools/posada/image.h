/* SPDX-License-Identifier: GPL-2.0 */
/* A file that is loaded into a guest.  Nothing in it is to be trusted. */
#ifndef POSADA_IMAGE_H
#define POSADA_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct image - a file in memory
 * @path: for messages
 * @data: its bytes
 * @size: how many
 */
struct image {
	const char *path;
	uint8_t *data;
	size_t size;
};

/** image_read() - read all of a file.  Return: 0, or -1 after fail() */
int image_read(struct image *image, const char *path);

/** image_free() - undo image_read() */
void image_free(struct image *image);

/** image_at() - @len bytes at @offset, or NULL if the file does not have them */
static inline const void *image_at(const struct image *image, uint64_t offset, uint64_t len)
{
	if (offset > image->size || len > image->size - offset)
		return NULL;
	return image->data + offset;
}

#endif /* POSADA_IMAGE_H */
