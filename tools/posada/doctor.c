// SPDX-License-Identifier: GPL-2.0
/* posada doctor: can VMX be used here, and if not, why. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cpuid.h>
#include <jansson.h>

#include "cli.h"
#include "commands.h"
#include "libposada.h"
#include "report.h"
#include "trial.h"

#define MSR_FEATURE_CONTROL 0x3a
#define FEATURE_LOCKED	    (1ULL << 0)
#define FEATURE_VMX	    (1ULL << 2) /* outside SMX */

enum verdict {
	GOOD,
	BAD,
	WARN,
	UNKNOWN
};

/**
 * struct doctor - what has been found so far
 * @checks: one object per line
 * @bad: something prevents VMX
 * @vmx: CPUID announces it
 * @loaded: the module is there
 * @dev: the device, or -1
 * @info: of the device, if @dev is open
 */
struct doctor {
	json_t *checks;
	bool bad;
	bool vmx;
	bool loaded;
	int dev;
	struct posada_info info;
};

static void say(struct doctor *d, const char *check, enum verdict verdict, const char *advice,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* One line: what was checked, what came out, what to do about it (or NULL). */
static void say(struct doctor *d, const char *check, enum verdict verdict, const char *advice,
		const char *format, ...)
{
	static const char *const names[] = { "ok", "bad", "warning", "unknown" };
	char words[512];
	va_list args;
	json_t *line;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	line = json_pack("{s:s, s:s, s:s}", "check", check, "result", names[verdict], "words",
			 words);
	if (advice)
		json_object_set_new(line, "advice", json_string(advice));
	json_array_append_new(d->checks, line);
	if (verdict == BAD)
		d->bad = true;
}

/* ---- what /proc knows ------------------------------------------------------------- */

/* Does a line of /proc/cpuinfo that begins with @key have @word in it? */
static bool cpuinfo_has(const char *key, const char *word)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	size_t room = 0, len = strlen(word);
	bool found = false;
	char *line = NULL;

	while (file && !found && getline(&line, &room, file) > 0) {
		const char *at = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) || !at)
			continue;
		while (!found && (at = strstr(at + 1, word)))
			found = at[-1] == ' ' && (at[len] == ' ' || at[len] == '\n');
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static bool module_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

/* ---- the checks, in order ----------------------------------------------------------- */

static void check_processor(struct doctor *d)
{
	unsigned int eax, ebx, ecx = 0, edx;
	char vendor[13] = "";
	bool guest;

	if (__get_cpuid(0, &eax, &ebx, &ecx, &edx)) {
		memcpy(vendor, &ebx, 4);
		memcpy(vendor + 4, &edx, 4);
		memcpy(vendor + 8, &ecx, 4);
	}
	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	d->vmx = ecx & 1U << 5;
	guest = ecx & 1U << 31;
	if (d->vmx)
		say(d, "processor", GOOD, NULL, "%s, CPUID announces VMX%s", vendor,
		    guest ? " (this is a virtual machine: nested VMX)" : "");
	else if (guest)
		say(d, "processor", BAD,
		    "Turn nested virtualization on for this virtual machine, or use tools/machine.",
		    "%s, a virtual machine without VMX", vendor);
	else if (!strcmp(vendor, "AuthenticAMD") || !strcmp(vendor, "HygonGenuine"))
		say(d, "processor", BAD,
		    "Use a computer with an Intel processor, or tools/machine.",
		    "%s: it has AMD's SVM, not VMX", vendor);
	else
		say(d, "processor", BAD, "Use another computer, or tools/machine.",
		    "%s, without VMX", vendor);
}

static int read_msr(unsigned int cpu, uint32_t index, uint64_t *value)
{
	char path[32];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/dev/cpu/%u/msr", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, value, sizeof(*value), index) != sizeof(*value))
		err = -EIO;
	close(fd);
	return err;
}

/* The lock is per CPU, and firmware has been seen to forget some. */
static void check_firmware(struct doctor *d)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), looked = 0;
	bool flag = cpuinfo_has("flags", "vmx");

	if (!d->vmx)
		return;
	for (long cpu = 0; cpu < cpus; cpu++) {
		uint64_t control;

		if (read_msr(cpu, MSR_FEATURE_CONTROL, &control))
			continue;
		looked++;
		if (control & FEATURE_LOCKED && !(control & FEATURE_VMX)) {
			say(d, "firmware", BAD,
			    "Turn virtualization (VT-x) on in the firmware's setup, and cut the power.",
			    "it has locked VMX off (FEATURE_CONTROL %#llx on CPU %ld)",
			    (unsigned long long)control, cpu);
			return;
		}
	}
	if (looked)
		say(d, "firmware", GOOD, NULL,
		    "VMX is not locked off (FEATURE_CONTROL on %ld CPUs)", looked);
	else if (flag)
		say(d, "firmware", GOOD, NULL, "the kernel found VMX enabled");
	else
		say(d, "firmware", BAD,
		    "Turn virtualization (VT-x) on in the firmware's setup, and cut the power.",
		    "the kernel found VMX locked off (no 'vmx' among the flags in /proc/cpuinfo)");
}

static void check_features(struct doctor *d)
{
	static const char *const needed[] = { "ept", "unrestricted_guest", "vnmi" };
	char missing[64] = "";

	/* Before 5.6 the kernel does not tell. */
	if (!d->vmx || !cpuinfo_has("vmx flags", "tsc_offset"))
		return;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!cpuinfo_has("vmx flags", needed[i])) {
			strcat(missing, " ");
			strcat(missing, needed[i]);
		}
	}
	if (*missing)
		say(d, "features", BAD, "Use a processor from 2010 (Westmere) or later.",
		    "VMX here lacks%s", missing);
	else
		say(d, "features", GOOD, NULL,
		    "EPT, unrestricted guest and virtual NMIs are there");
}

static void check_kernel(struct doctor *d)
{
	if (cpuinfo_has("flags", "fred"))
		say(d, "kernel", BAD, "Boot with fred=off.",
		    "it uses FRED, under which host NMIs cannot be handed on");
}

static void check_module(struct doctor *d)
{
	d->loaded = module_loaded("posada");
	if (d->loaded)
		say(d, "module", GOOD, NULL, "posada is loaded");
	else if (d->bad)
		say(d, "module", UNKNOWN, "See above first.", "posada is not loaded");
	else
		say(d, "module", BAD,
		    "insmod posada.ko; if that fails, the kernel log (dmesg) says why in one line.",
		    "posada is not loaded");
}

static void check_device(struct doctor *d)
{
	struct stat st;

	if (!d->loaded)
		return;
	d->dev = posada_open();
	if (d->dev >= 0)
		say(d, "device", GOOD, NULL, "%s can be opened", POSADA_DEVICE);
	else if (d->dev == -EACCES)
		say(d, "device", BAD,
		    "Run as root, or let your group in: chgrp GROUP /dev/posada; chmod g+rw /dev/posada",
		    "%s may not be opened by you (mode %04o)", POSADA_DEVICE,
		    stat(POSADA_DEVICE, &st) ? 0 : st.st_mode & 07777);
	else if (d->dev == -ENOENT)
		say(d, "device", BAD,
		    "Mount devtmpfs on /dev, or mknod it: the number is in /sys/class/misc/posada/dev.",
		    "%s does not exist", POSADA_DEVICE);
	else
		say(d, "device", BAD, "See the kernel log.", "%s cannot be opened: %s",
		    POSADA_DEVICE, strerror(-d->dev));
}

static void feature_words(const struct posada_info *info, char *words, size_t size)
{
	static const struct {
		__u64 bit;
		const char *name;
	} rows[] = {
		{ POSADA_FEATURE_VPID, "VPID" },
		{ POSADA_FEATURE_EPT_2M, "2 MiB pages" },
		{ POSADA_FEATURE_EPT_1G, "1 GiB pages" },
		{ POSADA_FEATURE_PREEMPTION_TIMER, "preemption timer" },
		{ POSADA_FEATURE_XSAVE, "XSAVE" },
		{ POSADA_FEATURE_RDTSCP, "RDTSCP" },
		{ POSADA_FEATURE_INVPCID, "INVPCID" },
		{ POSADA_FEATURE_VIRTUAL_NMI, "virtual NMIs" },
	};
	size_t at = 0;

	*words = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && at < size; i++)
		if (info->features & rows[i].bit)
			at += snprintf(words + at, size - at, "%s%s", at ? ", " : "", rows[i].name);
}

static void check_info(struct doctor *d)
{
	char features[256];
	int err;

	if (d->dev < 0)
		return;
	err = posada_info(d->dev, &d->info);
	if (err) {
		say(d, "interface", BAD, "Build module and command from the same tree.",
		    "POSADA_INFO: %s", strerror(-err));
		return;
	}
	if (d->info.abi_version != POSADA_ABI_VERSION) {
		say(d, "interface", BAD, "Build module and command from the same tree.",
		    "the module speaks ABI %u, this command %u", d->info.abi_version,
		    POSADA_ABI_VERSION);
		return;
	}
	feature_words(&d->info, features, sizeof(features));
	say(d, "interface", GOOD, NULL, "ABI %u, %u CPUs, %u vCPUs a VM, %u address bits; %s",
	    d->info.abi_version, d->info.cpus_online, d->info.max_vcpus, d->info.gpa_bits,
	    features);
}

static void check_holder(struct doctor *d)
{
	static const char *const ways[] = {
		[POSADA_WAY_NONE] = "cannot be turned on",
		[POSADA_WAY_RESIDENT] = "is turned on for as long as a VM exists",
		[POSADA_WAY_WINDOW] = "is turned on around each stay in a guest",
	};
	const char *way = d->info.way < sizeof(ways) / sizeof(ways[0]) ?
				  ways[d->info.way] :
				  "is turned on in a way this command does not know";
	bool kvm = module_loaded("kvm_intel");

	if (!d->info.abi_version) {
		if (kvm)
			say(d, "other hypervisors", WARN, NULL,
			    "kvm_intel is loaded; since Linux 6.12 it holds VMX from its load on");
		return;
	}
	if (d->info.holder == POSADA_HOLDER_OTHER)
		say(d, "other hypervisors", BAD,
		    kvm ? "End its guests, then: rmmod kvm_intel" :
			  "End the other hypervisor (VirtualBox, VMware, Xen...).",
		    "%s holds VMX on some CPU", kvm ? "kvm_intel" : "another hypervisor");
	else
		say(d, "other hypervisors", d->info.way == POSADA_WAY_NONE ? BAD : GOOD, NULL,
		    "none holds VMX; it %s%s", way,
		    kvm ? " (kvm_intel is loaded, but has no guest)" : "");
}

/* The proof of the pudding. */
static void check_guest(struct doctor *d)
{
	struct trial trial;
	int err;

	if (d->dev < 0 || d->bad)
		return;
	err = trial_run(d->dev, &d->info, &trial);
	if (err)
		say(d, "guest", BAD, "See the kernel log.",
		    "a guest of one instruction could not be run: %s: %s", trial.step,
		    strerror(-err));
	else if (trial.reason != POSADA_EXIT_HLT)
		say(d, "guest", BAD, "See the kernel log, and report it.",
		    "a guest of one instruction ended with exit %u (hardware reason %u) instead of HLT",
		    trial.reason, trial.hw_reason);
	else
		say(d, "guest", GOOD, NULL, "a guest of one instruction has just run");
}

/* ---- the report ------------------------------------------------------------------------ */

static void print(const struct doctor *d, const char *verdict)
{
	const json_t *line;
	size_t i;

	json_array_foreach(d->checks, i, line)
	{
		const char *advice = json_string_value(json_object_get(line, "advice"));

		printf("%-8s %-18s %s\n", json_string_value(json_object_get(line, "result")),
		       json_string_value(json_object_get(line, "check")),
		       json_string_value(json_object_get(line, "words")));
		if (advice)
			printf("%-8s %-18s %s\n", "", "", advice);
	}
	printf("%s\n", verdict);
}

static int help(void)
{
	printf("Usage: posada doctor [--json]\n"
	       "\n"
	       "Checks what running guests needs - processor, firmware, module, device, other\n"
	       "hypervisors - and says of each what it found and what to do. At last it runs a\n"
	       "guest of one instruction.\n"
	       "\n"
	       "Exit status: 0 guests can be run here, 1 they cannot, 2 wrong usage.\n"
	       "\n"
	       "Examples:\n"
	       "  posada doctor\n"
	       "  posada doctor --json | jq -r .verdict\n");
	return STATUS_OK;
}

static int examine(bool json)
{
	struct doctor d = { .checks = json_array(), .dev = -1 };
	const char *verdict;

	check_processor(&d);
	check_firmware(&d);
	check_features(&d);
	check_kernel(&d);
	check_module(&d);
	check_device(&d);
	check_info(&d);
	check_holder(&d);
	check_guest(&d);
	verdict = d.bad ? "Guests cannot be run here." : "Guests can be run here.";
	if (json) {
		json_t *report = json_pack("{s:O, s:s, s:b}", "checks", d.checks, "verdict",
					   verdict, "usable", !d.bad);

		report_dump(stdout, report);
		json_decref(report);
	} else {
		print(&d, verdict);
	}
	json_decref(d.checks);
	if (d.dev >= 0)
		close(d.dev);
	return d.bad;
}

int command_doctor(int argc, char **argv)
{
	static const struct option table[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (c == 'h')
			return help();
		if (c == '?')
			return usage_error("doctor");
		json = true;
	}
	if (optind < argc) {
		note("'%s' is no option.", argv[optind]);
		return usage_error("doctor");
	}
	return examine(json);
}
