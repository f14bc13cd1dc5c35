"""What every server is filled with: the same small images and two large blobs, the same in every run."""

import hashlib
import json
import random
from pathlib import Path

PACKAGE = "bench/app"
IMAGES = 64
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MIB = 1 << 20


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Content:
    """Small blobs and manifests in memory, large blobs as files in directory."""

    def __init__(self, directory, quick=False):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.large = {"64 MiB": (1 if quick else 64) * MIB, "1 GiB": (4 if quick else 1024) * MIB}
        self.blobs = {}  # digest -> bytes
        self.files = {}  # digest -> path
        self.manifests = {}  # tag -> bytes
        self.digests = {}  # name of a large blob -> its digest
        self._random = random.Random(20)
        layers = [self._small(size) for size in (31_000, 12_000, 5_000, 700, 300, 120)]
        for number in range(8 if quick else IMAGES):
            self._image(f"v{number}", layers, number)
        for name, size in self.large.items():
            self.digests[name] = self._file(name, size)
        self._image("large", [(self.digests[name], size) for name, size in self.large.items()], IMAGES)

    def _small(self, size):
        data = self._random.randbytes(size)
        self.blobs[digest_of(data)] = data
        return digest_of(data), size

    def _image(self, tag, layers, number):
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"number": str(number)}},
                             "rootfs": {"type": "layers", "diff_ids": [digest for digest, _ in layers]}}).encode()
        self.blobs[digest_of(config)] = config
        self.manifests[tag] = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": digest, "size": size} for digest, size in layers]}).encode()

    def _file(self, name, size):
        """Random mebibytes that repeat, each with its number in front."""
        path = self.directory / name.replace(" ", "")
        block = self._random.randbytes(MIB - 8)
        digest = hashlib.sha256()
        with open(path, "wb") as file:
            for number in range(size // MIB):
                for part in (number.to_bytes(8, "big"), block):
                    digest.update(part)
                    file.write(part)
        found = "sha256:" + digest.hexdigest()
        self.files[found] = path
        return found

    def tags(self):
        """The tags of the small images."""
        return [tag for tag in self.manifests if tag != "large"]

    def static(self, root):
        """The same as files for a web server whose root this is."""
        base = Path(root) / "v2" / PACKAGE
        for folder in ("manifests", "blobs"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        for tag, data in self.manifests.items():
            (base / "manifests" / tag).write_bytes(data)
            (base / "manifests" / digest_of(data)).write_bytes(data)
        for digest, data in self.blobs.items():
            (base / "blobs" / digest).write_bytes(data)
        for digest, path in self.files.items():
            (base / "blobs" / digest).unlink(missing_ok=True)
            (base / "blobs" / digest).hardlink_to(path)
