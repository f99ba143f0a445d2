// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kvm_modules.h"

#define KVM_DEVICE "/dev/kvm"

/* Where the test machine has them. */
static const char *const modules[] = {
	"/lib/kvm/irqbypass.ko", "/lib/kvm/kvm.ko", "/lib/kvm/kvm-intel.ko",
};

static char reason[128];
static bool loaded_here;

static const char *load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0) {
		snprintf(reason, sizeof(reason), "%s: %s", path, strerror(errno));
		return reason;
	}
	ret = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	loaded_here |= !ret;
	if (!ret || ret == EEXIST)
		return NULL;
	snprintf(reason, sizeof(reason), "loading %s: %s", path, strerror(ret));
	return reason;
}

const char *kvm_load(void)
{
	unsigned int i, tries;
	const char *why;

	if (!access(KVM_DEVICE, F_OK))
		return NULL;
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		why = load(modules[i]);
		if (why)
			return why;
	}
	for (tries = 0; tries < 5000; tries++) {
		if (!access(KVM_DEVICE, F_OK))
			return NULL;
		usleep(1000);
	}
	return "KVM's modules are loaded, but there is no " KVM_DEVICE;
}

void kvm_unload(void)
{
	while (syscall(SYS_delete_module, "kvm_intel", O_NONBLOCK) && errno != ENOENT)
		usleep(1000);
}

void kvm_release(void)
{
	unsigned int major, minor;
	struct utsname name;

	if (!loaded_here || uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return;
	if (major > 6 || (major == 6 && minor >= 12))
		kvm_unload();
}
