#!/bin/sh
# move.sh: does a running Linux go on as if nothing had happened when it is moved
# into new VMs and vCPUs a hundred times? Runs in the test machine; prints KTAP.

VM=moved
MOVES=100
KEYS=/tmp/keys
SCREEN=/tmp/screen
TROUBLE='WARNING: |BUG: |Oops|general protection|Call Trace:|stall|lockup|unchecked MSR|unstable|segfault|trap '
number=0
failed=0
seen=0

# result NAME COMMAND...: one line of KTAP.
result() {
	name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		failed=$((failed + 1))
	fi
}

boot_guest() {
	mkfifo $KEYS
	: >$SCREEN
	posada run --name $VM --stats --kernel /guest/vmlinuz --initrd /guest/initrd.img \
		<$KEYS >$SCREEN 2>/tmp/stats &
	guest=$!
	# Held open: the guest's keyboard must not come to its end.
	exec 4>$KEYS
	expect 'guest# '
}

# new: what the guest has written since keys was called
new() { tail -c +$((seen + 1)) $SCREEN | tr -d '\r'; }

keys() {
	seen=$(wc -c <$SCREEN)
	echo "$1" >&4
}

# expect PATTERN: wait until the guest has written it, but not for ever.
expect() {
	tries=0
	until new | grep -q "$1"; do
		tries=$((tries + 1))
		if ! kill -0 "$guest" 2>/dev/null || [ $tries -gt 1200 ]; then
			echo "# waited in vain for '$1'; the guest wrote:"
			tail -n 20 $SCREEN | tr -d '\r' | sed 's/^/#   /'
			sed 's/^/#   /' /tmp/stats
			return 1
		fi
		sleep 0.2
	done
}

# ask COMMAND PATTERN: the line of its output that has the pattern
ask() {
	keys "$1"
	expect "$2" || return
	expect 'guest# ' || return
	answer=$(new | grep -v 'guest# ' | grep "$2")
	echo "# $answer"
}

start_work() {
	keys "work $(work)"
	expect 'work: begun'
}

# In turns a new vCPU and a new VM, while the guest works.
move() {
	posada move $VM --times $MOVES --every 10 >/tmp/moved || return
	sed 's/^/# /' /tmp/moved
	grep -q " $MOVES times" /tmp/moved
}

end_work() {
	ask '' '^work: .*rounds' || return
	case $answer in
	*", all right") ;;
	*) return 1 ;;
	esac
}

same_sum() {
	here=$(seq 1 20000 | sha256sum)
	ask 'seq 1 20000 | sha256sum' '^[0-9a-f]\{64\}' || return
	[ "$answer" = "$here" ]
}

# A state of pause is one like any other.
move_paused() {
	posada pause $VM >/dev/null && posada move $VM --times 2 >/dev/null && posada resume $VM >/dev/null
}

log_clean() {
	ask "dmesg | grep -cE '$TROUBLE'" '^[0-9][0-9]*$' || return
	[ "$answer" = 0 ] && return
	ask "dmesg | grep -E '$TROUBLE'" '.'
	return 1
}

power_off() {
	echo 'poweroff -f' >&4
	wait "$guest"
}

# Statistics of all the vCPUs it had, not of the last.
counted() {
	grep -E 'entries|interrupts' /tmp/stats | sed 's/^/# /'
	[ -s /tmp/stats ]
}

unload() { rmmod posada; }

echo "KTAP version 1"
grep -q '^posada ' /proc/modules || insmod /lib/modules/posada.ko || exit 1
result "a Linux boots" boot_guest
result "it begins to work" start_work
result "it is moved $MOVES times meanwhile" move
result "all of its work came out right" end_work
result "it is moved while it is paused" move_paused
result "and goes on: the checksum of a stream" same_sum
result "its kernel has nothing to complain of" log_clean
result "it powers itself off" power_off
result "statistics at the end" counted
result "the module is unloaded" unload
echo "1..$number"
[ $failed -eq 0 ]
