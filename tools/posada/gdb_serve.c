// SPDX-License-Identifier: GPL-2.0
/* posada run --gdb: what packets ask for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb.h"
#include "vm.h"

/* What a handler answers. */
enum answer {
	SEND,	/* what it has written, also if that is nothing: unknown to us */
	OK,	/* "OK" */
	SILENT, /* the guest runs; the answer is the next stop */
	HANG_UP,
	ERROR, /* from here on: "E" and the errno */
};

static int error(int err)
{
	return err ? ERROR + err : OK;
}

/* ---- registers ------------------------------------------------------------------------ */

static int get_all(struct gdb *gdb, struct gdb_text *text)
{
	uint8_t value[GDB_REGISTER_MAX];
	int err = gdb_load_cpu(gdb);

	(void)text;
	for (unsigned int i = 0; !err && i < gdb_register_count(gdb->cpu.wide); i++) {
		gdb_register_get(&gdb->cpu, i, value);
		gdb_put_hex(&gdb->writer, value, gdb_register_size(gdb->cpu.wide, i));
	}
	return err ? error(err) : SEND;
}

/* Return: 0 or an errno; @groups is what it has changed. */
static int set_one(struct gdb *gdb, unsigned int number, struct gdb_text *text, uint32_t *groups)
{
	uint8_t value[GDB_REGISTER_MAX] = { 0 };
	unsigned int size = gdb_register_size(gdb->cpu.wide, number);
	int group;

	if (!size || !gdb_bytes(text, value, size))
		return EINVAL;
	group = gdb_register_set(&gdb->cpu, number, value);
	if (group < 0)
		return EOPNOTSUPP;
	*groups |= group;
	return 0;
}

static int set_all(struct gdb *gdb, struct gdb_text *text)
{
	uint32_t groups = 0;
	int err = gdb_load_cpu(gdb);

	/* An older gdb sends those that it knows. */
	for (unsigned int i = 0; !err && !gdb_done(text); i++)
		err = set_one(gdb, i, text, &groups);
	if (err)
		gdb->cpu_valid = false;
	return error(err ? err : gdb_store_cpu(gdb, groups));
}

static int get_register(struct gdb *gdb, struct gdb_text *text)
{
	uint8_t value[GDB_REGISTER_MAX];
	uint64_t number;
	int err = gdb_load_cpu(gdb);

	if (err)
		return error(err);
	if (!gdb_number(text, &number) || number >= gdb_register_count(gdb->cpu.wide))
		return error(EINVAL);
	gdb_register_get(&gdb->cpu, number, value);
	gdb_put_hex(&gdb->writer, value, gdb_register_size(gdb->cpu.wide, number));
	return SEND;
}

static int set_register(struct gdb *gdb, struct gdb_text *text)
{
	uint32_t groups = 0;
	uint64_t number;
	int err = gdb_load_cpu(gdb);

	if (err)
		return error(err);
	if (!gdb_number(text, &number) || number > UINT8_MAX || !gdb_word(text, "="))
		return error(EINVAL);
	err = set_one(gdb, number, text, &groups);
	if (err)
		gdb->cpu_valid = false;
	return error(err ? err : gdb_store_cpu(gdb, groups));
}

/* ---- memory ------------------------------------------------------------------------------ */

#define CHUNK (GDB_PACKET_MAX / 2)

static int get_memory(struct gdb *gdb, struct gdb_text *text)
{
	struct gdb_memory memory;
	uint64_t address, len;
	uint8_t bytes[CHUNK];
	size_t got;
	int err = gdb_load_cpu(gdb);

	if (err)
		return error(err);
	if (!gdb_range(text, &address, &len) || !gdb_done(text))
		return error(EINVAL);
	if (len > CHUNK)
		len = CHUNK;
	memory = gdb_memory_of(gdb);
	got = gdb_break_read(&gdb->breaks, &memory, address, bytes, len);
	if (!got && len)
		return error(EFAULT);
	gdb_put_hex(&gdb->writer, bytes, got);
	return SEND;
}

static int put_memory(struct gdb *gdb, uint64_t address, const void *bytes, size_t len)
{
	struct gdb_memory memory;
	int err = gdb_load_cpu(gdb);

	if (err)
		return error(err);
	memory = gdb_memory_of(gdb);
	if (!gdb_break_write(&gdb->breaks, &memory, address, bytes, len))
		return error(EFAULT);
	return OK;
}

static int set_memory(struct gdb *gdb, struct gdb_text *text)
{
	uint64_t address, len;
	uint8_t bytes[CHUNK];

	if (!gdb_range(text, &address, &len) || !gdb_word(text, ":") || len > CHUNK ||
	    !gdb_bytes(text, bytes, len) || !gdb_done(text))
		return error(EINVAL);
	return put_memory(gdb, address, bytes, len);
}

static int set_memory_binary(struct gdb *gdb, struct gdb_text *text)
{
	uint64_t address, len;

	if (!gdb_range(text, &address, &len) || !gdb_word(text, ":") ||
	    len != (size_t)(text->end - text->at))
		return error(EINVAL);
	return put_memory(gdb, address, text->at, len);
}

static int get_physical(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb_print(&gdb->writer, "%d", gdb->physical);
	return SEND;
}

static int set_physical(struct gdb *gdb, struct gdb_text *text)
{
	uint64_t yes;

	if (!gdb_number(text, &yes))
		return error(EINVAL);
	gdb->physical = yes;
	return OK;
}

/* ---- run and stop ------------------------------------------------------------------------- */

static int go(struct gdb *gdb, bool step)
{
	int err = gdb_go(gdb, step);

	return err ? error(err) : SILENT;
}

/* c, s: with an address, from there */
static int go_from(struct gdb *gdb, struct gdb_text *text, bool step)
{
	uint64_t rip;
	int err = 0;

	if (gdb_number(text, &rip)) {
		err = gdb_load_cpu(gdb);
		if (!err) {
			gdb->cpu.state.regs.rip = rip;
			err = gdb_store_cpu(gdb, POSADA_STATE_REGS);
		}
	}
	return err ? error(err) : go(gdb, step);
}

static int do_continue(struct gdb *gdb, struct gdb_text *text)
{
	return go_from(gdb, text, false);
}

static int do_step(struct gdb *gdb, struct gdb_text *text)
{
	return go_from(gdb, text, true);
}

/* C, S: a signal means nothing to a guest */
static int do_continue_signal(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	return go(gdb, false);
}

static int do_step_signal(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	return go(gdb, true);
}

/* With one thread the first action is the one that counts. */
static int do_vcont(struct gdb *gdb, struct gdb_text *text)
{
	if (gdb_word(text, "?")) {
		gdb_print(&gdb->writer, "vCont;c;C;s;S");
		return SEND;
	}
	if (!gdb_word(text, ";"))
		return error(EINVAL);
	if (gdb_word(text, "c") || gdb_word(text, "C"))
		return go(gdb, false);
	if (gdb_word(text, "s") || gdb_word(text, "S"))
		return go(gdb, true);
	return error(EINVAL);
}

static int why_stopped(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb_put_stop(gdb, &gdb->writer);
	return SEND;
}

static int do_kill(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	vm_end(gdb->vm, END_USER, 0, "killed by gdb");
	return HANG_UP;
}

static int do_vkill(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	vm_end(gdb->vm, END_USER, 0, "killed by gdb");
	return OK;
}

static int do_detach(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb_detach(gdb);
	return OK;
}

/* ---- breakpoints --------------------------------------------------------------------------- */

static int change_break(struct gdb *gdb, struct gdb_text *text, bool insert)
{
	uint64_t type, address, kind;
	struct gdb_memory memory;
	int err = gdb_load_cpu(gdb);

	if (err)
		return error(err);
	if (!gdb_number(text, &type) || !gdb_word(text, ",") || !gdb_range(text, &address, &kind))
		return error(EINVAL);
	if (type > GDB_WATCH_ACCESS)
		return SEND;
	/* Conditions behind it are gdb's own business: it was not offered them. */
	memory = gdb_memory_of(gdb);
	if (insert)
		return error(gdb_break_insert(&gdb->breaks, &memory, type, address, kind));
	return error(gdb_break_remove(&gdb->breaks, memory.ram, type, address, kind));
}

static int insert_break(struct gdb *gdb, struct gdb_text *text)
{
	return change_break(gdb, text, true);
}

static int remove_break(struct gdb *gdb, struct gdb_text *text)
{
	return change_break(gdb, text, false);
}

/* ---- questions ------------------------------------------------------------------------------- */

static int supported(struct gdb *gdb, struct gdb_text *text)
{
	/* The packet ends in a terminator. */
	gdb->hardware_word = strstr(text->at, "hwbreak+") && strstr(text->at, "swbreak+");
	gdb_print(
		&gdb->writer,
		"PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;hwbreak+;swbreak+",
		GDB_PACKET_MAX);
	return SEND;
}

static int start_no_ack(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb->no_ack = true;
	return OK;
}

static int read_target(struct gdb *gdb, struct gdb_text *text)
{
	uint64_t offset, len;
	size_t size, here;
	char *xml;
	int err = gdb_load_cpu(gdb);

	if (err)
		return error(err);
	if (!gdb_range(text, &offset, &len))
		return error(EINVAL);
	xml = gdb_target_xml(gdb->cpu.wide);
	if (!xml)
		return error(ENOMEM);
	gdb->described = true;
	size = strlen(xml);
	if (offset > size)
		offset = size;
	here = size - offset;
	/* Escapes may make it twice as long. */
	if (here > len)
		here = len;
	if (here > CHUNK - 8)
		here = CHUNK - 8;
	gdb_put(&gdb->writer, here < size - offset ? "m" : "l", 1);
	gdb_put(&gdb->writer, xml + offset, here);
	free(xml);
	return SEND;
}

static int threads(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb_print(&gdb->writer, "m1");
	return SEND;
}

static int no_more_threads(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb_print(&gdb->writer, "l");
	return SEND;
}

/* Not "qCRC:". */
static int current_thread(struct gdb *gdb, struct gdb_text *text)
{
	if (gdb_done(text))
		gdb_print(&gdb->writer, "QC1");
	return SEND;
}

static int thread_name(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb_put_hex(&gdb->writer, "vCPU 0", 6);
	return SEND;
}

/* gdb shall leave the guest running when it quits. */
static int attached(struct gdb *gdb, struct gdb_text *text)
{
	(void)text;
	gdb_print(&gdb->writer, "1");
	return SEND;
}

static int yes(struct gdb *gdb, struct gdb_text *text)
{
	(void)gdb;
	(void)text;
	return OK;
}

static int do_monitor(struct gdb *gdb, struct gdb_text *text)
{
	char command[256];
	size_t len = (text->end - text->at) / 2, at = 0;
	char *told;

	if (len >= sizeof(command) || !gdb_bytes(text, command, len) || !gdb_done(text))
		return error(EINVAL);
	command[len] = '\0';
	told = gdb_monitor(gdb, command);
	if (!told)
		return error(ENOMEM);
	/* As console output, piece by piece, and then the "OK". */
	for (len = strlen(told); at < len;) {
		size_t here = len - at < CHUNK - 8 ? len - at : CHUNK - 8;

		gdb_begin(&gdb->writer);
		gdb_print(&gdb->writer, "O");
		gdb_put_hex(&gdb->writer, told + at, here);
		gdb_finish(&gdb->writer);
		if (!gdb_send(gdb))
			break;
		at += here;
	}
	free(told);
	gdb_begin(&gdb->writer);
	return at < len ? HANG_UP : OK;
}

/* ---- the table --------------------------------------------------------------------------------- */

/* The first that fits: longer words before their beginnings. */
static const struct {
	const char *word;
	int (*serve)(struct gdb *gdb, struct gdb_text *text);
} rows[] = {
	{ "qSupported", supported },
	{ "QStartNoAckMode", start_no_ack },
	{ "qXfer:features:read:target.xml:", read_target },
	{ "qfThreadInfo", threads },
	{ "qsThreadInfo", no_more_threads },
	{ "qThreadExtraInfo,", thread_name },
	{ "qC", current_thread },
	{ "qAttached", attached },
	{ "qRcmd,", do_monitor },
	{ "qqemu.PhyMemMode", get_physical },
	{ "Qqemu.PhyMemMode:", set_physical },
	{ "vCont", do_vcont },
	{ "vKill", do_vkill },
	{ "H", yes },
	{ "T", yes },
	{ "?", why_stopped },
	{ "g", get_all },
	{ "G", set_all },
	{ "p", get_register },
	{ "P", set_register },
	{ "m", get_memory },
	{ "M", set_memory },
	{ "X", set_memory_binary },
	{ "c", do_continue },
	{ "C", do_continue_signal },
	{ "s", do_step },
	{ "S", do_step_signal },
	{ "Z", insert_break },
	{ "z", remove_break },
	{ "D", do_detach },
	{ "k", do_kill },
};

bool gdb_serve(struct gdb *gdb)
{
	struct gdb_text text = { gdb->reader.bytes, gdb->reader.bytes + gdb->reader.used };
	int answer = SEND;

	gdb_begin(&gdb->writer);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!gdb_word(&text, rows[i].word))
			continue;
		answer = rows[i].serve(gdb, &text);
		break;
	}
	if (answer == SILENT)
		return true;
	if (answer == HANG_UP)
		return false;
	if (answer == OK)
		gdb_print(&gdb->writer, "OK");
	if (answer >= ERROR) {
		gdb_begin(&gdb->writer);
		gdb_print(&gdb->writer, "E%02x", (answer - ERROR) & 0xff);
	}
	gdb_finish(&gdb->writer);
	return gdb_send(gdb);
}
