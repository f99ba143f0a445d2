# shellcheck shell=bash
# Follows a running machine: passes on what the command prints, keeps the kernel
# log apart, and notices when things go wrong.
#
# The machine's init marks its output with lines that begin with a byte 1:
#   begin       from here on it is the command's output
#   status N    the command has ended; from here on it is the kernel log
#   off         that was all

MARK=$'\001posada '

# console_follow PID FD: until the emulator PID, whose output is FD, is done.
# Sets PHASE (boot, command, log, off), STATUS (of the command) and END
# (off, panic, timeout, left, reboot).
console_follow() {
	local pid=$1 fd=$2 line partial='' deadline=$((SECONDS + TIMEOUT))
	PHASE=boot STATUS='' END=off BLANK='' SHOWN=''
	while :; do
		if IFS= read -r -t 1 -u "$fd" line; then
			console_line "$partial$line"
			partial=
			[[ $END == off ]] || break
		elif [[ $? -le 128 ]]; then
			break
		else
			partial+=$line
			console_tick "$deadline" || break
		fi
	done
	status_clear
	[[ $END == off ]] || kill "$pid" 2>/dev/null || true
}

console_line() {
	case $1 in
	"${MARK}begin")
		# Bochs starts over after a reboot, and would for ever.
		[[ $PHASE == boot ]] || END=reboot
		PHASE=command
		status_clear
		;;
	"${MARK}status "*)
		STATUS=${1##* }
		PHASE=log
		;;
	"${MARK}off") PHASE=off OFF_AT=$SECONDS ;;
	# Where Bochs's debugger stopped, when a panic ends it; or where it would have shown
	# an instruction of a guest that has no memory.
	"("[0-9]").["[0-9]*"] [0x"* | "("[0-9]").["[0-9]*"] ???"*) printf '%s\n' "$1" >>"$RUN/emulator.stdout" ;;
	*)
		case $PHASE in
		command) console_print "$1" ;;
		log) printf '%s\n' "$1" >>"$RUN/dmesg" ;;
		*) printf '%s\n' "$1" >>"$RUN/emulator.stdout" ;;
		esac
		;;
	esac
}

# The status mark stands on a line of its own, whether or not the command ended
# its last line: an empty line is held back until it is known not to be ours.
console_print() {
	[[ $BLANK ]] && echo
	BLANK=
	if [[ $1 ]]; then printf '%s\n' "$1"; else BLANK=yes; fi
}

# console_tick: once a second without output.
console_tick() {
	local deadline=$1
	status_show "$PHASE"
	if grep -qas 'Kernel panic - not syncing' "$RUN/serial"; then
		# Let the last lines arrive.
		sleep 1
		END=panic
	elif ((SECONDS >= deadline)); then
		END=timeout
	elif [[ $PHASE == off ]] && ((SECONDS > OFF_AT + 10)); then
		END=stuck
	elif [[ $INTERACTIVE ]] && ! kill -0 "$TERMINAL" 2>/dev/null; then
		END=left
	else
		return 0
	fi
	return 1
}

# The status line: rewritten in place on a terminal, else one line per phase.
status_show() {
	[[ $1 != command && $1 != "$SHOWN" || -t 2 ]] || return 0
	if [[ -t 2 && ! $INTERACTIVE ]]; then
		[[ $1 == command && -t 1 ]] || printf '\r\033[K[%s, %s: %d s]' "$MACHINE" "$1" "$SECONDS" >&2
	elif [[ $1 != command && $1 != "$SHOWN" ]]; then
		say "$MACHINE: $1"
	fi
	SHOWN=$1
}

status_clear() {
	[[ -t 2 && ! $INTERACTIVE ]] && printf '\r\033[K' >&2
	return 0
}
