// SPDX-License-Identifier: GPL-2.0
/* Packets of gdb's remote protocol. */
#include "gdb_packet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONTROL_C 3
#define ESCAPED	  0x20

/* ---- in ------------------------------------------------------------------------------ */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static enum gdb_input outside(struct gdb_reader *reader, uint8_t byte)
{
	switch (byte) {
	case '$':
		reader->state = GDB_INSIDE;
		reader->sum = 0;
		reader->used = 0;
		reader->bad = reader->escaped = false;
		return GDB_NOTHING;
	case CONTROL_C:
		return GDB_INTERRUPT;
	case '+':
		return GDB_ACK;
	case '-':
		return GDB_NACK;
	default:
		return GDB_NOTHING;
	}
}

static enum gdb_input inside(struct gdb_reader *reader, uint8_t byte)
{
	if (byte == '$') /* the one before was cut off */
		return outside(reader, byte);
	if (byte == '#') {
		reader->bad |= reader->escaped;
		reader->state = GDB_SUM_1;
		return GDB_NOTHING;
	}
	reader->sum += byte;
	if (byte == '}' && !reader->escaped) {
		reader->escaped = true;
		return GDB_NOTHING;
	}
	if (reader->escaped)
		byte ^= ESCAPED;
	reader->escaped = false;
	if (reader->used < GDB_PACKET_MAX)
		reader->bytes[reader->used++] = byte;
	else
		reader->bad = true;
	return GDB_NOTHING;
}

static enum gdb_input sum(struct gdb_reader *reader, uint8_t byte)
{
	int value = digit(byte);

	if (value < 0) {
		reader->bad = true;
		value = 0;
	}
	if (reader->state == GDB_SUM_1) {
		reader->told = value << 4;
		reader->state = GDB_SUM_2;
		return GDB_NOTHING;
	}
	reader->state = GDB_OUTSIDE;
	if (reader->bad || (reader->told | value) != reader->sum)
		return GDB_BROKEN;
	reader->bytes[reader->used] = '\0';
	return GDB_PACKET;
}

enum gdb_input gdb_take(struct gdb_reader *reader, uint8_t byte)
{
	switch (reader->state) {
	case GDB_INSIDE:
		return inside(reader, byte);
	case GDB_SUM_1:
	case GDB_SUM_2:
		return sum(reader, byte);
	default:
		return outside(reader, byte);
	}
}

/* ---- out ----------------------------------------------------------------------------- */

void gdb_begin(struct gdb_writer *writer)
{
	writer->full = false;
	writer->bytes[0] = '$';
	writer->used = 1;
}

/* The sum has to fit behind it. */
static void put(struct gdb_writer *writer, char c)
{
	if (writer->used <= GDB_PACKET_MAX)
		writer->bytes[writer->used++] = c;
	else
		writer->full = true;
}

void gdb_put(struct gdb_writer *writer, const void *bytes, size_t len)
{
	const char *c = bytes;

	for (size_t i = 0; i < len; i++) {
		bool special = c[i] == '#' || c[i] == '$' || c[i] == '}' || c[i] == '*';

		if (special)
			put(writer, '}');
		put(writer, special ? c[i] ^ ESCAPED : c[i]);
	}
}

void gdb_print(struct gdb_writer *writer, const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		writer->full = true;
	else
		gdb_put(writer, text, len);
}

void gdb_put_hex(struct gdb_writer *writer, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < len; i++) {
		put(writer, digits[byte[i] >> 4]);
		put(writer, digits[byte[i] & 15]);
	}
}

void gdb_finish(struct gdb_writer *writer)
{
	uint8_t total = 0;
	char end[4];

	if (writer->full) {
		gdb_begin(writer);
		gdb_print(writer, "E5a"); /* EMSGSIZE */
	}
	for (size_t i = 1; i < writer->used; i++)
		total += writer->bytes[i];
	snprintf(end, sizeof(end), "#%02x", total);
	memcpy(writer->bytes + writer->used, end, 3);
	writer->used += 3;
}

/* ---- parsing --------------------------------------------------------------------------- */

bool gdb_word(struct gdb_text *text, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(text->end - text->at) < len || memcmp(text->at, word, len))
		return false;
	text->at += len;
	return true;
}

bool gdb_number(struct gdb_text *text, uint64_t *value)
{
	const char *start = text->at;

	*value = 0;
	for (; text->at < text->end && digit(*text->at) >= 0; text->at++) {
		if (*value >> 60)
			return false;
		*value = *value << 4 | digit(*text->at);
	}
	return text->at > start;
}

bool gdb_bytes(struct gdb_text *text, void *to, size_t len)
{
	uint8_t *byte = to;

	if ((size_t)(text->end - text->at) / 2 < len)
		return false;
	for (size_t i = 0; i < len; i++, text->at += 2) {
		int high = digit(text->at[0]), low = digit(text->at[1]);

		if (high < 0 || low < 0)
			return false;
		byte[i] = high << 4 | low;
	}
	return true;
}

bool gdb_range(struct gdb_text *text, uint64_t *address, uint64_t *length)
{
	return gdb_number(text, address) && gdb_word(text, ",") && gdb_number(text, length);
}
