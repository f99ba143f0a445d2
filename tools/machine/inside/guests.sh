#!/bin/sh
# shellcheck disable=SC2317 # the guests and the questions are called by name
# guests.sh: systems of others as guests of posada, and what each is asked.
#
# Usage: guests.sh DIRECTORY GUEST...
#
# Runs in the test machine. DIRECTORY has for each GUEST a directory with its files,
# or the file GUEST.skip with the reason why there is none. Prints KTAP.

HERE=$(dirname "$0")
FILES=$1
shift

# ---- one guest, and what is typed at it -----------------------------------------------

# start OPTION OF posada run...: its console is /tmp/screen, its keyboard file descriptor 4.
start() {
	rm -f /tmp/keys
	mkfifo /tmp/keys
	: >/tmp/screen
	posada run --name guest --stats "$@" </tmp/keys >/tmp/screen 2>/tmp/stats &
	guest=$!
	# Held open: the guest's keyboard must not come to its end.
	exec 4>/tmp/keys
	seen=0
}

# keys LINE: typed at the guest; what it answers is waited for by appears.
keys() {
	seen=$(wc -c </tmp/screen)
	echo "$1" >&4
}

# appears PATTERN SECONDS: on the guest's console, behind what was there before keys.
appears() {
	left=$2
	until tail -c +$((seen + 1)) /tmp/screen | grep -q "$1"; do
		left=$((left - 1))
		[ "$left" -ge 0 ] && kill -0 "$guest" 2>/dev/null || return 1
		sleep 1
	done
}

# ends STATUS WORDS: the guest comes to its end within a minute, and that way.
ends() {
	(sleep 60 && posada quit guest >/dev/null 2>&1) &
	watch=$!
	wait "$guest"
	status=$?
	kill "$watch" 2>/dev/null
	exec 4>&-
	[ "$status" = "$1" ] && grep -q "^guest: $2," /tmp/stats
}

# ---- KTAP ----------------------------------------------------------------------------

# ask NAME COMMAND...: one question of a guest.
ask() {
	name=$1
	shift
	asked=$((asked + 1))
	if "$@"; then
		echo "  ok $asked - $name"
	else
		echo "  not ok $asked - $name"
		bad=$((bad + 1))
	fi
}

tell() { sed 's/\r//g; s/^/  # /'; }

# guest NAME: all of its questions, then what it has cost. In Bochs a second is 50
# million instructions, whoever's.
guest() {
	number=$((number + 1))
	if [ -r "$FILES/$1.skip" ]; then
		echo "ok $number - $1 # SKIP $(cat "$FILES/$1.skip")"
		return
	fi
	asked=0
	bad=0
	echo "  KTAP version 1"
	"ask_$1" "$FILES/$1"
	echo "  1..$asked"
	tell </tmp/stats
	if [ $bad = 0 ]; then
		echo "ok $number - $1"
	else
		tail -n 40 /tmp/screen | cut -c 1-200 | tell
		echo "not ok $number - $1"
		failed=1
	fi
}

# ---- 32-bit Linux, without PAE ---------------------------------------------------------

ask_linux32() {
	start --kernel "$1/linux" --initrd "$1/initrd.img" --memory 64M
	ask "it boots to a shell" appears 'guest# ' 600
	# shellcheck disable=SC2016 # the guest is to work it out
	keys 'echo six times seven is $((6 * 7))'
	ask "the shell answers" appears '^six times seven is 42' 60
	keys 'uname -m'
	ask "it is 32-bit" appears '^i686' 60
	ask "it pages without PAE" pages_without_pae
	keys 'dd if=/dev/zero bs=64k count=64 2>/dev/null | tr "\0" x | md5sum'
	ask "its processes compute what ours do" appears "^$(checksum)" 120
	keys 'poweroff -f'
	# Without ACPI it has no way to take the power away.
	ask "it goes down in order" ends 0 'halted with interrupts off'
}

checksum() { dd if=/dev/zero bs=64k count=64 2>/dev/null | tr '\0' x | md5sum | cut -c 1-32; }

# CR0.PG set, CR4.PAE clear, and not long mode.
pages_without_pae() {
	posada regs guest >/tmp/regs || return
	cr0=$(sed -n 's/^cr0 *\(0x[0-9a-f]*\).*/\1/p' /tmp/regs)
	cr4=$(sed -n 's/.*cr4 *\(0x[0-9a-f]*\).*/\1/p' /tmp/regs)
	efer=$(sed -n 's/.*efer *\(0x[0-9a-f]*\).*/\1/p' /tmp/regs)
	echo "  # cr0 $cr0, cr4 $cr4, efer $efer"
	[ $((cr0 >> 31 & 1)) = 1 ] && [ $((cr4 >> 5 & 1)) = 0 ] && [ $((efer >> 10 & 1)) = 0 ]
}

# ---- Memtest86+ --------------------------------------------------------------------------

ask_memtest() {
	start --kernel "$1/memtest86+x64.bin" --memory 8M \
		--cmdline 'console=ttyS0,115200 nobench nopause'
	ask "it shows its screen on the serial line" appears 'Memtest86+ v' 60
	ask "it comes to the end of a pass" appears 'Pass:  [1-9]' 1500
	awk -f "$HERE/screen.awk" /tmp/screen | tell
	ask "its tests have followed one another, from the first to the last" tests_in_order
	ask "it has found no error" no_errors
	keys "$(printf '\033')"
	ask "Escape reboots the machine" ends 0 reset
}

# Those that are over before the screen is drawn again are not seen.
tests_in_order() {
	sed 's/\[[0-9]*;[0-9]*H *#/\n#/g' /tmp/screen |
		sed -n 's/^#\([0-9][0-9]*\) .*/\1/p' | uniq | sed '/^10$/q' >/tmp/seen
	echo "  # seen: $(tr '\n' ' ' </tmp/seen)"
	[ "$(head -n 1 /tmp/seen)" = 0 ] && [ "$(tail -n 1 /tmp/seen)" = 10 ] && sort -n -c -u /tmp/seen
}

no_errors() {
	appears 'Errors: 0 ' 0 && ! appears 'Errors: [1-9]' 0
}

# ---- the kernel's own x86 selftests --------------------------------------------------------

# They are run here first, directly on the machine's processor, and then in a guest with
# the machine's own kernel, built from the same directory.
ask_selftests() {
	sh "$HERE/verdicts.sh" "$1/root/tests" >/tmp/outside
	(cd "$1/root" && find . | cpio -o -H newc 2>/dev/null) >/tmp/initrd.img
	start --kernel /guest/vmlinuz --initrd /tmp/initrd.img --memory 256M
	ask "the guest has run them" appears '^verdicts end' 1500
	ask "it goes down in order" ends 0 'halted with interrupts off'
	tr -d '\r' </tmp/screen | sed '1,/^verdicts begin/d; /^verdicts end/,$d' >/tmp/inside
	printf '  # %-28s %-16s  %s\n' "verdicts" "outside" "inside"
	for test in "$1/root/tests/"*; do
		test=${test##*/}
		of "$test" /tmp/outside >/tmp/outside.1
		of "$test" /tmp/inside >/tmp/inside.1
		printf '  # %-28s %-16s  %s\n' "$test" "$(sum_up /tmp/outside.1)" "$(sum_up /tmp/inside.1)"
		ask "$test has the same verdicts inside" same_verdicts
	done
	rm -f /tmp/initrd.img
}

of() { sed -n "s/^$1: //p" "$2"; }

same_verdicts() {
	[ -s /tmp/outside.1 ] && cmp -s /tmp/outside.1 /tmp/inside.1 && return
	diff -U 0 /tmp/outside.1 /tmp/inside.1 | sed 1,2d | tell
	return 1
}

# sum_up FILE: "0: 12 OK, 1 SKIP"
sum_up() {
	awk '/^exit/ { line = $2; next }
		{ gsub(/[][]/, "", $2); if (!($2 in count)) order[++kinds] = $2; count[$2] += $1 }
		END {
			for (i = 1; i <= kinds; i++)
				line = line (i > 1 ? ", " : ": ") count[order[i]] " " order[i]
			print line
		}' "$1"
}

# --------------------------------------------------------------------------------------------

number=0
failed=0
echo "KTAP version 1"
echo "1..$#"
for name; do
	guest "$name"
done
exit $failed
