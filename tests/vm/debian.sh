# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What fetch and arm64/sysroot share; they source it: a cache of unpacked Debian packages, and an
# apt of its own to fill it, so that foreign suites and architectures never touch the host's.
# Nothing gets installed. The mirror is the one of the host's own apt sources.
#
# Whoever sources it defines wanted (true if the entry is to be made) and make_entry (fills
# $work/entry, with $work to itself), and calls refresh.
# shellcheck source=tests/vm/common.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/common.sh"

cache=${PORTGAUGE_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portgauge/vm}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Prints the host's mirror that ends in /NAME, or else Debian's own.
mirror() { # NAME
	local found
	found=$(apt-get -o Debug::NoLocking=true update --print-uris 2>/dev/null |
		sed -n "s|^'\(.*/$1\)/*/dists/.*/InRelease'.*|\1|p") || true
	found=${found%%$'\n'*}
	echo "${found:-http://deb.debian.org/$1}"
}

# Makes the apt root; SUITES are comma-separated, NAME-security is on the security mirror.
make_apt_root() { # ARCHITECTURE SUITES
	local suite place
	mkdir -p "$work"/apt/{lists,archives}/partial
	: >"$work/apt/status"
	for suite in ${2//,/ }; do
		place=debian
		[[ $suite != *-security ]] || place=debian-security
		echo "deb [signed-by=$keyring] $(mirror $place) $suite main"
	done >"$work/apt/sources.list"
	# Valid-Until: suites out of support keep their last, expired, signature.
	cat >"$work/apt/apt.conf" <<-EOF
		Dir::State "$work/apt";
		Dir::State::status "$work/apt/status";
		Dir::Cache "$work/apt";
		Dir::Etc::SourceList "$work/apt/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		APT::Architecture "$1";
		APT::Architectures "$1";
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		Acquire::Retries "2";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
}

# Runs an apt command on the private root; its words show only if it fails.
apt_quietly() { # COMMAND [ARG...]
	local command=$1 log
	shift
	log=$("$command" -c "$work/apt/apt.conf" "$@" 2>&1) || {
		printf '%s\n' "$log" >&2
		return 1
	}
}

# Unpacks the packages of FOLDER into $work/root; a folder of theirs that is a link there stays one.
unpack_all() { # FOLDER
	local deb
	for deb in "$1"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$work/root" ||
			fail 125 "${deb##*/} does not unpack: try again"
	done
}

# Makes the entry aside and puts it in place by rename: a reader sees all of it
# or nothing. One script works at a time; the next may find its work done.
refresh() { # NAME
	need apt-get dpkg-deb flock lz4 xz zstd
	mkdir -p "$cache"
	exec {lock}>"$cache/lock"
	flock "$lock"
	wanted || return 0
	rm -rf "$cache"/tmp.* # of one that was killed
	work=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 125' HUP INT TERM
	mkdir "$work/entry" "$work/root"
	make_entry
	[[ ! -e $cache/$1 ]] || mv -T "$cache/$1" "$work/old"
	mv -T "$work/entry" "$cache/$1"
}
