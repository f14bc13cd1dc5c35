# What the client files share.

# The command must fail; prints what it said.
refused() {
	if "$@" >said 2>&1; then
		cat said
		echo "was not refused: $*"
		exit 1
	fi
	cat said
}
