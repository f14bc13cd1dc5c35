# crane: copies and edits images in the registry.
[ -x "$GOBIN/crane" ] || go install github.com/google/go-containerregistry/cmd/crane@v0.22.1 || exit 77
image=$REGISTRY/alice/crane

crane auth login "$REGISTRY" -u alice -p wrong # asks nobody
refused crane --insecure ls "$image" | grep -F "DENIED: denied"

crane auth login "$REGISTRY" -u alice -p "$PASSWORD"
tar -cf layer.tar -C hello hello
crane --insecure append -f layer.tar -t "$image:1"
crane --insecure mutate --label org.opencontainers.image.licenses=Apache-2.0 --tag "$image:2" "$image:1"
crane --insecure tag "$image:1" latest
crane --insecure copy "$image:1" "$REGISTRY/alice/crane-copy:1"
crane --insecure validate --remote "$image:2"
crane --insecure pull --format oci "$image:2" back
[ "$(crane --insecure ls "$image" | tr '\n' ' ')" = "1 2 latest " ]

# An index of two images.
crane --insecure index append -m "$image:1" -m "$image:2" -t "$REGISTRY/alice/crane-index:1"
crane --insecure validate --remote "$REGISTRY/alice/crane-index:1"

crane --insecure delete "$image@$(crane --insecure digest "$image:2")"
refused crane --insecure manifest "$image:2" | grep -F MANIFEST_UNKNOWN
