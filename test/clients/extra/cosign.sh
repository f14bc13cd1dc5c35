# cosign (Debian 13): signs and verifies without any service but the registry.
export COSIGN_PASSWORD=secret
echo "$PASSWORD" | oras login --plain-http -u alice --password-stdin "$REGISTRY"
oras push --plain-http "$REGISTRY/alice/signed:1" hello/hello.c:text/plain
image=$REGISTRY/alice/signed@$(oras resolve --plain-http "$REGISTRY/alice/signed:1")

cosign generate-key-pair
sign="cosign sign -y --key cosign.key --tlog-upload=false --allow-http-registry"
verify="cosign verify --key cosign.pub --insecure-ignore-tlog --allow-http-registry"
refused $verify "$image" | grep -F "no signatures found"
$sign "$image"
$verify "$image"
COSIGN_EXPERIMENTAL=1 $sign --registry-referrers-mode=oci-1-1 "$image"
oras discover --plain-http "$image" | grep -F application/vnd.dev.cosign

echo '{}' >predicate.json
cosign attest -y --key cosign.key --tlog-upload=false --allow-http-registry \
	--predicate predicate.json --type custom "$image"
cosign verify-attestation --key cosign.pub --insecure-ignore-tlog --allow-http-registry \
	--type custom "$image"
cosign copy --allow-http-registry "$image" "$REGISTRY/alice/signed-copy:1"
$verify "$REGISTRY/alice/signed-copy:1"
