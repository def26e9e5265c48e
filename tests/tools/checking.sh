# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the check-* beside this file share; they source it. A check prints its findings,
# FILE:LINE: WORDS where it can, and fails; or it prints one line about what it has seen.
set -uo pipefail
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

# Ends the check without a verdict, which is a failure too.
give_up() { # WORDS
	echo "${0##*/}: $1"
	exit 1
}

# The files that git has or would take, as they are in the work tree.
files() { # PATHSPEC...
	local file
	git -c core.quotePath=off ls-files -co --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
		[[ ! -f $file || -L $file ]] || echo "$file"
	done
}

# Sets list to these files. A check over nothing would always pass.
list_files() { # PATHSPEC...
	mapfile -t list < <(files "$@")
	[[ ${#list[@]} -gt 0 ]] || give_up "no files $* here: is this a git repository?"
}

# The files out of list that start with "#!".
scripts() {
	awk 'FNR == 1 && /^#!/ { print FILENAME } { nextfile }' "${list[@]}"
}

need_tool() { # TOOL
	command -v "$1" >/dev/null || give_up "$1 is not installed: run 'make deps'"
}

need_built() { # FILE
	[[ -e $1 ]] || give_up "$1 is not there: run 'make' first"
}

# Prints the findings on its input, if any, and ends with the verdict.
conclude() { # WORDS-WHEN-CLEAN
	local findings
	findings=$(cat)
	if [[ $findings ]]; then
		printf '%s\n' "$findings"
		exit 1
	fi
	echo "$1"
}
