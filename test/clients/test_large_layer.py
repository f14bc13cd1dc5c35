"""One layer of 1 GiB that no compression makes smaller: pushed, pulled, and compared."""
import pytest

from oci_layout import Layout

pytestmark = pytest.mark.needs("skopeo", "podman", "runc", "openssl")

REPEATABLE_NOISE = "openssl enc -aes-128-ctr -pass pass:noise -nosalt -pbkdf2 </dev/zero 2>/dev/null | head -c 1G"


def test_comes_back_as_it_was(containers_sh):
    sh = containers_sh
    sh("skopeo login --username alice --password $ALICE $REGISTRY")
    noise = sh(f"{REPEATABLE_NOISE} | tee noise | sha256sum")
    sh("tar -C hello -cf layer.tar hello && tar -rf layer.tar noise && rm noise")
    layer = Layout(sh.folder / "layout").add_large("1", sh.folder / "layer.tar")

    sh("skopeo copy --preserve-digests oci:layout:1 docker://$REGISTRY/alice/large:1 && rm -r layout")
    sh("skopeo copy --preserve-digests docker://$REGISTRY/alice/large:1 oci:back:1")
    assert "sha256:" + sh(f"sha256sum <back/blobs/{layer.replace(':', '/')} && rm -r back").split()[0] == layer

    sh("podman pull $REGISTRY/alice/large:1")
    assert sh("sha256sum <$(podman image mount $REGISTRY/alice/large:1)/noise") == noise
