"""skopeo: copies images from anywhere to anywhere, without a daemon."""
import json

import pytest

from oci_layout import Layout

pytestmark = pytest.mark.needs("skopeo")

LOGIN = "skopeo login --username alice --password $ALICE $REGISTRY"


@pytest.fixture
def sh(containers_sh, hello):
    """With `layout/` beside `hello/`: the images `one` (one platform) and `multi` (an index of three)."""
    layout = Layout(containers_sh.folder / "layout")
    layout.add("one", hello / "hello")
    layout.add("multi", hello / "hello", architectures=["amd64", "arm64", "s390x"])
    return containers_sh


def test_copy_in_all_directions(sh):
    sh(LOGIN)
    sh("skopeo copy oci:layout:one docker://$REGISTRY/alice/hello:1")
    sh("skopeo copy docker://$REGISTRY/alice/hello:1 docker://$REGISTRY/alice/copy:1")
    sh("skopeo copy docker://$REGISTRY/alice/copy:1 oci:back:one")
    sh("skopeo copy docker://$REGISTRY/alice/copy:1 dir:plain")
    sh("diff -r layout/blobs back/blobs | grep -v '^Only in layout' | (! grep .)")
    sent = sh("skopeo inspect --raw oci:layout:one")
    assert sh("skopeo inspect --raw docker://$REGISTRY/alice/copy:1") == sent


def test_copy_converts_formats(sh):
    sh(LOGIN)
    sh("skopeo copy --format v2s2 oci:layout:one docker://$REGISTRY/alice/formats:docker")
    sh("skopeo copy --format oci docker://$REGISTRY/alice/formats:docker docker://$REGISTRY/alice/formats:oci")
    docker = json.loads(sh("skopeo inspect --raw docker://$REGISTRY/alice/formats:docker"))
    oci = json.loads(sh("skopeo inspect --raw docker://$REGISTRY/alice/formats:oci"))
    assert docker["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert oci["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"


def test_copy_all_platforms(sh):
    sh(LOGIN)
    sh("skopeo copy --all oci:layout:multi docker://$REGISTRY/alice/multi:1")
    sh("skopeo copy --all docker://$REGISTRY/alice/multi:1 docker://$REGISTRY/alice/multi-copy:1")
    sh("skopeo copy --all docker://$REGISTRY/alice/multi-copy:1 oci:back:multi")
    index = sh("skopeo inspect --raw docker://$REGISTRY/alice/multi-copy:1")
    assert [m["platform"]["architecture"] for m in json.loads(index)["manifests"]] == ["amd64", "arm64", "s390x"]
    arm = json.loads(sh("skopeo --override-arch arm64 inspect docker://$REGISTRY/alice/multi:1"))
    assert arm["Architecture"] == "arm64"


def test_copy_by_digest(sh):
    sh(LOGIN)
    sh("skopeo copy --digestfile digest oci:layout:one docker://$REGISTRY/alice/digests:1")
    sh("skopeo copy docker://$REGISTRY/alice/digests@$(cat digest) dir:back")
    assert "sha256:" + sh("sha256sum <back/manifest.json").split()[0] == sh("cat digest")


def test_list_tags(sh):
    sh(LOGIN)
    sh("for tag in 2.0 1.0 latest; do skopeo copy oci:layout:one docker://$REGISTRY/alice/tags:$tag; done")
    assert json.loads(sh("skopeo list-tags docker://$REGISTRY/alice/tags"))["Tags"] == ["1.0", "2.0", "latest"]


def test_sync(sh):
    sh(LOGIN)
    sh("for tag in 1 2; do skopeo copy oci:layout:one docker://$REGISTRY/alice/sync:$tag; done")
    sh("mkdir mirror && skopeo sync --src docker --dest dir $REGISTRY/alice/sync mirror")
    assert sh("ls mirror") == "sync:1\nsync:2"
    sh("skopeo sync --all --src dir --dest docker mirror $REGISTRY/alice/synced")
    assert json.loads(sh("skopeo list-tags docker://$REGISTRY/alice/synced/sync"))["Tags"] == ["1", "2"]


def test_second_repository_mounts_the_layer(sh):
    sh(LOGIN)
    sh("skopeo copy oci:layout:one docker://$REGISTRY/alice/first:1")
    said = sh("skopeo --debug copy docker://$REGISTRY/alice/first:1 docker://$REGISTRY/alice/second/image:1 2>&1")
    assert "from=alice%2Ffirst&mount=sha256%3A" in said
    assert "... mount OK" in said


def test_delete(sh):
    sh(LOGIN)
    sh("skopeo copy oci:layout:one docker://$REGISTRY/alice/deleted:1")
    sh("skopeo delete docker://$REGISTRY/alice/deleted:1")
    assert "/alice/deleted: manifest unknown" in sh.refused("skopeo inspect docker://$REGISTRY/alice/deleted:1")


def test_wrong_password(sh):
    said = sh.refused("skopeo login --username alice --password wrong $REGISTRY")
    assert "Requesting bearer token: invalid status code from registry 403 (Forbidden)" in said


def test_private_image_of_another_user(sh):
    sh(LOGIN)
    sh("skopeo copy oci:layout:one docker://$REGISTRY/alice/private:1")
    sh("skopeo login --username bob --password $BOB $REGISTRY")
    assert "denied: permission_denied: read_package" in sh.refused("skopeo inspect docker://$REGISTRY/alice/private:1")
    said = sh.refused("skopeo copy oci:layout:one docker://$REGISTRY/alice/private:2")
    assert "failed to read from destination repository alice/private: 403 (Forbidden)" in said
    said = sh.refused("skopeo delete docker://$REGISTRY/alice/private:1")
    assert "permission_denied: read_package" in said and "(403 Forbidden)" in said

    sh(LOGIN)
    assert json.loads(sh("skopeo list-tags docker://$REGISTRY/alice/private"))["Tags"] == ["1"]


def test_missing_tag_and_missing_image(sh):
    sh(LOGIN)
    sh("skopeo copy oci:layout:one docker://$REGISTRY/alice/there:1")
    assert "/alice/there: manifest unknown" in sh.refused("skopeo inspect docker://$REGISTRY/alice/there:absent")
    assert "/alice/absent: name unknown" in sh.refused("skopeo inspect docker://$REGISTRY/alice/absent:1")


def test_a_workflow_copies_with_a_token_of_the_registry(sh):
    """The token of the issuer in exchange for one that lives longer."""
    sh("""curl -fsS -d "{\\"token\\": \\"$JOB\\"}" http://$REGISTRY/api/v3/registry/workflow-token > answer
          sed 's/.*"token":"\\([^"]*\\)".*/\\1/' answer | skopeo login --username whoever --password-stdin $REGISTRY""")
    sh("skopeo copy oci:layout:one docker://$REGISTRY/alice/copied:1")
    said = sh.refused("skopeo copy oci:layout:one docker://$REGISTRY/bob/copied:1")
    assert "bob/copied: 403 (Forbidden)" in said  # it asks for the layers first
