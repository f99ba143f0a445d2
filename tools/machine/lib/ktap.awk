# ktap.awk: count the results in KTAP output, once per leaf.
#
# Nesting is told from the prefix: kselftest's "# " or KTAP's two spaces. A result
# with results nested below it only sums them up, so it is not counted itself,
# unless it failed where none of them did (a crash after the last, say). Results
# that a plan announced and that never came are failures: their test has died.

function fail(name, times, depth) {
	failed += times
	failure[++failures] = name (times > 1 ? " (" times " of them)" : "")
	failure_depth[failures] = depth
}

# A result at depth names those who failed below it.
function name_below(depth, name,    i) {
	for (i = failures; i > 0; i--)
		if (failure_depth[i] > depth) {
			failure[i] = name ": " failure[i]
			failure_depth[i] = depth
		}
}

# Forget what is nested below depth, charging results that never came.
function close_below(depth,    d, missing) {
	for (d = deepest; d > depth; d--) {
		missing = plan[d] - results[d]
		if (missing > 0 && !skipped_here)
			fail("missing results", missing, d)
		plan[d] = results[d] = bad[d] = 0
	}
	deepest = depth
}

function nested(depth, what,    d, sum) {
	for (d = depth + 1; d <= deepest; d++)
		sum += what[d]
	return sum
}

{
	line = $0
	sub(/\r$/, "", line)
	match(line, /^[# ]*/)
	depth = int(RLENGTH / 2)
	text = substr(line, RLENGTH + 1)
}

text ~ /^1\.\.[0-9]+/ {
	if (depth > deepest)
		deepest = depth
	plan[depth] = substr(text, 4) + 0
}

text ~ /^(not )?ok [0-9]+/ {
	is_ok = text ~ /^ok/
	skipped_here = text ~ /# *SKIP/
	name = text
	sub(/^(not )?ok [0-9]+ *-? */, "", name)

	children = nested(depth, results) + nested(depth, plan)
	bad_children = nested(depth, bad)
	before = failed
	close_below(depth)
	if (children && (is_ok || bad_children || failed > before))
		;
	else if (skipped_here)
		skipped++
	else if (is_ok)
		passed++
	else
		fail(name, 1, depth)

	sub(/ *#.*/, "", name)
	name_below(depth, name)
	results[depth]++
	bad[depth] += !is_ok
}

text ~ /^Bail out!/ { fail(text, 1, depth) }

END {
	skipped_here = 0
	close_below(-1)
	if (failures)
		print "Failed:"
	for (i = 1; i <= failures; i++)
		print "  " failure[i]
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0 || passed + failed + skipped == 0
}
