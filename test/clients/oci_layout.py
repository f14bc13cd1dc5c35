"""Images without any client: an OCI image layout in a folder, written by hand."""
import gzip
import hashlib
import io
import json
import shutil
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class Layout:
    """`Layout(folder).add("1", program)` writes an image that skopeo knows as `oci:folder:1`."""

    def __init__(self, folder):
        self.blobs = folder / "blobs" / "sha256"
        self.blobs.mkdir(parents=True)
        self.index = folder / "index.json"
        self.tags = []
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def add(self, tag, program, architectures=("amd64",)):
        """An image that runs `program`; with several architectures, an index of images."""
        images = [self._image(program, arch) for arch in architectures]
        if len(images) > 1:
            images = [self._json(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": images})]
        self._tag(tag, images[0])

    def add_large(self, tag, file):
        """An image whose only layer is `file`, which is moved here; returns the layer's digest."""
        with file.open("rb") as stream:
            digest = hashlib.sha256()
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        layer = {"mediaType": LAYER, "digest": "sha256:" + digest.hexdigest(), "size": file.stat().st_size}
        shutil.move(file, self.blobs / digest.hexdigest())
        config = self._config("amd64", layer["digest"])
        self._tag(tag, self._json(MANIFEST, {"schemaVersion": 2, "config": config, "layers": [layer]}))
        return layer["digest"]

    def _image(self, program, arch):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            member = tarfile.TarInfo("hello")
            member.mode = 0o755
            member.size = program.stat().st_size
            archive.addfile(member, program.open("rb"))
            archive.addfile(tarfile.TarInfo(arch))
        layer = self._blob(LAYER + "+gzip", gzip.compress(tar.getvalue(), mtime=0))
        config = self._config(arch, "sha256:" + hashlib.sha256(tar.getvalue()).hexdigest())
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        return self._json(MANIFEST, manifest) | {"platform": {"os": "linux", "architecture": arch}}

    def _config(self, arch, diff_id):
        return self._json(CONFIG, {
            "os": "linux", "architecture": arch, "config": {"Cmd": ["/hello"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        })

    def _json(self, media_type, value):
        return self._blob(media_type, json.dumps(value).encode())

    def _blob(self, media_type, content):
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}

    def _tag(self, tag, descriptor):
        self.tags.append(descriptor | {"annotations": {"org.opencontainers.image.ref.name": tag}})
        self.index.write_text(json.dumps({"schemaVersion": 2, "manifests": self.tags}))
