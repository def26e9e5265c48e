# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A Debian that runs systemd, or another first process, in namespaces of its own: process, mount, network,
# cgroup, IPC and host name. Its kernel is ours, so BPF is real. Needs root and a cgroup v2 mount.
work=${work:?claims.sh comes first}

machine_pid=
machine_init=
machine_cgroup=

cgroup_root() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

machine_is_up() {
	nsenter_machine systemctl is-system-running | grep -qE '^(running|degraded)$'
}

nsenter_machine() { # COMMAND...
	nsenter -t "$machine_init" -m -u -i -n -p -C -- "$@"
}

inside() { # COMMAND...
	nsenter_machine env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

# The same in that one's cgroup as well: the agent there hears of no other processes from hooks of
# cgroups. With systemd, its units are there.
within() { # COMMAND...
	(echo "$BASHPID" >"$machine_cgroup/cgroup.procs" && inside "$@")
}

# A command of this machine, in that one's network.
beside() { # COMMAND...
	nsenter -t "$machine_init" -n -- "$@"
}

machine_start() { # ROOT [COMMAND...]
	machine_cgroup=$(cgroup_root)/portgauge-test-$$
	mkdir "$machine_cgroup" || return 1
	(
		echo "$BASHPID" >"$machine_cgroup/cgroup.procs"
		exec unshare --mount --pid --net --cgroup --ipc --uts --fork --kill-child \
			tests/packaging/boot "$@" >"$work/boot.log" 2>&1
	) &
	machine_pid=$!
	until_ok machine_has_init "${2:-systemd}" || return 1
	[[ ${2-} ]] || until_ok machine_is_up
}

machine_has_init() { # NAME
	machine_init=$(cat "/proc/$machine_pid/task/$machine_pid/children")
	machine_init=${machine_init%% *}
	[[ $machine_init && $(cat "/proc/$machine_init/comm") == "$1" ]]
}

machine_stop() {
	local group
	if [[ $machine_init ]]; then
		kill -KILL "$machine_init" 2>/dev/null
	elif [[ $machine_pid ]]; then
		kill -KILL "$machine_pid" 2>/dev/null
	fi
	[[ ! $machine_pid ]] || wait "$machine_pid" 2>/dev/null
	[[ -d $machine_cgroup ]] || return 0
	until_ok no_process_in "$machine_cgroup"
	find "$machine_cgroup" -depth -type d | while IFS= read -r group; do
		rmdir "$group"
	done
}

no_process_in() { # CGROUP
	[[ ! $(find "$1" -name cgroup.procs -exec cat {} +) ]]
}
