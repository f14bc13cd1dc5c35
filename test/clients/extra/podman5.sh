# podman 5 (Debian 13): zstd:chunked layers, of which a pull asks for many ranges in one request.
mkdir -p .config/containers
cat >.config/containers/storage.conf <<END
[storage]
driver = "vfs"
graphroot = "$HOME/storage"
runroot = "$HOME/run"
[storage.options]
pull_options = {enable_partial_images = "true"}
END
export CONTAINERS_STORAGE_CONF="$HOME/.config/containers/storage.conf" REGISTRY_AUTH_FILE="$HOME/auth.json"
podman() { command podman --runtime runc --cgroup-manager cgroupfs "$@"; }
image=$REGISTRY/alice/podman5

refused podman login --tls-verify=false --username alice --password wrong "$REGISTRY" | grep -F "403 (Forbidden)"
podman login --tls-verify=false --username alice --password "$PASSWORD" "$REGISTRY"

head -c 3000000 /dev/urandom >hello/noise
echo "COPY noise /noise" >>hello/Dockerfile
podman build --tag "$image:gzip" hello
podman push --tls-verify=false "$image:gzip"
podman push --tls-verify=false --compression-format zstd:chunked --force-compression "$image:gzip" "$image:zstd"
podman rmi --all --force
podman pull --tls-verify=false "$image:zstd"
cmp hello/noise "$(podman image mount "$image:zstd")/noise"
podman pull --tls-verify=false "$image:gzip"

podman logout "$REGISTRY"
refused podman pull --tls-verify=false "$image:gzip" | grep -F "authentication required"
