# Docker Engine 26 (Debian 13) with containerd's image store, and buildx.
export DOCKER_HOST="unix://$HOME/docker.sock"
echo '{"features": {"containerd-snapshotter": true}, "storage-driver": "native"}' >daemon.json
dockerd --config-file daemon.json --data-root "$HOME/root" --exec-root "$HOME/exec" --pidfile "$HOME/pid" \
	--host "$DOCKER_HOST" --bridge=none --iptables=false --ip6tables=false \
	--insecure-registry 127.0.0.0/8 >dockerd.log 2>&1 &
engine=$!
trap 'kill $engine; wait $engine || true' EXIT
tries=0
until docker version >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] && kill -0 $engine || { tail -n 20 dockerd.log && exit 1; }
	sleep 0.1
done

refused docker login --username alice --password wrong "$REGISTRY" | grep -F "denied: denied"
echo "$PASSWORD" | docker login --username alice --password-stdin "$REGISTRY"

image=$REGISTRY/alice/docker26
docker buildx build --platform linux/amd64,linux/arm64 --provenance=mode=max --push --tag "$image:1" hello
docker buildx build --tag "$image:2" --load hello
docker push "$image:2"
docker rmi "$image:2"
docker pull "$image:1"
[ "$(docker run --rm --network=none "$image:1")" = "hello from staithe" ]
docker buildx imagetools inspect "$image:1" | grep -F linux/arm64
docker buildx imagetools create --tag "$image:copy" "$image:1"

cache=type=registry,ref=$REGISTRY/alice/docker26-cache:1
docker buildx build --cache-to "$cache,mode=max" --cache-from "$cache" --push --tag "$image:3" hello

docker logout "$REGISTRY"
refused docker pull "$image:3" | grep -F "401 Unauthorized"
