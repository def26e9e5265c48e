# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Is a process confined like another? All that /proc tells of it.

traits() { # PID
	grep -E '^(Uid|Gid|Groups|Umask|NoNewPrivs|Seccomp|Seccomp_filters|Cap(Inh|Prm|Eff|Bnd|Amb)):' "/proc/$1/status" &&
		readlink "/proc/$1/ns/"{mnt,uts,ipc}
}

has_name() { # PID NAME
	[[ $(<"/proc/$1/comm") == "$2" ]]
}

# The second one is just being started, and ended.
alike() { # PID PID NAME
	local status=0
	until_ok has_name "$2" "$3" && diff <(traits "$1") <(traits "$2") || status=1
	kill -KILL "$2"
	wait "$2" 2>/dev/null
	return "$status"
}
