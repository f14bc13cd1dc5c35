#!/bin/sh
# Real clients that Debian 12 does not have, against the server, which this starts.
#
#   test/clients/extra/run.sh [CLIENT...]
#
# crane, regctl, helm               Go programs of fixed versions, installed by `go install`
# oras, cosign, docker26, podman5   Debian 13's, in a root folder made by mmdebstrap; needs root
#
# Each client is one file here; it finds REGISTRY (ADDRESS:PORT), PASSWORD (of the user alice) and the folder hello/
# in a HOME of its own.  STAITHE_BINARY is the server; STAITHE_EXTRA_CACHE keeps the programs for the next run.
# A client that is not to be had is skipped with its reason; with STAITHE_ALL_CLIENTS=1 it fails.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
staithe=$(realpath "${STAITHE_BINARY:-$here/../../../build/staithe}")
[ $# -gt 0 ] || set -- crane regctl helm oras cosign docker26 podman5
debian13='ca-certificates oras cosign podman runc docker.io docker-cli docker-buildx'

work=$(mktemp -d)
cache=${STAITHE_EXTRA_CACHE:-$work/cache}
server=
finish() {
	[ -z "$server" ] || kill "$server" || true
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

mkdir -p "$cache/bin" "$work/hello"
export GOBIN="$cache/bin"
export PATH="$GOBIN:/usr/sbin:/usr/bin:/sbin:/bin:$PATH:/usr/local/go/bin"
cp "$here"/../hello/* "$work/hello/"
cc -static -Os -o "$work/hello/hello" "$work/hello/hello.c"

PASSWORD=$(head -c 18 /dev/urandom | base64)
export PASSWORD
# Without this environment: a server refuses STAITHE_... variables that name no option.
env -i "$staithe" serve --data "$work/data" --listen 127.0.0.1:0 >"$work/log" 2>&1 &
server=$!
tries=0
until REGISTRY=$(sed -n 's,^listening on http://,,p' "$work/log") && [ -n "$REGISTRY" ]; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ] || ! kill -0 $server; then
		cat "$work/log"
		exit 1
	fi
	sleep 0.1
done
export REGISTRY
echo "$PASSWORD" | env -i "$staithe" user create alice --password-stdin --data "$work/data" >/dev/null

# Prints why there is no Debian 13 root, or nothing.
need_debian13() {
	[ -e "$cache/debian13.done" ] && return
	[ "$(id -u)" -eq 0 ] || { echo "needs root" && return; }
	command -v mmdebstrap >/dev/null || { echo "mmdebstrap is not installed" && return; }
	include=$(echo "$debian13" | tr ' ' ,)
	if mmdebstrap --variant=minbase --include="$include" trixie "$cache/debian13" >"$work/mmdebstrap.log" 2>&1; then
		touch "$cache/debian13.done"
	else
		echo "mmdebstrap: $(grep '^E:' "$work/mmdebstrap.log" | tail -n 1)"
	fi
}

# Runs one client's file in a HOME of its own; prints why not when a program is not to be had, with status 77.
run() {
	HOME=$work/$1
	export HOME
	mkdir "$HOME"
	cp -r "$work/hello" "$here/lib.sh" "$here/$1.sh" "$HOME/"
	cd "$HOME"
	case $1 in
	crane | regctl | helm)
		command -v go >/dev/null || { echo "go is not installed" && return 77; }
		sh -euc ". ./lib.sh; . ./$1.sh"
		;;
	*)
		reason=$(need_debian13)
		[ -z "$reason" ] || { echo "$reason" && return 77; }
		"$here/enter.sh" "$cache/debian13" sh -euc ". ./lib.sh; . ./$1.sh"
		;;
	esac
}

passed=0 failed=0 skipped=0
for client; do
	status=0
	(run "$client") >"$work/$client.log" 2>&1 </dev/null || status=$?
	[ $status -ne 77 ] || [ "${STAITHE_ALL_CLIENTS:-}" != 1 ] || status=1
	case $status in
	0) echo "ok       $client" && passed=$((passed + 1)) ;;
	77) echo "skipped  $client: $(tail -n 1 "$work/$client.log")" && skipped=$((skipped + 1)) ;;
	*) echo "FAILED   $client" && tail -n 40 "$work/$client.log" && failed=$((failed + 1)) ;;
	esac
done

kill "$server"
wait "$server" || { echo "FAILED   the server ended with status $?" && failed=$((failed + 1)); }
server=
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
