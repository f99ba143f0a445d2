/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the differential test.  A trial is one story, told in main.c: a valid
 * image, a few fields of it corrupted, what the checker says, what the CPU says.
 */
#ifndef ENTRY_FUZZ_H
#define ENTRY_FUZZ_H

#include <linux/types.h>

#include "entry_check.h"

/* Rules broken by one image; a few fields, each with a few rules. */
#define ROOM	      64U

/* What a CPU may answer. */
#define FUZZ_ENTERS   (1U << 0)
#define FUZZ_CONTROLS (1U << 1) /* VMLAUNCH fails with error 7 */
#define FUZZ_HOST     (1U << 2) /* VMLAUNCH fails with error 8 */
#define FUZZ_GUEST    (1U << 3) /* VM exit 33: the entry failed */
#define FUZZ_OTHER    (1U << 4) /* nothing of these: never right */

/* ---- xorshift, the same on every machine ------------------------------------------- */

extern u64 random_state;

static inline u64 random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dULL;
}

/* 0 to @n - 1; the low bits of the generator are its worst. */
static inline u32 random_below(u32 n)
{
	return (u32)((random_bits() >> 32) * n >> 32);
}

static inline bool one_in(u32 n)
{
	return !random_below(n);
}

/* ---- host.c: VMX on and off, one entry, the host as it was ------------------------ */

/* Pages that a VMCS may point to: what the CPU finds there does no harm. */
enum our_page {
	PAGE_VMXON,
	PAGE_VMCS,
	PAGE_LINK,
	PAGE_EPT,
	PAGE_ZERO,
	PAGE_APIC,
	PAGE_MSRS,
	NR_PAGES
};

struct answer {
	u32 what;   /* one of FUZZ_* */
	u32 error;  /* VM-instruction error */
	u32 reason; /* exit reason */
	u64 qualification;
	u32 vectoring;
};

extern struct entry_cpu fuzz_cpu;     /* what the checker is told of this CPU */
extern u8 fuzz_there[VMCS_NR_FIELDS]; /* the fields that this CPU has */

/* 0, or -errno with the reason logged. */
int host_init(void);
void host_exit(void);

u64 host_page(enum our_page page);	/* its physical address */
void host_set_tpr(u8 tpr);		/* of the virtual-APIC page */
void host_set_link_shadow(bool shadow); /* is the linked VMCS a shadow VMCS? */

/* The host-state fields as they are now; interrupts stay off until the entry. */
void host_fields(struct vmcs_image *image);

/* Interrupts are off.  0, or -EBUSY when somebody else has VMX, or -EIO. */
int host_try(const struct vmcs_image *image, struct answer *answer);

/* ---- valid.c, corrupt.c ------------------------------------------------------------ */

/* An image that breaks no rule, of a random mode and with random features. */
void valid_image(struct vmcs_image *image);

/* Changes up to MOST_FIELDS fields, which it notes (one may be twice there). */
#define MOST_FIELDS 3
unsigned int corrupt(struct vmcs_image *image, unsigned int *fields);

const char *field_name(unsigned int index);

/* ---- harm.c, quirks.c -------------------------------------------------------------- */

/*
 * Why this image must not get as far as a VM exit, even of an entry that failed; why
 * it must not be entered; or NULL.
 */
const char *harm_of_exit(const struct vmcs_image *image, const struct vmcs_image *valid);
const char *harm_of_entry(const struct vmcs_image *image);

/* Where the emulator is known to differ. */
struct quirk {
	const char *does;
	unsigned int rule; /* that it does not enforce, or QUIRK_STRICT */
	bool (*when)(const u64 *value, const struct entry_violation *broken);
	unsigned int count; /* how often it made a difference */
};

/* Stands for a rule of the guest state that only the emulator knows. */
#define QUIRK_STRICT ENTRY_NR_RULES
#define NR_RULES     (ENTRY_NR_RULES + 1)

extern struct quirk bochs_quirks[];
extern const unsigned int nr_bochs_quirks;

/*
 * Sets in @rules, which is empty, what Bochs finds broken where the rules @broken are;
 * each row that has a part in it counts @count.
 */
void bochs_rules(const struct vmcs_image *image, const struct entry_violation *broken,
		 unsigned int nr_broken, unsigned long *rules, unsigned int count);

/* Is @id a rule that it does not always enforce? */
bool lax_rule(unsigned int id);

/* Would it end at this image? */
bool fatal_to_bochs(const struct vmcs_image *image);

#endif /* ENTRY_FUZZ_H */
