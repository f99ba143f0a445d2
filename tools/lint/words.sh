#!/usr/bin/env bash
# words: what must not be in any file: a path of the computer it was written on,
# spaces at the end of a line, no newline at the end of the file, notes to
# oneself, the marks of a merge.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

# The licence is as its authors wrote it.
mapfile -t texts < <(files ':!COPYING' | xargs -r -d '\n' grep -lI '')
failed=0

# none PATTERN WHAT: no line matches.
none() {
	grep -nHP -e "$1" -- "${texts[@]}" | sed "s/\$/    <- $2/" && failed=1
	return 0
}

# Written so that this file does not hold them.
none '(^|[^\w.$}])/(wor[k]|roo[t]|home/\w+)/' 'a path of somebody'\''s computer'
none '[ \t]+$' 'space at the end of the line'
none '\r$' 'carriage return'
none '\b(TOD[O]|FIXM[E]|XX[X])\b' 'a note to oneself'
none '^(<{7}|>{7}|={7})( |$)' 'the mark of a merge'

for file in "${texts[@]}"; do
	[[ ! -s $file || -z $(tail -c 1 "$file") ]] && continue
	echo "$file: no newline at the end"
	failed=1
done
exit "$failed"
