#!/usr/bin/env bash
# shell: shellcheck on every shell script, whatever its name.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

need shellcheck shellcheck
mapfile -t scripts < <(
	files '*.sh' '*.bash'
	files | grep -vE '\.(sh|bash)$' | while read -r file; do
		LC_ALL=C sed -n '1{/^#!.*\/\(env \)\?\(ba\|da\|a\)\?sh\>/p;q}' "$file" |
			grep -q . && echo "$file"
	done
)

# 2034: what a sourced file sets is used by who sources it.
# 2209: a word may also be the name of a command.
shellcheck -x -P SCRIPTDIR -e SC2034,SC2209 -f gcc "${scripts[@]}"
