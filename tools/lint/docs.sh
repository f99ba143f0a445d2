#!/usr/bin/env bash
# docs: the pages are well-formed, uapi.rst is what the header says, index.rst
# knows every page, exits.rst every exit, and a file they name is there.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

need rst2html5 python3-docutils
failed=0
mapfile -t pages < <(files 'Documentation/*.rst')

say() {
	echo "$*"
	failed=1
}

for page in "${pages[@]}"; do
	rst2html5 --halt=warning "$page" /dev/null || failed=1
	name=${page##*/}
	[[ $name == index.rst ]] || grep -q "$name" Documentation/index.rst ||
		say "Documentation/index.rst: nothing about $name"
done

# A path in backticks, or the name of a test.
# shellcheck disable=SC2016 # they are no command
grep -noHE '`[a-zA-Z0-9_.-]+/[a-zA-Z0-9_./-]*`' "${pages[@]}" README.md | tr -d '`' |
	while IFS=: read -r page line path; do
		case $path in
		build/*) ;;
		*) [[ -e $path || -e selftests/$path.c ]] || echo "$page:$line: there is no $path" ;;
		esac
	done >"$OUT/docs.paths"
[[ ! -s $OUT/docs.paths ]] || say "$(cat "$OUT/docs.paths")"

# Both ways: what is routed is described, what is described exists.
exits() { grep -ohE '\bPOSADA_EXIT_[A-Z_]+\b' "$1" | grep -v NONE | sort -u; }
reasons() { grep -ohE 'EXIT_REASON_[A-Z0-9_]+' "$1" | sed 's/^EXIT_REASON_//' | sort -u; }

diff <(exits uapi/linux/posada.h) <(exits Documentation/exits.rst) >"$OUT/docs.exits" ||
	say "Documentation/exits.rst and the header differ: $(grep '^[<>]' "$OUT/docs.exits" | xargs)"
diff <(reasons module/exit.c) <(reasons Documentation/exits.rst) >"$OUT/docs.reasons" ||
	say "Documentation/exits.rst and module/exit.c differ: $(grep '^[<>]' "$OUT/docs.reasons" | xargs)"

if Documentation/make-uapi.pl >"$OUT/uapi.rst" 2>"$OUT/uapi.errors"; then
	cmp -s "$OUT/uapi.rst" Documentation/uapi.rst ||
		say "Documentation/uapi.rst is old: Documentation/make-uapi.pl >Documentation/uapi.rst"
elif [[ $failed -eq 0 ]]; then
	skip "all but uapi.rst is well: $(cat "$OUT/uapi.errors")"
fi
exit "$failed"
