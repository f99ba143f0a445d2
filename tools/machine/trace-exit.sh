#!/usr/bin/env bash
# trace-exit.sh: what one exit of a guest executes, counted from a trace.
#
# Usage: tools/machine/trace-exit.sh [OPTION...] [OPERATION...]
#
#   --profile             also by function: instructions, most first
#   --mitigations VALUE   off (default) or default
#   --keep DIR            leave trace and symbols there
#   --help                this text
#
# An operation is one of "posada bench" that exits: cpuid rdmsr wrmsr vmcall hlt out
# in out-device mmio-write mmio-read; without one, cpuid, rdmsr, out, hlt and
# mmio-write. Each is traced once, warm, from the instruction of the guest to the one
# behind it: in the guest, the driver, the kernel and the launcher.
#
# Columns: all instructions; VMREAD, VMWRITE; RDMSR, WRMSR; XSAVE, XRSTOR and kin;
# INVEPT and INVVPID; accesses to CR and DR; instructions with LOCK, and XCHG with memory;
# REP string instructions.
set -eu -o pipefail

# shellcheck disable=SC2034 # for die
PROG=trace-exit
. "$(dirname "$0")/lib/common.sh"

PROFILE=
MITIGATIONS=off
KEEP=
OPERATIONS=()

main() {
	parse "$@"
	DIR=${KEEP:-$(mktemp -d)}
	[[ $KEEP ]] || trap 'rm -rf "$DIR"' EXIT
	mkdir -p "$DIR"
	trace
	table
	[[ ! $PROFILE ]] || profile
}

parse() {
	while [[ $# -gt 0 ]]; do
		case $1 in
		--profile) PROFILE=yes ;;
		--mitigations | --keep)
			[[ $# -ge 2 ]] || die "$1 wants a value; see --help"
			[[ $1 == --keep ]] && KEEP=$2 || MITIGATIONS=$2
			shift
			;;
		--help | -h) usage 0 ;;
		-*) die "unknown option '$1'; see --help" ;;
		*) OPERATIONS+=("$1") ;;
		esac
		shift
	done
	[[ ${#OPERATIONS[@]} -gt 0 ]] || OPERATIONS=(cpuid rdmsr out hlt mmio-write)
}

usage() {
	sed -n '2,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0"
	exit "$1"
}

# The symbols go packed, because all that the machine prints takes its time.
trace() {
	local command="insmod /lib/modules/posada.ko && posada bench --mark ${OPERATIONS[*]}"
	[[ ! $PROFILE ]] || command+=" && echo SYMBOLS && grep -i ' t ' /proc/kallsyms | gzip | base64"
	rm -f "$DIR/trace"
	"$MACHINE_DIR/machine" --machine bochs --cpus 1 --memory 512 --mitigations "$MITIGATIONS" \
		--trace "$DIR/trace" --log "$DIR/log" --cmd "$command" >"$DIR/out" ||
		die "the machine failed; see $(tail -n 3 "$DIR/out")"
	[[ -s $DIR/trace ]] || die "nothing was traced"
	# The order in which they were run is that of "posada bench".
	mapfile -t OPERATIONS < <(printf '%s\n' "${OPERATIONS[@]}" | grep -xFf - "$DIR/out")
	[[ ! $PROFILE ]] || sed '1,/^SYMBOLS/d' "$DIR/out" | tr -cd 'A-Za-z0-9+/=\n' |
		base64 -di 2>/dev/null | gzip -dc 2>/dev/null >"$DIR/symbols" || true
}

# A line: (0).[ticks] [physical] selector:linear (unk. ctxt): instruction ; bytes
table() {
	printf '%-11s %6s %7s %7s %6s %6s %6s %6s %6s %6s %5s\n' OPERATION all vmread vmwrite \
		rdmsr wrmsr xsave inval cr/dr lock rep
	awk -v names="${OPERATIONS[*]}" '
		BEGIN { split(names, name, " "); n = 1 }
		{
			insn = $0
			sub(/^[^)]*\)[^)]*\): /, "", insn)
			sub(/ *;.*/, "", insn)
			split(insn, word, " ")
			op = word[1]
		}
		insn == "xchg bx, bx" {
			printf "%-11s %6d %7d %7d %6d %6d %6d %6d %6d %6d %5d\n", name[n++], all,
				c["vmread"], c["vmwrite"], c["rdmsr"], c["wrmsr"], c["xsave"],
				c["inval"], c["cr"], c["lock"], c["rep"]
			all = 0
			delete c
			next
		}
		{ all++ }
		op == "vmread" || op == "vmwrite" || op == "rdmsr" || op == "wrmsr" { c[op]++ }
		op ~ /^f?x(save|rstor)/ { c["xsave"]++ }
		op == "invept" || op == "invvpid" { c["inval"]++ }
		op == "mov" && insn ~ /[^a-z](cr|dr)[0-9]/ { c["cr"]++ }
		op == "lock" || (op == "xchg" && insn ~ /\[/) { c["lock"]++ }
		op ~ /^rep/ { c["rep"]++ }
	' "$DIR/trace"
}

profile() {
	local op i=0
	sort "$DIR/symbols" >"$DIR/sorted"
	for op in "${OPERATIONS[@]}"; do
		i=$((i + 1))
		printf '\n%s\n' "$op"
		awk -v which="$i" '
			BEGIN { n = 1 }
			/: xchg bx, bx / { n++; next }
			n == which {
				match($0, /:[0-9a-f]+ \(/)
				print substr($0, RSTART + 1, RLENGTH - 3)
			}' "$DIR/trace" | functions | sort | uniq -c | sort -rn | head -n 60
	done
}

# functions: linear addresses to the names of what they are in.
functions() {
	awk -v symbols="$DIR/sorted" '
		BEGIN {
			while ((getline line <symbols) > 0) {
				split(line, f, " ")
				if (length(f[1]) == 16) { at[n] = f[1]; name[n++] = f[3] }
			}
		}
		{
			while (length($1) < 16)
				$1 = "0" $1
			if ($1 < "ffff") { print substr($1, 1, 11) == "00000000000" ? "(guest)" : "(user)"; next }
			low = 0
			high = n - 1
			while (low < high) {
				middle = int((low + high + 1) / 2)
				if (at[middle] <= $1) low = middle; else high = middle - 1
			}
			print name[low]
		}'
}

main "$@"
