// SPDX-License-Identifier: GPL-2.0
/* A 16550A serial port. */
#include "dev_serial.h"

#include "bus.h"
#include "dev_pic.h"

enum {
	DATA,
	IER,
	IIR,
	LCR,
	MCR,
	LSR,
	MSR,
	SCR
};

#define IER_RECEIVED 0x01
#define IER_THRE     0x02
#define IER_LINE     0x04
#define IER_MODEM    0x08

#define IIR_NONE     0x01
#define IIR_MODEM    0x00
#define IIR_THRE     0x02
#define IIR_RECEIVED 0x04
#define IIR_LINE     0x06
#define IIR_TIMEOUT  0x0c
#define IIR_FIFO     0xc0

#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02
#define FCR_CLEAR_TX 0x04

#define LCR_DLAB     0x80

#define MCR_DTR	     0x01
#define MCR_RTS	     0x02
#define MCR_OUT1     0x04
#define MCR_OUT2     0x08 /* lets the interrupt out, on a PC */
#define MCR_LOOP     0x10

#define LSR_READY    0x01
#define LSR_OVERRUN  0x02
#define LSR_BREAK    0x10
#define LSR_THRE     0x20
#define LSR_EMPTY    0x40
#define LSR_ERRORS   0x1e

#define MSR_CTS	     0x10
#define MSR_DSR	     0x20
#define MSR_RING     0x40
#define MSR_CARRIER  0x80

static unsigned int depth(const struct serial *s)
{
	return s->fcr & FCR_ENABLE ? SERIAL_FIFO : 1;
}

static unsigned int trigger(const struct serial *s)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return s->fcr & FCR_ENABLE ? levels[s->fcr >> 6] : 1;
}

static void push(struct serial *s, uint8_t c)
{
	if (s->count >= depth(s)) {
		s->lsr |= LSR_OVERRUN;
		return;
	}
	s->fifo[(s->head + s->count++) % SERIAL_FIFO] = c;
}

static uint8_t pop(struct serial *s)
{
	uint8_t c = s->fifo[s->head];

	if (!s->count)
		return 0;
	s->head = (s->head + 1) % SERIAL_FIFO;
	s->count--;
	return c;
}

/* The reason to interrupt with the highest priority. */
static uint8_t cause(const struct serial *s)
{
	if (s->ier & IER_LINE && s->lsr & LSR_ERRORS)
		return IIR_LINE;
	if (s->ier & IER_RECEIVED && s->count)
		return s->count >= trigger(s) ? IIR_RECEIVED : IIR_TIMEOUT;
	if (s->ier & IER_THRE && s->thre_pending)
		return IIR_THRE;
	if (s->ier & IER_MODEM && s->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update(struct serial *s)
{
	bool out = s->mcr & MCR_OUT2 && !(s->mcr & MCR_LOOP);

	pic_set(s->pic, s->irq, out && cause(s) != IIR_NONE);
}

/*
 * Take what the wire has, once the guest wants it: a driver that has not
 * opened the port yet would throw it away.
 */
static void pull(struct serial *s)
{
	if (!(s->ier & IER_RECEIVED) && !s->polls)
		return;
	if (s->mcr & MCR_LOOP)
		return;
	while (s->count < depth(s)) {
		int c = s->wire.get(s->wire.context);

		if (c < 0)
			break;
		push(s, c);
	}
}

void serial_input(struct serial *s)
{
	pull(s);
	update(s);
}

void serial_room(struct serial *s)
{
	if (!s->holding || !s->wire.put(s->wire.context, s->held))
		return;
	s->holding = false;
	s->thre_pending = true;
	update(s);
}

void serial_break(struct serial *s)
{
	s->lsr |= LSR_BREAK;
	push(s, 0);
	update(s);
}

static void send(struct serial *s, uint8_t c)
{
	s->thre_pending = false;
	if (s->mcr & MCR_LOOP) {
		push(s, c);
		s->thre_pending = true;
	} else if (s->holding) {
		s->held = c; /* written without looking at LSR: the one before is lost */
	} else if (s->wire.put(s->wire.context, c)) {
		s->thre_pending = true;
	} else {
		s->holding = true;
		s->held = c;
	}
	update(s);
}

static uint8_t modem_status(const struct serial *s)
{
	if (!(s->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_CARRIER | s->msr_delta;
	return (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
	       (s->mcr & MCR_OUT1 ? MSR_RING : 0) | (s->mcr & MCR_OUT2 ? MSR_CARRIER : 0) |
	       s->msr_delta;
}

static uint8_t read_data(struct serial *s)
{
	uint8_t c;

	if (s->lcr & LCR_DLAB)
		return s->divisor;
	c = pop(s);
	pull(s);
	update(s);
	return c;
}

static uint8_t read_iir(struct serial *s)
{
	uint8_t iir = cause(s);

	if (iir == IIR_THRE) {
		s->thre_pending = false;
		update(s);
	}
	return iir | (s->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint8_t read_lsr(struct serial *s)
{
	uint8_t lsr;

	pull(s);
	lsr = (s->lsr & LSR_ERRORS) | (s->count ? LSR_READY : 0) |
	      (s->holding ? 0 : LSR_THRE | LSR_EMPTY);
	s->lsr = 0;
	update(s);
	return lsr;
}

static uint8_t read_msr(struct serial *s)
{
	uint8_t msr = modem_status(s);

	s->msr_delta = 0;
	update(s);
	return msr;
}

static uint64_t port_read(void *context, uint64_t port, unsigned int width)
{
	struct serial *s = context;
	unsigned int reg = port - s->base;

	(void)width;
	s->polls = reg == LSR && s->lsr_was_last;
	s->lsr_was_last = reg == LSR;
	switch (reg) {
	case DATA:
		return read_data(s);
	case IER:
		return s->lcr & LCR_DLAB ? s->divisor >> 8 : s->ier;
	case IIR:
		return read_iir(s);
	case LCR:
		return s->lcr;
	case MCR:
		return s->mcr;
	case LSR:
		return read_lsr(s);
	case MSR:
		return read_msr(s);
	default:
		return s->scr;
	}
}

static void write_ier(struct serial *s, uint8_t value)
{
	if (value & IER_THRE && !(s->ier & IER_THRE) && !s->holding)
		s->thre_pending = true;
	s->ier = value & 0x0f;
	pull(s);
	update(s);
}

static void write_fcr(struct serial *s, uint8_t value)
{
	/* Turning the FIFOs on or off empties them. */
	if (value & FCR_CLEAR_RX || (value ^ s->fcr) & FCR_ENABLE)
		s->count = 0;
	s->fcr = value & FCR_ENABLE ? value & ~(FCR_CLEAR_RX | FCR_CLEAR_TX) : 0;
	update(s);
}

static void write_mcr(struct serial *s, uint8_t value)
{
	uint8_t before = modem_status(s) >> 4;

	s->mcr = value & 0x1f;
	s->msr_delta |= (before ^ modem_status(s) >> 4) & 0x0f;
	update(s);
}

static void port_write(void *context, uint64_t port, unsigned int width, uint64_t value)
{
	struct serial *s = context;

	(void)width;
	s->lsr_was_last = false;
	switch (port - s->base) {
	case DATA:
		if (s->lcr & LCR_DLAB)
			s->divisor = (s->divisor & 0xff00) | value;
		else
			send(s, value);
		break;
	case IER:
		if (s->lcr & LCR_DLAB)
			s->divisor = (s->divisor & 0x00ff) | value << 8;
		else
			write_ier(s, value);
		break;
	case IIR:
		write_fcr(s, value);
		break;
	case LCR:
		s->lcr = value;
		break;
	case MCR:
		write_mcr(s, value);
		break;
	case SCR:
		s->scr = value;
		break;
	}
}

void serial_init(struct serial *serial, uint16_t base, unsigned int irq, struct pic *pic,
		 const struct serial_wire *wire)
{
	*serial = (struct serial){
		.divisor = 12, /* 9600 baud */
		.base = base,
		.irq = irq,
		.pic = pic,
		.wire = *wire,
	};
}

int serial_attach(struct serial *serial, struct bus *bus)
{
	struct bus_device device = { "serial port", 1, port_read, port_write, serial };

	return bus_add_ports(bus, serial->base, serial->base + 7, &device);
}
