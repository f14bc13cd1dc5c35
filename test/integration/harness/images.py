"""Manifests of every kind, built from bytes."""

import hashlib
import json
import os
from dataclasses import dataclass

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

EMPTY_JSON = b"{}"


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def random_digest(algorithm="sha256"):
    return digest_of(os.urandom(16), algorithm)


def encode(value):
    return json.dumps(value, separators=(",", ":")).encode()


def descriptor(data, media_type, algorithm="sha256", **extra):
    return {"mediaType": media_type, "digest": digest_of(data, algorithm), "size": len(data), **extra}


@dataclass(frozen=True)
class Document:
    """A manifest or index: its exact bytes and the type it is pushed with."""

    body: bytes
    media_type: str

    @property
    def digest(self):
        return digest_of(self.body)

    @property
    def json(self):
        return json.loads(self.body)

    def descriptor(self, **extra):
        return descriptor(self.body, self.media_type, **extra)


def document(media_type, **members):
    return Document(encode({"schemaVersion": 2, "mediaType": media_type, **members}), media_type)


def config_bytes(architecture="amd64", labels=None):
    """A configuration that no other test pushes."""
    return encode({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
                   "config": {"Labels": {"unique": os.urandom(8).hex(), **(labels or {})}}})


def image(config, layers, **extra):
    return document(OCI_MANIFEST, config=descriptor(config, OCI_CONFIG),
                    layers=[descriptor(layer, OCI_LAYER) for layer in layers], **extra)


def docker_image(config, layers, **extra):
    return document(DOCKER_MANIFEST, config=descriptor(config, DOCKER_CONFIG),
                    layers=[descriptor(layer, DOCKER_LAYER) for layer in layers], **extra)


def index(children, media_type=OCI_INDEX, **extra):
    return document(media_type, manifests=[child.descriptor() for child in children], **extra)


def artifact(artifact_type, subject=None, **extra):
    """An OCI 1.1 artifact whose configuration and only layer are the empty JSON object."""
    if subject is not None:
        extra["subject"] = subject
    empty = descriptor(EMPTY_JSON, OCI_EMPTY)
    return document(OCI_MANIFEST, artifactType=artifact_type, config=empty, layers=[empty], **extra)
