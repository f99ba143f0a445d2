// SPDX-License-Identifier: GPL-2.0
/*
 * Trap policies that have a name.  Each is the text of a file of rows;
 * Documentation/policy.rst has the reasons.
 */
#include "policies.h"

#include <string.h>

/* What the module does without rows is what a PC guest wants. */
static const char pc[] = "";

/* What a 64-bit Linux does on this PC, and nothing else. */
static const char strict[] = "cpuid:emulate\n"
			     "io=0x20-0x21:user\n"
			     "io=0x40-0x43:user\n"
			     "io=0x60-0x61:user\n"
			     "io=0x64:user\n"
			     "io=0x70-0x71:user\n"
			     "io:w=0x80:ignore\n"
			     "io=0x92:user\n"
			     "io=0xa0-0xa1:user\n"
			     "io:w=0xe9:user\n"
			     "io:w=0xf4:user\n"
			     "io=0x3f8-0x3ff:user\n"
			     "io=0x4d0-0x4d1:user\n"
			     "io:w=0x604-0x605:user\n"
			     "io=0xcf8-0xcff:user\n"
			     "io:terminate\n"
			     "msr:r=0x10:native\n"
			     "msr=0x17:user\n"
			     "msr=0x1b:user\n"
			     "msr=0x34:user\n"
			     "msr=0x3a:user\n"
			     "msr=0x3b:emulate\n"
			     "msr=0x8b:user\n"
			     "msr=0xce:user\n"
			     "msr=0xfe:user\n"
			     "msr=0x140:user\n"
			     "msr=0x174-0x176:native\n"
			     "msr=0x179-0x17a:user\n"
			     "msr=0x198-0x199:user\n"
			     "msr=0x1a0:emulate\n"
			     "msr=0x1d9:emulate\n"
			     "msr=0x277:native\n"
			     "msr=0x2ff:user\n"
			     "msr:r=0xc0000080:native\n"
			     "msr:w=0xc0000080:emulate\n"
			     "msr=0xc0000081-0xc0000084:emulate\n"
			     "msr=0xc0000100-0xc0000102:native\n"
			     "msr=0xc0000103:emulate\n"
			     "msr=0xc0010015:user\n"
			     "msr=0xc0011029:user\n"
			     "msr:terminate\n"
			     "cr=0:native\n"
			     "cr=3:native\n"
			     "cr=4:native\n"
			     "cr=8:native\n"
			     "dr:native\n"
			     "exception=0:native\n"
			     "exception=1:emulate\n"
			     "exception=3-7:native\n"
			     "exception=8-9:terminate\n"
			     "exception=10-14:native\n"
			     "exception=15:terminate\n"
			     "exception=16:native\n"
			     "exception=17:emulate\n"
			     "exception=19:native\n"
			     "exception=20-31:terminate\n"
			     "vmcall:terminate\n"
			     "hlt:emulate\n"
			     "pause:native\n"
			     "rdtsc:native\n"
			     "rdpmc:terminate\n"
			     "rdrand:native\n"
			     "rdseed:native\n"
			     "invlpg:native\n"
			     "wbinvd:terminate\n"
			     "monitor:terminate\n"
			     "mwait:terminate\n"
			     "tables:native\n"
			     "xsetbv:emulate\n";

/* KVM with its interrupt controllers in userspace and ignore_msrs=0. */
static const char kvm[] = "cpuid:emulate\n"
			  "io:user\n"
			  "msr:r=0x10:native\n"
			  "msr:w=0x10:emulate\n"
			  "msr=0x3b:emulate\n"
			  "msr=0x174-0x176:native\n"
			  "msr=0x1a0:emulate\n"
			  "msr=0x277:emulate\n"
			  "msr=0xc0000080-0xc0000084:emulate\n"
			  "msr=0xc0000100-0xc0000102:native\n"
			  "msr=0xc0000103:emulate\n"
			  "msr=0-0x1:ignore\n"
			  "msr=0x17:ignore\n"
			  "msr=0x1b:ignore=0xfee00900\n"
			  "msr=0x2a:ignore\n"
			  "msr=0x2c:ignore=0x1000000\n"
			  "msr=0x34:ignore\n"
			  "msr=0x3a:ignore\n"
			  "msr=0x8b:ignore=0x100000000\n"
			  "msr=0xcd:ignore=0x3\n"
			  "msr=0xce:ignore\n"
			  "msr=0xfe:ignore=0x508\n"
			  "msr=0x140:ignore\n"
			  "msr=0x179-0x17a:ignore\n"
			  "msr=0x198:ignore=0x400000003e8\n"
			  "msr=0x199:ignore\n"
			  "msr=0x1d9:emulate\n"
			  "msr=0x1db-0x1de:ignore\n"
			  "msr=0x200-0x20f:ignore\n"
			  "msr=0x250:ignore\n"
			  "msr=0x258-0x259:ignore\n"
			  "msr=0x268-0x26f:ignore\n"
			  "msr=0x2ff:ignore\n"
			  "msr=0x606:ignore\n"
			  "msr=0x611:ignore\n"
			  "msr=0x619:ignore\n"
			  "msr=0x639:ignore\n"
			  "msr=0x641:ignore\n"
			  "msr=0xc0010010:ignore\n"
			  "msr=0xc0010015:ignore\n"
			  "msr=0xc001001f:ignore\n"
			  "msr=0xc0010055:ignore\n"
			  "msr=0xc0010058:ignore\n"
			  "msr=0xc0010112-0xc0010113:ignore\n"
			  "msr=0xc0010117:ignore\n"
			  "msr=0xc0011022:ignore\n"
			  "msr=0xc001102a:ignore\n"
			  "msr=0xc001102c:ignore\n"
			  "msr:fault=#gp\n"
			  "cr:w=0:emulate\n"
			  "cr=3:native\n"
			  "cr:w=4:emulate\n"
			  "cr=8:emulate\n"
			  "exception=6:emulate\n"
			  "vmcall:ignore=0xfffffffffffffc18\n"
			  "hlt:user\n"
			  "pause:native\n"
			  "rdtsc:native\n"
			  "rdpmc:fault=#gp\n"
			  "rdrand:native\n"
			  "rdseed:native\n"
			  "invlpg:native\n"
			  "wbinvd:ignore\n"
			  "monitor:ignore\n"
			  "mwait:ignore\n"
			  "tables:native\n"
			  "xsetbv:emulate\n";

static const struct {
	const char *name;
	const char *rows;
} presets[] = {
	{ "pc", pc },
	{ "strict", strict },
	{ "kvm", kvm },
};

const char *preset_find(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (!strcmp(presets[i].name, name))
			return presets[i].rows;
	return NULL;
}
