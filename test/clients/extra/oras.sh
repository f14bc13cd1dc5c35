# oras (Debian 13): artifacts, referrers, blobs.
image=$REGISTRY/alice/oras

refused oras login --plain-http -u alice -p wrong "$REGISTRY" | grep -F "denied: denied"
echo "$PASSWORD" | oras login --plain-http -u alice --password-stdin "$REGISTRY"

echo text >text
head -c 3000000 /dev/urandom >noise
echo '{}' >sbom.json
oras push --plain-http "$image:1" --artifact-type application/vnd.example text:text/plain noise:application/octet-stream
oras attach --plain-http "$image:1" --artifact-type application/vnd.example.sbom sbom.json:application/json
oras discover --plain-http "$image:1" | grep -F application/vnd.example.sbom
oras pull --plain-http -o back "$image:1"
cmp noise back/noise

oras tag --plain-http "$image:1" latest
# No tag beside these two: the attachment was found by the referrers list.
[ "$(oras repo tags --plain-http "$image" | tr '\n' ' ')" = "1 latest " ]
oras cp -r --from-plain-http --to-plain-http "$image:1" "$REGISTRY/alice/oras-copy:1"
oras discover --plain-http "$REGISTRY/alice/oras-copy:1" | grep -F application/vnd.example.sbom
echo loose >loose
oras blob push --plain-http "$image" loose
oras blob delete --plain-http --force "$image@sha256:$(sha256sum <loose | cut -d' ' -f1)"

oras manifest delete --plain-http --force "$REGISTRY/alice/oras-copy:1"
refused oras manifest fetch --plain-http "$REGISTRY/alice/oras-copy:1" | grep -F "not found"
