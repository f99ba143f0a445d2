# screen.awk: what a terminal of 80 columns and 25 lines shows when it has been sent
# all of the input: text, and the sequences that move the cursor and clear the screen.

BEGIN {
	RS = "\033"
	clear()
}

function clear(    i) {
	for (i = 1; i <= 25; i++)
		screen[i] = sprintf("%80s", "")
	row = column = 1
}

# Text: at the end of a line the cursor stays, until a line feed or a move.
function put(text,    i, n, parts) {
	n = split(text, parts, "\n")
	for (i = 1; i <= n; i++) {
		if (i > 1)
			row += row < 25
		put_line(parts[i])
	}
}

# One piece at a time: a loop over all characters takes minutes in an emulator.
function put_line(text,    i, n, parts, piece) {
	n = split(text, parts, "\r")
	for (i = 1; i <= n; i++) {
		if (i > 1)
			column = 1
		piece = substr(parts[i], 1, 81 - column)
		screen[row] = substr(screen[row], 1, column - 1) piece substr(screen[row], column + length(piece))
		column += length(piece)
	}
}

NR == 1 { put($0); next }

match($0, /^\[[?0-9;]*[A-Za-z]/) {
	arguments = substr($0, 2, RLENGTH - 2)
	last = substr($0, RLENGTH, 1)
	if (last == "H") {
		split(arguments ";", at, ";")
		row = at[1] ? at[1] + 0 : 1
		column = at[2] ? at[2] + 0 : 1
	} else if (last == "J") {
		clear()
	}
	put(substr($0, RLENGTH + 1))
}

END {
	for (i = 1; i <= 25; i++) {
		sub(/ +$/, "", screen[i])
		print "|" screen[i]
	}
}
