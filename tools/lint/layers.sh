#!/usr/bin/env bash
# layers: each #include "..." of the driver points to its own layer or a lower one.
# The list is in the file layers, which has to know every file and no other.
set -eu -o pipefail

. "$(dirname "$0")/common.sh"

mapfile -t sources < <(files 'module/*.[chS]' 'uapi/linux/*.h')

awk -v list="$LINT/layers" '
	function base(path) { sub(/.*\//, "", path); return path }

	BEGIN {
		while ((getline line < list) > 0) {
			n = split(line, word, " ")
			if (word[1] == "except")
				except[word[2], word[3]] = 1
			if (word[1] !~ /^[0-9]+$/)
				continue
			for (i = 2; i <= n; i++)
				layer[word[i]] = word[1]
		}
	}
	FNR == 1 {
		me = base(FILENAME)
		seen[me] = 1
		if (!(me in layer)) {
			print FILENAME ": not in tools/lint/layers"
			bad = 1
			nextfile
		}
	}
	match($0, /^#[ \t]*include[ \t]+("|<linux\/posada.h>)/) {
		if (!match($0, /["<][^">]*/))
			next
		it = base(substr($0, RSTART + 1, RLENGTH - 1))
		if (it in layer && layer[it] <= layer[me])
			next
		if ((me, it) in except) {
			used[me, it] = 1
			next
		}
		printf "%s:%d: layer %d includes %s of layer %s\n",
			FILENAME, FNR, layer[me], it, it in layer ? layer[it] : "?"
		bad = 1
	}
	END {
		for (file in layer)
			if (!(file in seen)) {
				print "tools/lint/layers: " file " does not exist"
				bad = 1
			}
		for (pair in except)
			if (!(pair in used)) {
				sub(SUBSEP, " ", pair)
				print "tools/lint/layers: except " pair " is not needed"
				bad = 1
			}
		exit bad
	}' "${sources[@]}"
