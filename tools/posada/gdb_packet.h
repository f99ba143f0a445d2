/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets of gdb's remote protocol: "$" text "#" and two hexadecimal digits.
 *
 * Pure.  What comes in is from whoever connected: a reader takes any bytes in any
 * order, and the parsers below never leave the packet.
 */
#ifndef POSADA_GDB_PACKET_H
#define POSADA_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters between "$" and "#", as qSupported tells gdb. */
#define GDB_PACKET_MAX 16384

/* What a byte has completed. */
enum gdb_input {
	GDB_NOTHING,
	GDB_PACKET,    /* gdb_reader.bytes[0..used) */
	GDB_BROKEN,    /* a packet that is too long, or whose sum is wrong */
	GDB_INTERRUPT, /* ^C */
	GDB_ACK,
	GDB_NACK,
};

/**
 * struct gdb_reader - a packet that is coming in; all zero at first
 * @state: what the next byte is
 * @sum: of the bytes so far
 * @told: the sum that the sender has told, its first digit
 * @bad: something in it is wrong
 * @escaped: the last byte was "}"
 * @used: how many bytes there are
 * @bytes: the packet, escapes undone, and a terminator
 */
struct gdb_reader {
	enum {
		GDB_OUTSIDE,
		GDB_INSIDE,
		GDB_SUM_1,
		GDB_SUM_2
	} state;
	uint8_t sum;
	uint8_t told;
	bool bad;
	bool escaped;
	size_t used;
	char bytes[GDB_PACKET_MAX + 1];
};

/** gdb_take() - the next byte */
enum gdb_input gdb_take(struct gdb_reader *reader, uint8_t byte);

/**
 * struct gdb_writer - a packet to be sent
 * @used: bytes so far, with the "$"
 * @full: something did not fit: send an error instead
 * @bytes: as they go over the wire
 */
struct gdb_writer {
	size_t used;
	bool full;
	char bytes[GDB_PACKET_MAX + 4];
};

/** gdb_begin() - start a packet */
void gdb_begin(struct gdb_writer *writer);

/** gdb_put() - add bytes, escaped where that must be */
void gdb_put(struct gdb_writer *writer, const void *bytes, size_t len);

/** gdb_print() - add text */
void gdb_print(struct gdb_writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** gdb_put_hex() - add bytes as hexadecimal digits */
void gdb_put_hex(struct gdb_writer *writer, const void *bytes, size_t len);

/** gdb_finish() - end it with its sum */
void gdb_finish(struct gdb_writer *writer);

/* What is left of a packet to be read. */
struct gdb_text {
	const char *at;
	const char *end;
};

/** gdb_word() - take @word off the front, if it is there */
bool gdb_word(struct gdb_text *text, const char *word);

/** gdb_number() - take a hexadecimal number of 64 bits; false if there is none, or more */
bool gdb_number(struct gdb_text *text, uint64_t *value);

/** gdb_bytes() - take @len bytes, as two digits each */
bool gdb_bytes(struct gdb_text *text, void *to, size_t len);

/** gdb_range() - take "ADDRESS,LENGTH" */
bool gdb_range(struct gdb_text *text, uint64_t *address, uint64_t *length);

/** gdb_done() - nothing is left */
static inline bool gdb_done(const struct gdb_text *text)
{
	return text->at == text->end;
}

#endif /* POSADA_GDB_PACKET_H */
