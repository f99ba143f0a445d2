#!/usr/bin/env bash
# checkpatch: the kernel's checkpatch.pl has nothing to say; strict about the
# driver and the ABI, errors and warnings only about programs. What it says of one
# file and we do not mind is in checkpatch.allow, with the reason.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

# Of anything. The masks have the form that the manual has them in, and the ABI
# cannot use BIT().
IGNORE=BIT_MACRO

# Of the driver. Locks are described with the other fields, in the kernel-doc above
# the struct. To know CamelCase, checkpatch leaves a file in the tree.
DRIVER=$IGNORE,UNCOMMENTED_DEFINITION,CAMELCASE

# Of programs, which do not have the kernel's headers (ARRAY_SIZE, __packed,
# __printf, READ_ONCE) and whose library functions have names of their own.
PROGRAMS=$IGNORE,ARRAY_SIZE,PREFER_DEFINED_ATTRIBUTE_MACRO,VOLATILE,EMBEDDED_FUNCTION_NAME

# Tables of rows are macros, tests have macros for types and statements, and
# "unsigned" is a type.
PROGRAMS+=,COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,TRAILING_SEMICOLON
PROGRAMS+=,MACRO_WITH_FLOW_CONTROL,SPACING,LINE_SPACING,UNSPECIFIED_INT,AVOID_EXTERNS

need_script checkpatch.pl

# Of what files it had nothing to say. That stays so while the file, the script and
# this check are what they are; it takes a second for 700 lines, and there are many.
CLEAN=$CACHE/lint/$(cat "$SCRIPTS/checkpatch.pl" "$LINT/checkpatch.sh" | sha1sum | cut -c1-16)
mkdir -p "$CLEAN"

# checkpatch OPTION...: of the files on standard input, on every processor.
checkpatch() {
	local sum file said status=0
	xargs sha1sum | while read -r sum file; do
		[[ -e $CLEAN/$sum-${file//\//_} ]] || echo "$sum $file"
	done >"$OUT/checkpatch.look"
	said=$(cut -d ' ' -f 2 "$OUT/checkpatch.look" |
		xargs -r -P "$(nproc)" -n 12 perl "$SCRIPTS/checkpatch.pl" --no-tree --terse \
			--no-summary --show-types --max-line-length=100 "$@" -f 2>&1) || status=$?
	[[ ! $said ]] || printf '%s\n' "$said"
	# 123: some had findings. Anything else, or another kind of line, is a failure.
	if [[ $status -ne 0 && $status -ne 123 ]] || grep -qvE '^[^:]+:[0-9]+: |^$' <<<"$said"; then
		echo "checkpatch.pl:0: ERROR:FAILED: it ended with $status"
		return
	fi
	while read -r sum file; do
		[[ $said == *"$file:"* ]] || touch "$CLEAN/$sum-${file//\//_}"
	done <"$OUT/checkpatch.look"
}

{
	files 'module/*.[chS]' 'uapi/*.h' | checkpatch --strict --ignore "$DRIVER"
	files 'tools/*.[chS]' 'selftests/*.[chS]' | checkpatch --ignore "$PROGRAMS"
} | awk -v list="$LINT/checkpatch.allow" '
	BEGIN {
		while ((getline line < list) > 0)
			if (split(line, word, " ") > 2 && word[1] !~ /^#/)
				allow[word[1], word[2]] = 1
	}
	{
		split($0, part, ":")
		if ((part[1], part[4]) in allow)
			next
		print
		bad = 1
	}
	END { exit bad }'
