# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The container image, built without a registry, and a runtime's container out of it, in $bundle. Needs root.
work=${work:?claims.sh comes first}

export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
bundle=$work/bundle
storage=(--root "$work/storage" --runroot "$work/run")

buildah_() { # COMMAND...
	buildah "${storage[@]}" "$@"
}

# crun knows only machines that have cgroup v2 and nothing else: it gets to see one.
crun_() { # COMMAND...
	unshare --mount --propagation slave sh -c 'umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec crun --cgroup-manager=disabled "$@"' \
		crun --root "$work/crun" "$@"
}

# What stands for the image of Debian that a registry would have.
makes_base() {
	local base
	base=$(buildah_ from scratch) && buildah_ add --quiet "$base" "$(tests/tools/rootfs)" / &&
		buildah_ commit --quiet --rm "$base" localhost/base
}

builds() {
	mkdir "$work/context" && cp "$(package)" "$work/context/" &&
		buildah_ build --quiet --build-arg BASE=localhost/base -f packaging/container/Containerfile \
			-t portgauge:test "$work/context"
}

unpacks() {
	local container from
	container=$(buildah_ from --pull-never portgauge:test) && from=$(buildah_ mount "$container") &&
		mkdir -p "$bundle" && cp -a "$from" "$bundle/rootfs"
}

# Without a cgroup of its own crun's delete kills nobody.
remove_container() { # NAME
	[[ ! -s $work/pid ]] || kill -KILL "$(<"$work/pid")" 2>/dev/null
	crun_ delete --force "$1"
}
