// SPDX-License-Identifier: GPL-2.0
/* Bits of registers by the manual's names. */
#include "flagname.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One name for each bit from 0 up; "-" is a bit that says nothing. */
static const struct {
	const char *name;
	const char *bits;
} registers[FLAG_REGISTERS] = {
	/* SDM 1 3.4.3; IOPL is told by its value */
	[FLAG_RFLAGS] = { "rflags",
			  "CF - PF ? AF ? ZF SF TF IF DF OF - - NT ? RF VM AC VIF VIP ID" },
	/* SDM 3A 2.5 */
	[FLAG_CR0] = { "cr0",
		       "PE MP EM TS ET NE ? ? ? ? ? ? ? ? ? ? WP ? AM ? ? ? ? ? ? ? ? ? ? NW CD PG" },
	[FLAG_CR4] = { "cr4",
		       "VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR OSXMMEXCPT UMIP LA57 VMXE SMXE ? "
		       "FSGSBASE PCIDE OSXSAVE KL SMEP SMAP PKE CET PKS UINTR" },
	/* SDM 3A 2.2.1 */
	[FLAG_EFER] = { "efer", "SCE ? ? ? ? ? ? ? LME ? LMA NXE" },
	/* SDM 1 13.1 */
	[FLAG_XCR0] = { "xcr0", "x87 SSE AVX BNDREG BNDCSR opmask ZMM_Hi256 Hi16_ZMM ? PKRU" },
	/* SDM 3B 18.2; in DR6 what is always 1, in DR7 R/W and LEN say nothing alone */
	[FLAG_DR6] = { "dr6",
		       "B0 B1 B2 B3 - - - - - - - - ? BD BS BT - - - - - - - - - - - - - - - -" },
	[FLAG_DR7] = { "dr7", "L0 G0 L1 G1 L2 G2 L3 G3 LE GE - RTM ? GD ? ? "
			      "- - - - - - - - - - - - - - - -" },
};

#define RFLAGS_IOPL(value) ((unsigned int)((value) >> 12 & 3))

const char *flag_register_name(enum flag_register which)
{
	return registers[which].name;
}

/* Take the next word of @names; an empty one at their end. */
static size_t next_word(const char **names, char word[16])
{
	size_t len = strcspn(*names, " ");

	snprintf(word, 16, "%.*s", (int)len, *names);
	*names += len + ((*names)[len] == ' ');
	return len;
}

static void append(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", used ? " " : "", word);
}

void flag_text(enum flag_register which, uint64_t value, char *text, size_t size)
{
	const char *names = registers[which].bits;
	char word[16];

	*text = '\0';
	for (unsigned int bit = 0; bit < 64; bit++) {
		size_t len = next_word(&names, word);

		if (!(value >> bit & 1) || !strcmp(word, "-"))
			continue;
		if (!len || !strcmp(word, "?"))
			snprintf(word, sizeof(word), "%u", bit);
		append(text, size, word);
	}
	if (which == FLAG_RFLAGS && RFLAGS_IOPL(value)) {
		snprintf(word, sizeof(word), "IOPL=%u", RFLAGS_IOPL(value));
		append(text, size, word);
	}
}
