# regctl: images, artifacts and referrers.
[ -x "$GOBIN/regctl" ] || go install github.com/regclient/regclient/cmd/regctl@v0.11.7 || exit 77
image=$REGISTRY/alice/regctl

regctl registry set --tls disabled "$REGISTRY"
refused regctl registry login "$REGISTRY" -u alice -p wrong | grep -F unauthorized
regctl registry login "$REGISTRY" -u alice -p "$PASSWORD"

echo one | regctl artifact put --artifact-type application/vnd.example.note "$image:1"
echo two | regctl artifact put --artifact-type application/vnd.example.note "$image:2"
echo sbom | regctl artifact put --artifact-type application/vnd.example.sbom --subject "$image:1"
[ "$(regctl artifact get "$image:1")" = one ]
regctl artifact list "$image:1" | grep -F application/vnd.example.sbom
[ "$(regctl tag ls "$image" | tr '\n' ' ')" = "1 2 " ]

# A copy takes the referrers along.
regctl image copy --referrers "$image:1" "$REGISTRY/alice/regctl-copy:1"
regctl artifact list "$REGISTRY/alice/regctl-copy:1" | grep -F application/vnd.example.sbom
regctl image copy "$image:1" ocidir://back:1

# The tag goes, the image stays.
digest=$(regctl image digest "$image:2")
regctl tag delete "$image:2"
[ "$(regctl tag ls "$image")" = 1 ]
regctl manifest delete "$image@$digest"
refused regctl manifest head "$image@$digest" | grep -F "not found"
