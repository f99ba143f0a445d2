# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of posada(1) for bash: source it, or install it as
# /usr/share/bash-completion/completions/posada.

_posada_guests() {
	posada list --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

# _posada_reply WORDS: those that begin with what has been typed.
_posada_reply() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_posada_files() {
	mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	compopt -o filenames 2>/dev/null
}

# The presets, and files.
_posada_policies() {
	_posada_files
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W 'pc strict kvm' -- "${COMP_WORDS[COMP_CWORD]}")
}

# A row as far as its kind: bash takes what is behind '=' and ':' for other words.
_posada_trap() {
	_posada_reply 'cpuid io msr cr dr exception vmcall hlt pause rdtsc rdpmc rdrand rdseed invlpg
		wbinvd monitor mwait tables xsetbv'
	compopt -o nospace 2>/dev/null
}

_posada_policy() {
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--set | --check) _posada_policies ;;
	*) _posada_reply "--set --check --json --help $(_posada_guests)" ;;
	esac
}

_posada_run() {
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--kernel | --initrd | --module | --dump) _posada_files ;;
	--console) _posada_reply 'stdio none' ;;
	--flat) _posada_reply 'real protected long' ;;
	--driver) _posada_reply posada kvm ;;
	--gdb) _posada_reply ':1234 unix:' ;;
	--policy) _posada_policies ;;
	--trap) _posada_trap ;;
	--append | --cmdline | --escape | --load | --memory | --name | --ram | --timeout) COMPREPLY=() ;;
	*)
		_posada_reply '--kernel --initrd --append --cmdline --module --flat --load --memory --ram
			--console --escape --name --driver --trap --policy --timeout --wait-if-halted --stats
			--json --verbose --dump --gdb --gdb-wait --log-exits --help'
		;;
	esac
}

_posada_explain() {
	case ${COMP_WORDS[COMP_CWORD]} in
	-*) _posada_reply '--json --help' ;;
	*) _posada_files ;;
	esac
}

_posada_bench() {
	_posada_reply '--json --mark --help nothing cpuid rdmsr wrmsr vmcall hlt out in out-device mmio-write
		mmio-read interrupt touch touch-fresh touch-huge touch-huge-fresh touch-along life memory'
}

_posada_move() {
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--into) _posada_reply 'vm vcpu both' ;;
	--times | --every) COMPREPLY=() ;;
	*) _posada_reply "--times --every --into --help $(_posada_guests)" ;;
	esac
}

_posada() {
	if [[ $COMP_CWORD -eq 1 ]]; then
		_posada_reply 'run list stat regs exits policy explain inject move pause resume quit doctor bench
			--help'
		return
	fi
	case ${COMP_WORDS[1]} in
	run) _posada_run ;;
	bench) _posada_bench ;;
	explain) _posada_explain ;;
	policy) _posada_policy ;;
	inject) _posada_reply "--irq --vector --nmi --help $(_posada_guests)" ;;
	move) _posada_move ;;
	stat | regs | exits | pause | resume | quit) _posada_reply "--json --help $(_posada_guests)" ;;
	doctor | list) _posada_reply '--json --help' ;;
	esac
}

complete -F _posada posada
