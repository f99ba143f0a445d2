#!/bin/sh
# gdb.sh: an unmodified gdb debugs an unmodified Linux, from its first symbol on.
# Runs in the test machine, whose kernel is the guest's; prints KTAP.

SOCKET=/tmp/gdb.sock
SYMBOLS=/tmp/vmlinux.symbols
SAID=/tmp/gdb.said
SCREEN=/tmp/screen
number=0

# result NAME COMMAND...
result() {
	name=$1
	shift
	number=$((number + 1))
	if "$@" >/dev/null; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		failed=yes
	fi
}

# shellcheck disable=SC2317 # called by result
# said FROM PATTERN: in what gdb said behind the line "== FROM" and before the next.
said() {
	sed -n "/^== $1\$/,/^== /p" "$SAID" | grep -E "$2"
}

# shellcheck disable=SC2317 # called by result
running() {
	posada list --json | grep -q '"state":"running"'
}

echo "KTAP version 1"
insmod /lib/modules/posada.ko || exit 1
echo 0 >/proc/sys/kernel/kptr_restrict
symbols </proc/kallsyms >$SYMBOLS || exit 1

posada run --name debugged --kernel /guest/vmlinuz --initrd /guest/initrd.img --console none \
	--gdb unix:$SOCKET --gdb-wait --log-exits --timeout 280 </dev/null >$SCREEN 2>&1 &
guest=$!
tries=0
until [ -S $SOCKET ] || [ $tries -ge 100 ]; do
	tries=$((tries + 1))
	sleep 0.1
done

timeout 240 gdb -nx -batch -x /lib/machine/gdb.commands $SYMBOLS >$SAID 2>&1 </dev/null
result "gdb comes to the end of its script" said 'end' '^done'
result "attach: the guest waits in the boot loader's hands" said 'attach' '^rip +0x[0-9a-f]+'
result "control registers are there" said 'attach' '^cr4 +0x[0-9a-f]+'
result "a breakpoint of the CPU stops in start_kernel" said 'start' 'Breakpoint 1, .*start_kernel'
result "a global is read through the page tables" said 'start' 'Linux version [0-9]'
result "a breakpoint in memory stops in setup_arch" said 'soft' 'Breakpoint 2, .*setup_arch'
result "its INT3 is not seen" said 'soft' '^no int3$'
result "a watchpoint sees early_boot_irqs_disabled change" said 'watch' 'New value = 0'
result "sti is found by stepping" said 'step' '^=> .*sti'
result "a step over sti is one instruction" said 'step' '^stepped 1$'
result "and interrupts are on" said 'step' '^eflags .* IF '
result "monitor regs has flags by name" said 'monitor' '^cr0 .* PE .*WP.* PG'
result "monitor exits tells of I/O" said 'monitor' 'rip 0x.*port 0x'
result "and of the driver's log" said 'monitor' 'VM exits, oldest first'
result "monitor translate knows the page tables" said 'monitor' '^0x[0-9a-f]+$'
result "physical memory is the same" said 'physical' 'Linux version [0-9]'
result "^C stops a running guest" said 'interrupt' 'received signal SIGINT'
result "detached, it goes on" running
posada quit debugged
wait $guest
result "rmmod" rmmod posada
echo "1..$number"
[ "$failed" ] || exit 0
sed 's/^/# /' $SAID $SCREEN
exit 1
