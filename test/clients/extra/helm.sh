# helm: charts as OCI artifacts.
[ -x "$GOBIN/helm" ] || go install helm.sh/helm/v3/cmd/helm@v3.22.0 || exit 77

refused helm registry login --plain-http -u alice -p wrong "$REGISTRY" | grep -F "denied: denied"
echo "$PASSWORD" | helm registry login --plain-http -u alice --password-stdin "$REGISTRY"

helm create greeting
helm package greeting
helm package --version 0.2.0 greeting
helm push --plain-http greeting-0.1.0.tgz "oci://$REGISTRY/alice/charts"
helm push --plain-http greeting-0.2.0.tgz "oci://$REGISTRY/alice/charts"

mkdir back
helm pull --plain-http --destination back "oci://$REGISTRY/alice/charts/greeting" --version 0.1.0
cmp greeting-0.1.0.tgz back/greeting-0.1.0.tgz
helm pull --plain-http --destination back "oci://$REGISTRY/alice/charts/greeting"
cmp greeting-0.2.0.tgz back/greeting-0.2.0.tgz
helm show chart --plain-http "oci://$REGISTRY/alice/charts/greeting" | grep -x "version: 0.2.0"

helm registry logout "$REGISTRY"
refused helm pull --plain-http "oci://$REGISTRY/alice/charts/greeting" --version 0.1.0 | grep -F "401"
