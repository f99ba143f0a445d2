#!/bin/sh
# shellcheck shell=dash disable=SC2317,SC2086 # called by ask; names without blanks
# policy.sh: the trap policy as its user has it: rows, presets, a table with hits.

DIR=/tmp/policy
VM=policy
KEYS=$DIR/keys
SCREEN=$DIR/screen
SAID=$DIR/said

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
		tail -n 15 $SAID 2>/dev/null | sed 's/^/# /'
		echo "not ok $count - $name"
		failed=1
	fi
}

# ---- guests of a few bytes -----------------------------------------------------------

# flat BYTES OPTION...: a guest in real mode; its exit status is what is returned.
flat() {
	# shellcheck disable=SC2059 # the bytes are escapes
	printf "$1" >$DIR/flat
	shift
	timeout 60 posada run --kernel $DIR/flat --flat real --console none --timeout 30 "$@" \
		>$SAID 2>&1 </dev/null
}

# status WANTED COMMAND...
status() {
	wanted=$1
	shift
	"$@"
	got=$?
	[ "$got" -eq "$wanted" ] && return
	echo "# exit status $got, not $wanted"
	return 1
}

says() { grep -qF -- "$1" $SAID; }

# out 0x80, %al; hlt
OUT80='\346\200\364'
# in $0x80, %al; out %al, $0xf4
IN80='\344\200\346\364'
# mov $0x500, %di; mov $0x80, %dx; insb; mov 0x500, %al; out %al, $0xf4
INS80='\277\0\005\272\200\0\154\240\0\005\346\364'
# mov $0x1b, %ecx; rdmsr; out %al, $0xf4
RDMSR1B='\146\271\033\0\0\0\017\062\346\364'
# mov $0xc0000080, %ecx; rdmsr; or $1, %al; out %al, $0xf4
RDMSREFER='\146\271\200\0\0\300\017\062\014\001\346\364'
# mov %cr3, %eax; mov %eax, %cr3; mov $3, %al; out %al, $0xf4
MOVCR3='\017\040\330\017\042\330\260\003\346\364'
# INT3, with an IRET as its handler at 0x7c10; mov $5, %al; out %al, $0xf4
INT3='\307\006\014\0\020\174\307\006\016\0\0\0\314\353\007\220\317\220\220\220\220\220\220\220\260\005\346\364'
# the same with INT1
INT1='\307\006\004\0\020\174\307\006\006\0\0\0\361\353\007\220\317\220\220\220\220\220\220\220\260\005\346\364'
# TF set with POPF, an IRET at 0x7c20 as the handler of #DB; mov $5, %al; out %al, $0xf4
STEPS='\307\006\004\0\040\174\307\006\006\0\0\0\234\130\200\314\001\120\235\260\005\346\364\220\220\220\220\220\220\220\220\220\317'

terminates_port() {
	status 12 flat "$OUT80" --trap io=0x80:terminate &&
		says "the guest wrote 0x" && says "to port 0x80: row 0 'io=0x80:terminate'"
}

terminates_read_only() {
	status 0 flat "$OUT80" --trap io:r=0x80:terminate &&
		status 12 flat "$IN80" --trap io:r=0x80:terminate &&
		says "the guest read port 0x80: row 0 'io:r=0x80:terminate'"
}

terminates_msr() {
	status 12 flat "$RDMSR1B" --trap hlt:user --trap msr:r=0x1b:terminate &&
		says "the guest read MSR 0x1b: row 1 'msr:r=0x1b:terminate'"
}

ignores_with_value() {
	# 0x2a << 1 | 1
	status 85 flat "$RDMSR1B" --trap msr=0x1b:ignore=0xfee0092a &&
		status 85 flat "$IN80" --trap io:r=0x80:ignore=0x2a &&
		status 85 flat "$INS80" --trap io:r=0x80:ignore=0x2a
}

first_match_decides() {
	status 85 flat "$IN80" --trap io=0x80:ignore=0x2a --trap io=0x80:terminate &&
		echo 'io=0x80:terminate' >$DIR/rows &&
		status 85 flat "$IN80" --policy strict --policy $DIR/rows --trap io=0x80:ignore=0x2a &&
		status 12 flat "$IN80" --policy strict --policy $DIR/rows &&
		says "row 0 'io=0x80:terminate'"
}

# The module has it, the row sends it up, and the guest gets it all the same.
user_msr_is_the_guests() {
	status 3 flat "$RDMSREFER" --trap msr=0xc0000080:user --verbose &&
		says 'MSR 0xc0000080: its own'
}

user_step() {
	status 7 flat "$MOVCR3" --trap cr=3:user --verbose &&
		says 'the guest read CR3: row 0' && says 'to CR3: row 0'
}

user_hlt_still_ends() { status 0 flat '\364' --trap hlt:user; }

exception_is_passed_on() {
	status 11 flat "$INT3" && status 11 flat "$INT3" --trap exception=3:user --verbose &&
		says 'the guest raised exception 3 (#BP): row 0'
}

debug_exceptions_are_passed_on() {
	for bytes in "$INT1" "$STEPS"; do
		status 11 flat "$bytes" && status 11 flat "$bytes" --trap exception=1:user --verbose &&
			says 'the guest raised exception 1 (#DB): row 0' || return 1
	done
}

refusal_has_words() {
	status 4 flat "$OUT80" --trap hlt:user --trap exception=18:native &&
		says "--trap: row 'exception=18:native' cannot be: "
}

# ---- a guest with a prompt ----------------------------------------------------------------

# boot OPTION...: Linux, to its prompt
boot() {
	rm -f $KEYS $SCREEN
	mkfifo $KEYS
	: >$SCREEN
	posada run --name $VM --kernel /guest/vmlinuz --initrd /guest/initrd.img "$@" \
		<$KEYS >$SCREEN 2>$SAID &
	guest=$!
	exec 4>$KEYS
	prompt
}

prompt() {
	tries=0
	until grep -q 'guest# ' $SCREEN; do
		kill -0 $guest 2>/dev/null || return 1
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		sleep 0.5
	done
}

# ended STATUS: it does so by itself
ended() {
	wait $guest
	got=$?
	exec 4>&-
	[ "$got" -eq "$1" ]
}

power_off() {
	echo 'poweroff -f' >&4
	ended 0
}

table_has_hits() {
	posada policy $VM >$DIR/table && grep -q '[1-9][0-9]*  io=0x3f8-0x3ff:user$' $DIR/table &&
		grep -q 'built in$' $DIR/table && posada policy $VM --json >$DIR/json &&
		grep -q '"text":"io=0x3f8-0x3ff:user","kind":"io","disposition":"user"' $DIR/json
}

set_refuses_mistake() {
	echo 'hlt:usr' >$DIR/rows
	! posada policy $VM --set $DIR/rows 2>$DIR/error &&
		grep -q "$DIR/rows:1: 'usr' is no access" $DIR/error &&
		echo 'exception=18:native' >$DIR/rows &&
		! posada policy $VM --set $DIR/rows 2>$DIR/error &&
		grep -q "row 'exception=18:native' cannot be" $DIR/error
}

# All kinds that every CPU can trap, for the launcher to do something sensible.
boot_with_all_sent_up() {
	cat >$DIR/rows <<-'END'
		cpuid:user
		msr:user
		cr:w=0:user
		cr=3:user
		cr:w=4:user
		cr=8:user
		dr:user
		exception=0-1:user
		exception=3-17:user
		exception=19-31:user
		hlt:user
		pause:user
		rdtsc:user
		invlpg:user
		wbinvd:user
		tables:user
		xsetbv:user
	END
	boot --policy $DIR/rows
}

# An idle Linux halts within a tick.
set_works_at_once() {
	printf '# the end\nhlt:terminate # now\n' >$DIR/rows
	posada policy $VM --set $DIR/rows && ended 12 &&
		says "the guest executed HLT: row 0 'hlt:terminate'"
}

check_is_offline() {
	for preset in pc strict kvm; do
		posada policy --check $preset >$DIR/rows && posada policy --check $DIR/rows >$DIR/again &&
			cmp -s $DIR/rows $DIR/again || return 1
	done
}

# A guest that is gone does not read its keys.
trap '' PIPE
rm -rf $DIR
mkdir -p $DIR
[ -e /dev/posada ] || insmod /lib/modules/posada.ko || exit 1
echo "KTAP version 1"
echo "1..21"
ask "presets are what their rows say" check_is_offline
ask "terminate names the port and the row" terminates_port
ask "terminate of reads lets writes be" terminates_read_only
ask "terminate names the MSR and the row" terminates_msr
ask "ignore gives the value" ignores_with_value
ask "rows go before files, files before presets" first_match_decides
ask "an MSR that is sent up is still the guest's" user_msr_is_the_guests
ask "a trap without a device is told of and stepped over" user_step
ask "a halt that is sent up is still the end" user_hlt_still_ends
ask "an exception that is sent up reaches the guest" exception_is_passed_on
ask "so do INT1 and single steps" debug_exceptions_are_passed_on
ask "what cannot be is refused in words" refusal_has_words
ask "Linux boots under strict" boot --policy strict
ask "the table of a running guest has hits" table_has_hits
ask "rows that cannot be are refused while it runs" set_refuses_mistake
ask "it powers off under strict" power_off
ask "Linux boots with everything sent up" boot_with_all_sent_up
ask "and powers off" power_off
ask "Linux boots under kvm" boot --policy kvm
ask "rows set while it runs work at once" set_works_at_once
ask "the driver unloads" rmmod posada
sed 's/^/# /' $DIR/table
exit $failed
