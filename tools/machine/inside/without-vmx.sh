#!/bin/sh
# shellcheck disable=SC2317 # the questions are called by ask
# without-vmx.sh: on a processor without VMX the driver must say so and go.

# The last words of insmod and of the driver, for the questions below.
insmod_says=$(insmod /lib/modules/posada.ko 2>&1)
status=$?
driver_says=$(dmesg | grep 'posada: ' | tail -n 3)

# ask NAME COMMAND...: one KTAP result.
count=0
failed=0
ask() {
	name=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $name"
	else
		echo "# insmod: $insmod_says"
		echo "# driver: $driver_says"
		echo "not ok $count - $name"
		failed=1
	fi
}

no_vmx_here() { ! grep -qw vmx /proc/cpuinfo; }
driver_is_there() { [ -e /lib/modules/posada.ko ]; }
load_is_refused() { [ "$status" -ne 0 ] && ! grep -q '^posada ' /proc/modules; }
reason_names_vmx() { echo "$driver_says" | grep -qi vmx; }
no_device_is_left() { [ ! -e /dev/posada ]; }

echo "KTAP version 1"
echo "1..5"
ask "this processor has no VMX" no_vmx_here
ask "there is a driver to load" driver_is_there
ask "the driver refuses to load" load_is_refused
ask "the kernel log says that VMX is what is missing" reason_names_vmx
ask "no device is left behind" no_device_is_left
exit $failed
