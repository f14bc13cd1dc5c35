"""containerd: a containerd of its own, and its command `ctr`."""
import pytest

from oci_layout import Layout

pytestmark = pytest.mark.needs("containerd", "ctr", "runc", root=True)


@pytest.fixture(scope="module")
def containerd(place, daemon):
    socket = place / "containerd.sock"
    settings = place / "containerd.toml"
    settings.write_text(f"""
        version = 2
        root = "{place}/root"
        state = "{place}/state"
        disabled_plugins = ["io.containerd.grpc.v1.cri"]
        [grpc]
        address = "{socket}"
    """)
    ready = ["ctr", "--address", socket, "version"]
    with daemon(["containerd", "--config", settings], place / "containerd.log", ready):
        yield socket


@pytest.fixture
def sh(sh, containerd, hello):
    """Each test has a namespace of its own in containerd, and the image `hello:1` for two platforms in it."""
    sh.env |= {"CONTAINERD_ADDRESS": str(containerd), "CONTAINERD_NAMESPACE": sh.folder.name}
    Layout(sh.folder / "layout").add("1", hello / "hello", architectures=["amd64", "arm64"])
    sh("tar -C layout -cf hello.tar . && ctr image import --all-platforms --base-name hello hello.tar")
    return sh


def test_push_pull_run(sh):
    sh("ctr image tag hello:1 $REGISTRY/alice/hello:1")
    sh("ctr image push --plain-http --user alice:$ALICE --platform linux/amd64 $REGISTRY/alice/hello:1")
    sh("ctr image rm hello:1 $REGISTRY/alice/hello:1")

    sh("ctr image pull --plain-http --user alice:$ALICE $REGISTRY/alice/hello:1")
    assert sh("ctr run --rm $REGISTRY/alice/hello:1 greeting") == "hello from staithe"
