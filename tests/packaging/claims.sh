# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the parts beside this file share; `run` starts them. Each prints a line a claim, "ok: WORDS" or
# "not ok: WORDS", and ends with the number of those that failed.
set -uo pipefail
export LC_ALL=C.UTF-8

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d)
failed=0
chmod 755 "$work"
trap 'leave' EXIT

# A part may have more to clean up: it defines this.
undo() { :; }

leave() {
	undo
	rm -rf --one-file-system "$work"
}

# The command must succeed; what it said is shown if not. It runs here, so that it may set variables.
claim() { # WORDS COMMAND...
	if "${@:2}" >"$work/output" 2>&1; then
		echo "ok: $1"
		return 0
	fi
	echo "not ok: $1"
	sed 's/^/  /' "$work/output"
	failed=$((failed + 1))
	return 1
}

refuses() { # COMMAND...
	! "$@"
}

# Waits for a command to succeed, as long as a slow machine may take.
until_ok() { # COMMAND...
	local deadline=$((SECONDS + ${patience:-60}))
	until "$@" >/dev/null 2>&1; do
		if [[ $SECONDS -ge $deadline ]]; then
			echo "not within a minute: $*"
			"$@"
			return 1
		fi
		sleep 0.2
	done
}

# The package that is under test.
package() {
	ls build/deb/portgauge_*_"$(dpkg --print-architecture)".deb
}

conclude() {
	exit "$((failed > 0))"
}
