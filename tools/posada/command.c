// SPDX-License-Identifier: GPL-2.0
/* The control socket: what requests do. */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policies.h"
#include "report.h"
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
	vm_resume(vm);
	return with_ok(report_info(vm));
}

static json_t *do_quit(struct vm *vm, const json_t *request)
{
	(void)request;
	vm_end(vm, END_USER, 0, "quit");
	return yes();
}

/* ---- regs ---------------------------------------------------------------------------- */

struct regs_call {
	struct vm_call call; /* first */
	struct posada_state state;
	int err;
};

static void get_regs(struct vm_call *call)
{
	struct regs_call *regs = (struct regs_call *)call;
	struct driver_vcpu *vcpu = &call->vm->vcpu;

	regs->err = vcpu->driver->state_get(vcpu, &regs->state,
					    POSADA_STATE_REGS | POSADA_STATE_SEGMENTS |
						    POSADA_STATE_CONTROL | POSADA_STATE_DEBUG |
						    POSADA_STATE_EVENTS);
}

/* JSON's numbers are not wide enough. */
static void hex(json_t *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_object_set_new(object, key, json_string(text));
}

static void put_general(json_t *reply, const struct posada_regs *regs)
{
	static const char *const names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp",
					       "rsi", "rdi", "r8",  "r9",  "r10", "r11",
					       "r12", "r13", "r14", "r15" };

	for (int i = 0; i < 16; i++)
		hex(reply, names[i], regs->gpr[i]);
	hex(reply, "rip", regs->rip);
	hex(reply, "rflags", regs->rflags);
}

static void put_segment(json_t *reply, const char *name, const struct posada_segment *s)
{
	json_t *segment = json_object();

	hex(segment, "selector", s->selector);
	hex(segment, "base", s->base);
	hex(segment, "limit", s->limit);
	hex(segment, "access", s->access);
	json_object_set_new(reply, name, segment);
}

static void put_table(json_t *reply, const char *name, const struct posada_table *t)
{
	json_t *table = json_object();

	hex(table, "base", t->base);
	hex(table, "limit", t->limit);
	json_object_set_new(reply, name, table);
}

static void put_segments(json_t *reply, const struct posada_segments *s)
{
	put_segment(reply, "cs", &s->cs);
	put_segment(reply, "ss", &s->ss);
	put_segment(reply, "ds", &s->ds);
	put_segment(reply, "es", &s->es);
	put_segment(reply, "fs", &s->fs);
	put_segment(reply, "gs", &s->gs);
	put_segment(reply, "ldtr", &s->ldtr);
	put_segment(reply, "tr", &s->tr);
	put_table(reply, "gdtr", &s->gdtr);
	put_table(reply, "idtr", &s->idtr);
}

static void put_control(json_t *reply, const struct posada_state *state)
{
	hex(reply, "cr0", state->control.cr0);
	hex(reply, "cr2", state->control.cr2);
	hex(reply, "cr3", state->control.cr3);
	hex(reply, "cr4", state->control.cr4);
	hex(reply, "cr8", state->control.cr8);
	hex(reply, "efer", state->control.efer);
	hex(reply, "xcr0", state->control.xcr0);
	hex(reply, "dr6", state->debug.dr6);
	hex(reply, "dr7", state->debug.dr7);
}

static json_t *do_regs(struct vm *vm, const json_t *request)
{
	struct regs_call regs = { .call.function = get_regs };
	json_t *reply;

	(void)request;
	vm_call_vcpu(vm, &regs.call);
	if (regs.err)
		return no("cannot read the registers: %s", strerror(-regs.err));
	reply = json_object();
	put_general(reply, &regs.state.regs);
	put_segments(reply, &regs.state.segments);
	put_control(reply, &regs.state);
	json_object_set_new(reply, "halted",
			    json_boolean(regs.state.events.activity == POSADA_HALTED));
	return with_ok(reply);
}

/* ---- inject ---------------------------------------------------------------------------- */

static json_t *inject_event(struct vm *vm, uint32_t type, uint32_t vector)
{
	struct posada_interrupt event = { .type = type, .vector = vector };
	int err = vm->vcpu.driver->interrupt(&vm->vcpu, &event);

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
	{ "inject", do_inject }, { "policy", policies_command },
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
