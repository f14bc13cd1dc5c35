#!/bin/sh
# Run one fuzz target for a while:  test/fuzz/run.sh SECONDS PROGRAM [libFuzzer option ...]
#
# PROGRAM is fuzz_NAME in a build folder.  It begins with test/fuzz/corpus/NAME; inputs that reach more
# go to corpus/NAME of the build folder, and one that breaks a promise to found/NAME.
set -eu
seconds=$1
program=$2
shift 2
name=${program##*/fuzz_}
build=${program%/test/fuzz/*}
mkdir -p "$build/corpus/$name" "$build/found/$name"

# These two keep a registry from input to input, which looks like a leak.
leaks=1
case $name in authorization | registry) leaks=0 ;; esac
# One byte is one choice: longer walks find no more, and take long.
longest=4096
[ "$name" != registry ] || longest=512

# setarch: the shadow memory of clang 14 does not fit some random address layouts.
setarch -R "$program" -max_total_time="$seconds" -max_len="$longest" -detect_leaks="$leaks" -timeout=60 \
	-verbosity=0 -artifact_prefix="$build/found/$name/" "$@" "$build/corpus/$name" "test/fuzz/corpus/$name"
echo "fuzz: $name held"
