// SPDX-License-Identifier: GPL-2.0
/* The control socket: what requests do. */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policies.h"
#include "report.h"
#include "report_vcpu.h"
#include "vm.h"

static json_t *yes(void)
{
	return json_pack("{s:b}", "ok", 1);
}

static json_t *no(const char *format, ...) __attribute__((format(printf, 1, 2)));

static json_t *no(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

static json_t *with_ok(json_t *reply)
{
	json_object_set_new(reply, "ok", json_true());
	return reply;
}

static json_t *do_info(struct vm *vm, const json_t *request)
{
	(void)request;
	return with_ok(report_info(vm));
}

static json_t *do_stat(struct vm *vm, const json_t *request)
{
	(void)request;
	return with_ok(report_stats(vm));
}

static json_t *do_pause(struct vm *vm, const json_t *request)
{
	(void)request;
	vm_request(vm, REQUEST_PAUSE);
	return with_ok(report_info(vm));
}

static json_t *do_resume(struct vm *vm, const json_t *request)
{
	(void)request;
	vm_release(vm, REQUEST_PAUSE);
	return with_ok(report_info(vm));
}

static json_t *do_quit(struct vm *vm, const json_t *request)
{
	(void)request;
	vm_end(vm, END_USER, 0, "quit");
	return yes();
}

/* ---- regs, exits -------------------------------------------------------------------- */

struct report_call {
	struct vm_call call; /* first */
	json_t *(*report)(struct vm *vm);
	json_t *reply;
};

static void make_report(struct vm_call *call)
{
	struct report_call *report = (struct report_call *)call;

	report->reply = report->report(call->vm);
}

static json_t *ask_vcpu(struct vm *vm, json_t *(*function)(struct vm *vm))
{
	struct report_call report = { .call.function = make_report, .report = function };
	const char *error;
	json_t *reply;

	vm_call_vcpu(vm, &report.call);
	error = json_string_value(json_object_get(report.reply, "error"));
	if (!error)
		return with_ok(report.reply);
	reply = no("cannot read the registers: %s", error);
	json_decref(report.reply);
	return reply;
}

static json_t *do_regs(struct vm *vm, const json_t *request)
{
	(void)request;
	return ask_vcpu(vm, report_regs);
}

static json_t *do_exits(struct vm *vm, const json_t *request)
{
	(void)request;
	return ask_vcpu(vm, report_exits);
}

/* ---- move -------------------------------------------------------------------------------- */

struct move_call {
	struct vm_call call; /* first */
	enum vm_move into;
	int err;
};

static void move(struct vm_call *call)
{
	struct move_call *m = (struct move_call *)call;

	/* It may have ended before its thread got here, and be without one. */
	m->err = m->call.vm->vcpu_gone ? -ESRCH : vm_move(m->call.vm, m->into);
}

static json_t *do_move(struct vm *vm, const json_t *request)
{
	const char *into = json_string_value(json_object_get(request, "into"));
	struct move_call m = { .call.function = move };

	if (!into || (strcmp(into, "vm") && strcmp(into, "vcpu")))
		return no("move into what: \"vm\" or \"vcpu\"?");
	if (vm->gdb)
		return no("it cannot be moved under a debugger (--gdb)");
	m.into = strcmp(into, "vm") ? MOVE_VCPU : MOVE_VM;
	vm_call_vcpu(vm, &m.call);
	if (m.err)
		return no("it cannot be moved: %s", strerror(-m.err));
	return json_pack("{s:b, s:i}", "ok", 1, "moves", (int)vm->moves);
}

/* ---- inject ---------------------------------------------------------------------------- */

static json_t *inject_event(struct vm *vm, uint32_t type, uint32_t vector)
{
	struct posada_interrupt event = { .type = type, .vector = vector };
	int err = vm_interrupt(vm, &event);

	return err ? no("the driver refuses it: %s", strerror(-err)) : yes();
}

static json_t *inject_irq(struct vm *vm, json_int_t irq)
{
	bool masked;

	if (irq < 0 || irq >= PIC_LINES || irq == 2)
		return no("an IRQ is 0..15, but not 2, where the second PIC is");
	pthread_mutex_lock(&vm->lock);
	pic_pulse(&vm->pic, irq);
	masked = pic_masked(&vm->pic, irq);
	pthread_mutex_unlock(&vm->lock);
	return json_pack("{s:b, s:b}", "ok", 1, "masked", masked);
}

static json_t *do_inject(struct vm *vm, const json_t *request)
{
	const json_t *irq = json_object_get(request, "irq"),
		     *vector = json_object_get(request, "vector");

	if (json_is_true(json_object_get(request, "nmi")))
		return inject_event(vm, POSADA_INTERRUPT_NMI, 0);
	if (json_is_integer(irq))
		return inject_irq(vm, json_integer_value(irq));
	if (!json_is_integer(vector))
		return no("inject what: \"irq\", \"vector\" or \"nmi\"?");
	if (json_integer_value(vector) < 16 || json_integer_value(vector) > 255)
		return no("a vector is 16..255");
	return inject_event(vm, POSADA_INTERRUPT_VECTOR, json_integer_value(vector));
}

static const struct {
	const char *name;
	json_t *(*function)(struct vm *vm, const json_t *request);
} commands[] = {
	{ "info", do_info },	 { "stat", do_stat },	  { "regs", do_regs },
	{ "pause", do_pause },	 { "resume", do_resume }, { "quit", do_quit },
	{ "inject", do_inject }, { "move", do_move },	  { "policy", policies_command },
	{ "exits", do_exits },
};

json_t *control_command(struct vm *vm, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "command"));

	if (!json_is_object(request) || !name)
		return no("a request is a JSON object with \"command\", on one line");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].function(vm, request);
	return no("no such command");
}
