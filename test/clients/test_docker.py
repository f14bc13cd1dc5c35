"""Docker Engine: an engine of its own on a Unix socket, and the `docker` command."""
import json

import pytest

pytestmark = pytest.mark.needs("docker", "dockerd")

LOGIN = "echo $ALICE | docker login --username alice --password-stdin $REGISTRY"


@pytest.fixture(scope="module")
def engine(place, daemon):
    """Touches no network of the machine: no bridge, no firewall rules, storage by plain copies."""
    socket = f"unix://{place}/docker.sock"
    command = [
        "dockerd", "--host", socket, "--pidfile", place / "docker.pid",
        "--data-root", place / "docker", "--exec-root", place / "exec", "--storage-driver", "vfs",
        "--bridge=none", "--iptables=false", "--ip6tables=false", "--insecure-registry", "127.0.0.0/8",
    ]
    with daemon(command, place / "dockerd.log", ready=["docker", "--host", socket, "info"]):
        yield socket


@pytest.fixture
def sh(sh, engine):
    sh.env |= {"DOCKER_HOST": engine, "DOCKER_BUILDKIT": "0"}
    return sh


def test_push_pull_run(sh):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/hello:1 hello")
    sh("docker push $REGISTRY/alice/hello:1")
    digest = sh("docker inspect --format '{{index .RepoDigests 0}}' $REGISTRY/alice/hello:1")

    sh("docker rmi $REGISTRY/alice/hello:1")
    sh("docker pull $REGISTRY/alice/hello:1")
    assert sh("docker run --rm --network=none $REGISTRY/alice/hello:1") == "hello from staithe"

    sh("docker rmi $REGISTRY/alice/hello:1")
    sh(f"docker pull {digest}")
    assert sh(f"docker run --rm --network=none {digest}") == "hello from staithe"
    labels = json.loads(sh("docker inspect --format '{{json .Config.Labels}}' " + digest))
    assert labels == {
        "org.opencontainers.image.source": "https://example.com/alice/hello",
        "org.opencontainers.image.description": "Says hello",
        "org.opencontainers.image.licenses": "Apache-2.0",
    }


def test_push_again_sends_nothing(sh):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/again:1 hello && docker push $REGISTRY/alice/again:1")
    assert "Layer already exists" in sh("docker push $REGISTRY/alice/again:1")


def test_second_repository_mounts_the_layer(sh):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/first:1 hello && docker push $REGISTRY/alice/first:1")
    sh("docker tag $REGISTRY/alice/first:1 $REGISTRY/alice/second/image:1")
    assert "Mounted from alice/" in sh("docker push $REGISTRY/alice/second/image:1")


def test_multi_platform_manifest(sh):
    sh(LOGIN)
    sh("""
        for arch in amd64 arm64; do
            docker build --label built-for=$arch --tag $REGISTRY/alice/multi:$arch hello
            docker push $REGISTRY/alice/multi:$arch
        done
        docker manifest create --insecure $REGISTRY/alice/multi:1 \\
            $REGISTRY/alice/multi:amd64 $REGISTRY/alice/multi:arm64
        docker manifest annotate --arch arm64 $REGISTRY/alice/multi:1 $REGISTRY/alice/multi:arm64
        docker manifest push --insecure $REGISTRY/alice/multi:1
    """)
    index = json.loads(sh("docker manifest inspect --insecure $REGISTRY/alice/multi:1"))
    assert [m["platform"]["architecture"] for m in index["manifests"]] == ["amd64", "arm64"]
    sh("docker rmi --force $(docker images --quiet $REGISTRY/alice/multi) && docker pull $REGISTRY/alice/multi:1")
    assert sh("docker run --rm --network=none $REGISTRY/alice/multi:1") == "hello from staithe"


def test_public_image_needs_no_login(sh, registry):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/open:1 hello && docker push $REGISTRY/alice/open:1")
    registry.set_visibility("alice/open", "public")
    sh("docker logout $REGISTRY && docker rmi $REGISTRY/alice/open:1")
    sh("docker pull $REGISTRY/alice/open:1")


def test_wrong_password(sh):
    assert "denied: denied" in sh.refused("echo wrong | docker login --username alice --password-stdin $REGISTRY")


def test_push_after_logout(sh):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/gone:1 hello && docker logout $REGISTRY")
    said = sh.refused("docker push $REGISTRY/alice/gone:1")
    assert "unauthorized: authentication required" in said
    assert "Retrying" not in said, "docker retries for a minute when it takes a refusal for a fault"


def test_push_to_another_user(sh):
    sh("echo $BOB | docker login --username bob --password-stdin $REGISTRY")
    sh("docker build --tag $REGISTRY/alice/taken:1 hello")
    assert "denied: permission_denied: write_package" in sh.refused("docker push $REGISTRY/alice/taken:1")


def test_private_image_of_another_user(sh):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/private:1 hello && docker push $REGISTRY/alice/private:1")
    sh("echo $BOB | docker login --username bob --password-stdin $REGISTRY")
    private = sh.refused("docker pull $REGISTRY/alice/private:1")
    assert "denied: permission_denied: read_package" in private

    absent = sh.refused("docker pull $REGISTRY/alice/absent:1")
    assert absent == private.replace("alice/private", "alice/absent"), "bob must not learn that the image exists"


def test_private_image_without_login(sh):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/closed:1 hello && docker push $REGISTRY/alice/closed:1")
    sh("docker logout $REGISTRY")
    private = sh.refused("docker pull $REGISTRY/alice/closed:1")
    assert "unauthorized: authentication required" in private
    assert sh.refused("docker pull $REGISTRY/alice/absent:1") == private.replace("alice/closed", "alice/absent")


def test_missing_tag(sh):
    sh(LOGIN)
    sh("docker build --tag $REGISTRY/alice/tags:1 hello && docker push $REGISTRY/alice/tags:1")
    said = sh.refused("docker pull $REGISTRY/alice/tags:absent")
    assert "/alice/tags:absent not found: manifest unknown" in said


def test_a_workflow_logs_in_with_the_token_of_its_issuer(sh):
    sh("echo $JOB | docker login --username whoever --password-stdin $REGISTRY")
    sh("docker build --tag $REGISTRY/alice/built:1 hello && docker push $REGISTRY/alice/built:1")
    sh("docker rmi $REGISTRY/alice/built:1 && docker pull $REGISTRY/alice/built:1")
    sh("docker tag $REGISTRY/alice/built:1 $REGISTRY/bob/built:1")
    said = sh.refused("docker push $REGISTRY/bob/built:1")
    assert "installation not allowed to Write organization package" in said
