#!/bin/sh
# demo.sh: the demonstration, told in order at the end. Runs in the test machine.

VM=demo
KEYS=/tmp/keys
SCREEN=/tmp/screen
ESCAPE=$(printf '\033')
shown=0

step() { printf '\n=== %s\n' "$*"; }

# run COMMAND...: show it as one would type it, then do it.
run() {
	echo "machine# $*"
	"$@"
}

give_up() {
	echo "demo: $*"
	exit 1
}

boot_guest() {
	mkfifo $KEYS
	: >$SCREEN
	echo "machine# posada run --name $VM --kernel /guest/vmlinuz --initrd /guest/initrd.img"
	posada run --name $VM --kernel /guest/vmlinuz --initrd /guest/initrd.img \
		<$KEYS >$SCREEN 2>&1 &
	guest=$!
	# Held open: the guest's keyboard must not come to its end.
	exec 4>$KEYS
	expect 'guest# '
}

# keys LINE: as if typed at the guest's console; returns when it prompts again.
keys() {
	seen=$(wc -c <$SCREEN)
	echo "$1" >&4
	expect 'guest# '
}

# expect PATTERN: wait until it appears behind what was there when keys was called.
expect() {
	until tail -c +$((${seen:-0} + 1)) $SCREEN | grep -q "$1"; do
		kill -0 $guest 2>/dev/null || give_up "posada run ended while waiting for '$1'"
		show
		sleep 0.2
	done
	show
}

# show: the lines that the guest has written since the last time, without the
# question for the cursor that its shell asks of a terminal.
show() {
	lines=$(wc -l <$SCREEN)
	[ "$lines" = "$shown" ] || sed -n "$((shown + 1)),${lines}p" $SCREEN |
		sed 's/^/   guest | /; s/'"$ESCAPE"'\[6n//g; s/\r//g'
	shown=$lines
}

# nmi_count: how often the guest's handler ran, as the guest answered just now.
nmi_count() {
	tail -c +$((seen + 1)) $SCREEN | sed -n 's/^ *NMI: *\([0-9]*\).*/\1/p'
}

interrupt_guest() {
	keys 'grep NMI: /proc/interrupts'
	before=$(nmi_count)
	run posada inject --nmi $VM || give_up "inject failed"
	keys 'grep NMI: /proc/interrupts'
	after=$(nmi_count)
	[ "$after" = $((before + 1)) ] || give_up "NMI count of the guest: $before, then $after"
	echo "The guest's NMI handler has run: it counted $before before, and counts $after now."
}

power_off_guest() {
	run posada stat $VM || give_up "stat failed"
	echo 'poweroff -f' >&4
	wait $guest || give_up "posada run: exit status $?"
	show
}

[ -e /lib/modules/posada.ko ] || give_up "there is no posada.ko in this machine"
[ -x /usr/bin/posada ] || give_up "there is no posada command in this machine"

step "Load the driver, and ask what this processor offers"
run insmod /lib/modules/posada.ko || give_up "the driver does not load"
run posada doctor || give_up "doctor found something"

step "Boot an unmodified Linux as a guest"
boot_guest

step "Type at its prompt"
# shellcheck disable=SC2016 # the guest is to work it out
keys 'echo six times seven is $((6 * 7))'
keys 'uname -a'

step "Interrupt it from a second process"
interrupt_guest

step "What made it exit, and the way home"
power_off_guest
run rmmod posada || give_up "the driver does not unload"
