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

checkpatch() {
	perl "$SCRIPTS/checkpatch.pl" --no-tree --terse --no-summary --show-types \
		--max-line-length=100 "$@" 2>&1 || true
}

mapfile -t driver < <(files 'module/*.[chS]' 'uapi/*.h')
mapfile -t programs < <(files 'tools/*.[chS]' 'selftests/*.[chS]')

{
	checkpatch --strict --ignore "$DRIVER" -f "${driver[@]}"
	checkpatch --ignore "$PROGRAMS" -f "${programs[@]}"
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
