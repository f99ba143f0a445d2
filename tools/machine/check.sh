#!/usr/bin/env bash
# check.sh: run all tests and count them.
#
# Usage: tools/machine/check.sh [--machine qemu|bochs|auto] [--cpus N] [--debug] [--help]
#
# First the tests of pure code on this computer, then all others in one boot of
# the test machine (two CPUs), with VMX resident and again with VMX in windows, as
# newer kernels have it, some with every entry judged first, and then the trap policy as
# the command has it, with Linux as a guest; then a Linux guest that is moved a hundred
# times while it works; then what the driver says where there is no VMX. Prints KTAP as
# it comes (kept in build/check.ktap) and at the end one line of its own, "N passed,
# N failed, N skipped"; exits with 0 if some passed and none failed.
#
# With --debug: the tests that take VMX, and none of the rest, under a kernel that
# watches itself (debug-kernel.sh), ten programs a boot; build/check-debug.ktap.
set -eu -o pipefail

PROG=check
. "$(dirname "$0")/lib/common.sh"

MACHINE=auto
CPUS=2
DEBUG=
KTAP=$BUILD/check.ktap
RUNS="/selftests/run.sh && /selftests/run.sh -m vmx=window"
RUNS+=" && /selftests/run.sh -m check_entries=1 vm/explain vm/entry_failed vm/modes vm/pae"
RUNS+=" && sh /lib/machine/policy.sh"
NUMBER=0

main() {
	parse "$@"
	mkdir -p "$BUILD"
	if [[ $DEBUG ]]; then run_debug; else run_all; fi | tee "$KTAP"
	awk -f "$MACHINE_DIR/lib/ktap.awk" "$KTAP"
}

parse() {
	while [[ $# -gt 0 ]]; do
		case $1 in
		--machine) MACHINE=${2:?--machine wants a value} && shift ;;
		--cpus) CPUS=${2:?--cpus wants a number} && shift ;;
		--debug) DEBUG=yes KTAP=$BUILD/check-debug.ktap ;;
		--help | -h) usage 0 ;;
		*) usage 2 >&2 ;;
		esac
		shift
	done
}

usage() {
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	exit "$1"
}

run_all() {
	local test
	echo "KTAP version 1"
	for test in "$BUILD"/selftests/host/*; do
		[[ -f $test && -x $test ]] && result "host/${test##*/}" "$test"
	done
	boot "machine" --machine "$MACHINE" --cpus "$CPUS" --timeout 2400 \
		--log "$BUILD/machine/check.log" --cmd "$RUNS"
	boot "machine with a guest that is moved" --machine "$MACHINE" --cpus 1 --timeout 900 \
		--log "$BUILD/machine/check-move.log" --cmd 'sh /lib/machine/move.sh'
	boot "machine without VMX" --without-vmx \
		--log "$BUILD/machine/check-without-vmx.log" --cmd 'sh /lib/machine/without-vmx.sh'
	echo "1..$NUMBER"
}

run_debug() {
	local programs n at_once=10
	mapfile -t programs < <(cd "$BUILD/selftests" && ls abi/* vm/*)
	echo "KTAP version 1"
	for ((n = 0; n < ${#programs[@]}; n += at_once)); do
		boot "machine with a debug kernel, from ${programs[n]} on" --debug \
			--cpus "$CPUS" --memory 1024 --mitigations off --timeout 5400 \
			--log "$BUILD/machine/check-debug-$n.log" \
			--cmd "/selftests/run.sh -t 1200 ${programs[*]:n:at_once}"
	done
	echo "1..$NUMBER"
}

boot() {
	local name=$1
	shift
	result "$name" "$MACHINE_DIR/machine" "$@"
}

# result NAME COMMAND...: its output nested, and its exit status as one result;
# 4 is how kselftest says that a test could not run. A machine must not pass by
# testing nothing.
result() {
	local name=$1 status=0
	shift
	NUMBER=$((NUMBER + 1))
	"$@" </dev/null | sed -u 's/^/  /' | tee "$KTAP.part" || status=${PIPESTATUS[0]}
	if [[ $status -eq 0 && $name == machine* ]] && ! grep -qE '^[# ]*(not )?ok [0-9]' "$KTAP.part"; then
		status="0, but no results"
	fi
	case $status in
	0) echo "ok $NUMBER - $name" ;;
	4) echo "ok $NUMBER - $name # SKIP" ;;
	*) echo "not ok $NUMBER - $name # exit status $status" ;;
	esac
	rm -f "$KTAP.part"
}

main "$@"
