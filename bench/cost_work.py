"""What bench/cost has the server do, and the data that it needs for that."""

import hashlib
import json

from cost_server import USER

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
APP = f"/v2/{USER}/app"
ACCEPT = {"Accept": MANIFEST}  # after which a registry may choose what to send
# Under valgrind SHA-256 is done without the processor's instructions for it: bodies are small, so that it is a small part.
LAYERS = (3000, 2000, 1000)
SMALL = 500
TAGS = 100


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def some_bytes(name, size):
    """The same for the same name, and for no other."""
    return hashlib.shake_256(name.encode()).digest(size)


def manifest(name):
    """An image of a few layers; name makes it another one."""
    blobs = [some_bytes(f"layer {n}", size) for n, size in enumerate(LAYERS)]
    config = some_bytes("config", 300)
    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "annotations": {"number": name},
        "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": digest_of(data), "size": len(data)} for data in blobs]}).encode()


def small(number):
    """A blob that is to be mounted."""
    return some_bytes(f"source {number}", SMALL)


def prepare(server, mounts):
    """An image in dev/app, a tag in dev/large for each of 100, and blobs in dev/source to be mounted."""
    ask = server.connection.request
    blobs = [some_bytes("config", 300), *(some_bytes(f"layer {n}", size) for n, size in enumerate(LAYERS))]
    for package in ("app", "large"):
        allowed = server.bearer(f"{package}:pull,push")
        for data in blobs:
            ask("POST", f"/v2/{USER}/{package}/blobs/uploads/?digest={digest_of(data)}", 201, allowed, data)
        for tag in ["v1"] if package == "app" else [f"v{n}" for n in range(TAGS)]:
            ask("PUT", f"/v2/{USER}/{package}/manifests/{tag}", 201, {**allowed, "Content-Type": MANIFEST}, manifest("first"))
    allowed = server.bearer("source:pull,push")
    for number in range(mounts):
        data = small(number)
        ask("POST", f"/v2/{USER}/source/blobs/uploads/?digest={digest_of(data)}", 201, allowed, data)


# Each operation: the scopes of its bearer token, and a function (ask, headers, number).  number is another one each time.

def get(target, status=200, method="GET", headers=None):
    return lambda ask, allowed, number: ask(method, target, status, {**allowed, **(headers or {})})


def token(ask, allowed, number):
    ask("GET", f"/token?account={USER}&service=localhost&scope=repository:{USER}/app:pull", 200, allowed)


def push_docker(ask, allowed, number):
    """As Docker does: three requests, the bytes in chunks in the second."""
    data = some_bytes(f"docker {number}", SMALL)
    answer, _ = ask("POST", f"{APP}/blobs/uploads/", 202, allowed, b"")
    answer, _ = ask("PATCH", answer["location"], 202, allowed, data, chunked=True)
    ask("PUT", f"{answer['location']}?digest={digest_of(data)}", 201, allowed, b"")


def push_post(ask, allowed, number):
    data = some_bytes(f"post {number}", SMALL)
    ask("POST", f"{APP}/blobs/uploads/?digest={digest_of(data)}", 201, allowed, data)


def mount(ask, allowed, number):
    ask("POST", f"{APP}/blobs/uploads/?mount={digest_of(small(number))}&from={USER}/source", 201, allowed, b"")


def push_manifest(ask, allowed, number):
    ask("PUT", f"{APP}/manifests/t{number}", 201, {**allowed, "Content-Type": MANIFEST}, manifest(f"{number:06}"))


PULL = ("app:pull",)
PUSH = ("app:pull,push",)
LAYER_URL = f"{APP}/blobs/{digest_of(some_bytes('layer 2', LAYERS[2]))}"
ABSENT_URL = f"{APP}/blobs/{digest_of(b'absent')}"
OPERATIONS = {
    "manifest GET by tag": (PULL, get(f"{APP}/manifests/v1", headers=ACCEPT)),
    "manifest GET by digest": (PULL, get(f"{APP}/manifests/{digest_of(manifest('first'))}", headers=ACCEPT)),
    "manifest HEAD by tag": (PULL, get(f"{APP}/manifests/v1", method="HEAD", headers=ACCEPT)),
    "tags of 100": (("large:pull",), get(f"/v2/{USER}/large/tags/list")),
    "blob GET, 1000 bytes": (PULL, get(LAYER_URL)),
    "blob HEAD, there": (PULL, get(LAYER_URL, method="HEAD")),
    "blob HEAD, not there": (PUSH, get(ABSENT_URL, 404, method="HEAD")),
    "token": ((), token),
    "blob push, POST PATCH PUT": (PUSH, push_docker),
    "blob push, one POST": (PUSH, push_post),
    "mount": (("app:pull,push", "source:pull"), mount),
    "manifest PUT, new tag": (PUSH, push_manifest),
}
