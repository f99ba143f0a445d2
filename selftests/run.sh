#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# run.sh: load the module, run its tests, unload it, and read the kernel log.
#
# Usage: run.sh [-m ARGUMENTS] [-t SECONDS] [TEST ...]
#
#   -m ARGUMENTS   for the module, as insmod takes them
#   -t SECONDS     for each test program (default 300)
#   TEST           abi/NAME, proofs/NAME, vm/NAME or a part of such a name; default: all
#
# Prints KTAP, with the results of each program nested in one result of its own,
# and then how many there were. Exit status: 0 when something ran, nothing failed,
# the module was unloaded and the kernel did not complain; 4 when all was skipped.

HERE=$(cd "$(dirname "$0")" && pwd)
POSADA_KO=${POSADA_KO:-/lib/modules/posada.ko}
POSADA_ARGUMENTS=
LIMIT=300
COUNTS=/tmp/run.sh.$$
NUMBER=0
FAILED=0

# What a healthy kernel never says.
TROUBLE='WARNING: |BUG: |kernel BUG at|Oops|general protection fault|Call Trace:|INFO: task|rcu.*stall|lockup|unchecked MSR'

main() {
	while getopts m:t: option; do
		case $option in
		m) POSADA_ARGUMENTS=$OPTARG ;;
		t) LIMIT=$OPTARG ;;
		*) exit 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	export POSADA_KO POSADA_ARGUMENTS
	echo "KTAP version 1"
	: >"$COUNTS"
	log_start
	result load load
	# shellcheck disable=SC2046 # the names of tests have no spaces
	run_programs $(select_programs "$@")
	result unload unload
	result "kernel log" log_clean
	echo "1..$NUMBER"
	summary
}

# log_start, log_clean: whether anything bad was logged in between.
log_start() { TROUBLE_BEFORE=$(dmesg | grep -cE "$TROUBLE"); }

log_clean() {
	[ "$(dmesg | grep -cE "$TROUBLE")" -eq "$TROUBLE_BEFORE" ] && return
	dmesg | grep -E -A 20 "$TROUBLE" | sed 's/^/# /'
	return 1
}

load() {
	grep -q '^posada ' /proc/modules && return
	# shellcheck disable=SC2086 # several arguments
	insmod "$POSADA_KO" $POSADA_ARGUMENTS || {
		dmesg | tail -n 5 | sed 's/^/# /'
		return 1
	}
}

# Files of a process that just ended are closed a moment later.
unload() {
	tries=0
	while ! rmmod posada 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || {
			echo "# still in use: $(grep '^posada ' /proc/modules)"
			return 1
		}
		sleep 0.1
	done
	! grep -q '^posada ' /proc/modules && [ ! -e /dev/posada ]
}

# select_programs [TEST ...]: one a line
select_programs() {
	(cd "$HERE" && ls abi/* proofs/* vm/*) 2>/dev/null | while read -r program; do
		[ $# -gt 0 ] || echo "$program"
		for wanted; do
			case $program in
			*"$wanted"*)
				echo "$program"
				break
				;;
			esac
		done
	done
}

run_programs() {
	[ $# -gt 0 ] || echo "# no test of that name in $HERE"
	for program; do
		result "$program" run_program "$program"
	done
}

# run_program PROGRAM: its exit status tells if all is well; a program that was
# cut short tells fewer results than it planned.
run_program() {
	# One that was cut off while it had the module out would make the rest skip.
	load
	{
		timeout -s KILL "$LIMIT" "$HERE/$1" 2>&1 </dev/null
		echo "exit $?"
	} | count
}

# count: indents and counts what a program prints; fails if it failed.
count() {
	plan=0 passed=0 failed=0 skipped=0 status=1
	while IFS= read -r line; do
		case $line in
		"exit "*)
			status=${line#exit }
			continue
			;;
		1..*) plan=${line#1..} ;;
		"ok "*"# SKIP"*) skipped=$((skipped + 1)) ;;
		"ok "*) passed=$((passed + 1)) ;;
		"not ok "*) failed=$((failed + 1)) ;;
		esac
		printf '    %s\n' "$line"
	done
	missing=$((plan - passed - skipped - failed))
	if [ $missing -ne 0 ] || [ "$plan" -eq 0 ]; then
		echo "    # $missing of $plan results are missing; exit status $status"
		failed=$((failed + 1))
	fi
	echo "$passed $failed $skipped" >>"$COUNTS"
	[ $failed -eq 0 ] || return 1
	[ $passed -gt 0 ] || [ $skipped -eq 0 ] || return 4
	[ "$status" -eq 0 ]
}

# result NAME COMMAND ...: one result of ours
result() {
	name=$1
	shift
	NUMBER=$((NUMBER + 1))
	"$@"
	case $? in
	0) echo "ok $NUMBER $name" ;;
	4) echo "ok $NUMBER $name # SKIP all of it" ;;
	*)
		echo "not ok $NUMBER $name"
		FAILED=$((FAILED + 1))
		;;
	esac
}

summary() {
	passed=0 failed=0 skipped=0
	while read -r p f s; do
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	done <"$COUNTS"
	rm -f "$COUNTS"
	echo "# of the programs' tests $passed passed, $failed failed, $skipped skipped"
	[ $FAILED -eq 0 ] || exit 1
	[ $passed -gt 0 ] || exit 4
}

main "$@"
