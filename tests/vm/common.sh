# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts of this folder share; they source it.
set -euo pipefail
export LC_ALL=C

kernels=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/kernels.txt

fail() { # STATUS MESSAGE
	printf '%s: %s\n' "${0##*/}" "$2" >&2
	exit "$1"
}

# Prints the script's own head from "Usage" on.
help() {
	sed -n '/^# Usage/,/^[^#]/s/^# \{0,1\}//p' "$0"
}

number() { # OPTION VALUE
	[[ $2 =~ ^[1-9][0-9]*$ ]] || fail 120 "$1 wants a number above 0, not '$2'"
	echo "$2"
}

need() { # TOOL...
	local tool
	for tool; do
		command -v "$tool" >/dev/null || fail 125 "$tool is not installed: run 'make deps'"
	done
}

# Sets arch, chosen, sources, suites and pattern from the kernel's line in kernels.txt.
look_up() { # KERNEL
	local name known=()
	# shellcheck disable=SC2034 # those who call it use them
	while read -r name arch chosen sources suites pattern; do
		[[ $name && $name != \#* ]] || continue
		[[ $name != "$1" ]] || return 0
		known+=("$name")
	done <"$kernels"
	fail 121 "unknown kernel '$1': kernels.txt has ${known[*]}"
}
