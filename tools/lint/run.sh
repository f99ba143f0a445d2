#!/usr/bin/env bash
# run.sh: what tools have to say about the source.
#
# Usage: tools/lint/run.sh [CHECK...]
#
# Runs each check of tools/lint (or only those named: "run.sh layers words"), two
# at a time, and prints one line for each: ok, FAIL with what was found, or SKIP
# with the reason. Exits with 1 if a check failed.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

# symbols looks at what build leaves.
CHECKS=(build symbols headers layers docs kernel-doc shell words checkpatch)

main() {
	local check failed=0
	[[ ${1-} == -* ]] && usage "$1"
	[[ $# -gt 0 ]] && CHECKS=("$@")
	mkdir -p "$OUT"
	# One at a time: build/lint is for one.
	exec 9>"$OUT/lock"
	flock 9
	start
	for check in "${CHECKS[@]}"; do
		report "$check" || failed=1
	done
	exit "$failed"
}

usage() {
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	[[ $1 == --help || $1 == -h ]] && exit 0
	exit 2
}

# checkpatch takes as long as all others together: it runs beside them.
start() {
	local check
	for check in "${CHECKS[@]}"; do
		[[ -x $LINT/$check.sh ]] || { echo "no such check: $check" >&2 && exit 2; }
		rm -f "$OUT/$check.status"
	done
	for check in "${CHECKS[@]}"; do
		[[ $check != checkpatch ]] || one "$check"
	done &
	for check in "${CHECKS[@]}"; do
		[[ $check == checkpatch ]] || one "$check"
	done &
}

one() {
	local status=0
	"$LINT/$1.sh" >"$OUT/$1.log" 2>&1 </dev/null || status=$?
	echo "$status" >"$OUT/$1.status.new"
	mv "$OUT/$1.status.new" "$OUT/$1.status"
}

report() {
	while [[ ! -e $OUT/$1.status ]]; do sleep 0.1; done
	case $(cat "$OUT/$1.status") in
	0) printf '%-11s ok\n' "$1" ;;
	4) printf '%-11s SKIP %s\n' "$1" "$(tail -n 1 "$OUT/$1.log")" ;;
	*)
		printf '%-11s FAIL\n' "$1"
		sed 's/^/  /' "$OUT/$1.log"
		return 1
		;;
	esac
}

main "$@"
