#!/bin/sh
# Run a command inside another root folder that shares only HOME with this one.
#
#   enter.sh ROOT COMMAND...
#
# In namespaces of its own, whose end ends all that it started.  A chroot would not do: runc cannot leave one.
set -eu
exec unshare --mount --pid --fork --kill-child --mount-proc sh -eu -c '
	root=$1
	shift
	mount --bind "$root" "$root"
	for tree in proc sys dev; do
		mount --rbind /$tree "$root/$tree"
	done
	mkdir -p "$root$HOME" "$root/old"
	mount --bind "$HOME" "$root$HOME"
	cd "$root"
	pivot_root . old
	umount -l /old
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin
	cd "$HOME"
	exec "$@"' enter "$@"
