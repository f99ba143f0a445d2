/* SPDX-License-Identifier: GPL-2.0 */
/* posada bench: what its parts share. */
#ifndef POSADA_BENCH_H
#define POSADA_BENCH_H

#include <stddef.h>
#include <stdint.h>

struct vm;

/* Guest memory of the benchmark guest: identity mapped, long mode. */
#define BENCH_MEMORY	  (4ULL << 20)
#define BENCH_GDT	  0x1000
#define BENCH_IDT	  0x2000
#define BENCH_TABLES	  0x4000
#define BENCH_STACK_TOP	  0x10000
#define BENCH_CODE	  0x10000
#define BENCH_RESULTS	  0x100000
#define BENCH_TOUCH	  0x40000000ULL /* memory for first touches goes here */
#define BENCH_MMIO	  0xd0000000ULL /* no memory here */

#define BENCH_PORT	  0xf5 /* nobody's: what IN and OUT are measured on */
#define BENCH_DEVICE	  0x21 /* a device's: the mask of the PIC */
#define BENCH_DONE	  0xf6 /* the guest has finished */
#define BENCH_VECTOR	  0x40

/* More would not fit between BENCH_RESULTS and BENCH_MEMORY. */
#define BENCH_MAX_RESULTS 65536

/*
 * Pieces of guest code.  All but the last two write the ticks of one operation
 * each, as 64-bit numbers from BENCH_RESULTS on; those two write the TSC itself.
 */
enum bench_code {
	CODE_NOTHING,
	CODE_CPUID,
	CODE_VMCALL,
	CODE_RDMSR, /* parameter: MSR */
	CODE_WRMSR, /* parameter: MSR, is written with what it has */
	CODE_OUT,
	CODE_IN,
	CODE_OUT_DEVICE,
	CODE_MMIO_WRITE,
	CODE_MMIO_READ,
	CODE_HLT,
	CODE_TOUCH,	/* parameter: address; stride */
	CODE_STAMP,	/* writes its TSC before an OUT */
	CODE_INTERRUPT, /* waits with HLT; the handler writes its TSC */
	NR_CODES
};

/* bench_code.S: the code, its interrupt handler, and by enum bench_code the offset of each piece */
extern const char bench_code_start[], bench_code_end[], bench_interrupt_handler[];
extern const uint64_t bench_code_table[NR_CODES], bench_mark_table[CODE_TOUCH];

/** bench_guest() - make the benchmark guest.  Return: NULL after fail() */
struct vm *bench_guest(void);

/** bench_guest_destroy() - undo bench_guest() */
void bench_guest_destroy(struct vm *vm);

/** bench_start() - set it to run @code @count times.  Return: 0 or -1 after fail() */
int bench_start(struct vm *vm, enum bench_code code, uint64_t count, uint64_t parameter,
		uint64_t stride);

/** bench_start_marked() - the same for a code before CODE_TOUCH, with marks around the last */
int bench_start_marked(struct vm *vm, enum bench_code code, uint64_t count, uint64_t parameter);

/** bench_run() - run it until BENCH_DONE.  Return: 0 or -1 after fail() */
int bench_run(struct vm *vm);

/** bench_results() - what the guest has written */
uint64_t *bench_results(struct vm *vm);

/**
 * bench_report() - one line of the result
 * @name: operation
 * @what: in words
 * @unit: "ticks", "KiB"
 * @values: are sorted
 * @count: how many
 */
void bench_report(const char *name, const char *what, const char *unit, uint64_t *values,
		  size_t count);

/** bench_buffer() - memory, 2 MiB aligned, with or without huge pages and what is in it */
uint8_t *bench_buffer(size_t size, int huge, int populate);

/* Groups of measurements.  Return: 0 or -1 after fail() */
int bench_exits(void);
int bench_marked_exits(void); /* of the same, one each, for a tracer */
int bench_interrupts(void);
int bench_touches(void);
int bench_life(void);
int bench_memory(void);

/** bench_wanted() - has the user asked for this operation? */
int bench_wanted(const char *name);

#endif /* POSADA_BENCH_H */
