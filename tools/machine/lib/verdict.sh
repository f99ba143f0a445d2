# shellcheck shell=bash
# What came of a run: its log and its exit status.

# log_write FILE: the kernel log, and in front of it what reached the serial
# console, which is all there is if the machine did not get to its end.
log_write() {
	{
		echo "== console =="
		[[ ! -e $RUN/serial ]] || tr -d '\r\000' <"$RUN/serial"
		if [[ -e $RUN/dmesg ]]; then
			echo "== kernel log =="
			cat "$RUN/dmesg"
		fi
	} >"$1"
}

log_trouble() { awk -v expected="$FORGIVE" -f "$MACHINE_DIR/lib/trouble.awk" "$1"; }

# verdict LOG: says on standard error what went wrong, if anything did; returns
# the exit status of the whole.
verdict() {
	local log=$1
	if [[ $(log_trouble "$log") ]]; then
		say "the machine's kernel complained; all of it is in $log"
		trouble_excerpt "$log" >&2
		return 3
	elif [[ $END == timeout ]]; then
		say "still in phase '$PHASE' after $TIMEOUT seconds; the end of $log:"
		tail -n 20 "$log" >&2
		return 124
	elif [[ $END == reboot ]]; then
		say "the machine rebooted before the command had ended; the end of $log:"
		tail -n 10 "$log" >&2
		return 125
	elif [[ $STATUS && $PHASE == off ]]; then
		return "$STATUS"
	elif [[ $INTERACTIVE && ($PHASE != boot || $END == left) ]]; then
		return 0
	fi
	say "the machine went off in phase '$PHASE' without a report; last words of $MACHINE:"
	{
		"${MACHINE}_last_words" | tail -n 20
		tail -n 10 "$log"
	} >&2
	return 125
}

# trouble_excerpt LOG: from shortly before the first complaint to the end of it
# or of that part of the log.
trouble_excerpt() {
	local first
	first=$(log_trouble "$1" | sed 's/:.*//; q')
	sed -n "$((first > 4 ? first - 4 : 1)),$((first + 40))p" "$1" | sed '/^== kernel log/,$d; /end trace/q'
}
