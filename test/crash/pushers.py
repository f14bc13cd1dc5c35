"""Clients that write without pause and remember every acknowledgement.

A pusher is the only one who writes to its package, so what the registry must
hold after a crash is known exactly, but for the one request that was on its way.
"""

import random
import time

import requests

from harness import images

OCTETS = {"Content-Type": "application/octet-stream"}
TAGS = [f"t{n}" for n in range(6)]
ABSENT = None  # what a tag that is not there points to


class Violation(AssertionError):
    """The registry broke a promise."""


def expect(response, *statuses):
    if response.status_code not in statuses:
        request = response.request
        raise Violation(f"{request.method} {request.path_url}: {response.status_code} {response.text[:300]}")
    return response


class Image:
    def __init__(self, document, blobs):
        self.document = document
        self.blobs = blobs  # digest -> bytes


class Pusher:
    """One writer: run() until the server is gone, then check() once it is back."""

    def __init__(self, registry, account, number, seed):
        self.registry = registry
        self.account = account
        self.name = f"{account.name}/kill{number}"
        self.random = random.Random(f"{seed}/{number}")
        self.images = {}  # digest -> Image: acknowledged
        self.deleted = set()  # acknowledged deletes
        self.doubtful = {}  # digest -> Image: a put or delete was on its way
        self.tags = {tag: {ABSENT} for tag in TAGS}  # tag -> what it may point to
        self.blobs = {}  # digest -> bytes: acknowledged in this round
        self.fresh = set()  # images acknowledged since the last check
        self.session = None  # (location, all bytes, acknowledged offset) of the long upload
        self.acknowledged = 0
        self.failure = None

    # Writing

    def run(self):
        """Write until the connection breaks."""
        self.blobs = {}
        self.client = self.registry.basic(self.account.name, self.account.token)
        try:
            while True:
                step = self.random.choices((self.push, self.delete_manifest, self.delete_tag, self.long_upload), (6, 1, 1, 3))
                step[0]()
        except requests.RequestException:
            pass  # killed
        except BaseException as failure:  # told by the test
            self.failure = failure

    def acknowledge(self, response, *statuses):
        expect(response, *statuses)
        self.acknowledged += 1
        return response

    def layer(self):
        """New bytes: mostly small, some beyond the border to files, some large."""
        size = self.random.choice((0, 10, 500, 4000, 60_000, 65_536, 65_537, 100_000, 400_000))
        return self.random.randbytes(size)

    def push_blob(self, data):
        digest = images.digest_of(data)
        uploads = f"/v2/{self.name}/blobs/uploads/"
        way = self.random.randrange(3)
        if way == 0:
            self.acknowledge(self.client.post(uploads, params={"digest": digest}, data=data, headers=OCTETS), 201)
        else:
            location = expect(self.client.post(uploads), 202).headers["Location"]
            rest = data
            if way == 2:
                middle = len(data) // 2
                for chunk in (data[:middle], data[middle:]):
                    location = expect(self.client.patch(location, data=chunk, headers=OCTETS), 202).headers["Location"]
                rest = b""
            self.acknowledge(self.client.put(location, params={"digest": digest}, data=rest, headers=OCTETS), 201)
        self.blobs[digest] = data
        return digest

    def push(self):
        """An image with new and used layers, as clients do it: HEAD, then push what is not there."""
        layers = [self.layer() for _ in range(self.random.randint(1, 3))]
        if self.images and self.random.random() < 0.5:
            layers.append(self.random.choice(list(self.random.choice(list(self.images.values())).blobs.values())))
        config = images.encode({"architecture": "amd64", "os": "linux", "n": self.random.randrange(1 << 60)})
        for blob in (config, *layers):
            head = self.client.head(f"/v2/{self.name}/blobs/{images.digest_of(blob)}")
            if expect(head, 200, 404).status_code == 404:
                self.push_blob(blob)
        document = images.image(config, layers)
        image = Image(document, {images.digest_of(blob): blob for blob in (config, *layers)})
        tag = self.random.choice(TAGS)
        self.doubtful[document.digest] = image
        self.tags[tag].add(document.digest)
        self.acknowledge(self.client.put_manifest(self.name, tag, document), 201)
        del self.doubtful[document.digest]
        self.images[document.digest] = image
        self.fresh.add(document.digest)
        self.tags[tag] = {document.digest}

    def delete_manifest(self):
        if len(self.images) < 3:
            return
        digest = self.random.choice(list(self.images))
        self.doubtful[digest] = self.images.pop(digest)
        pointing = [tag for tag, targets in self.tags.items() if digest in targets]
        for tag in pointing:
            self.tags[tag].add(ABSENT)
        self.acknowledge(self.client.delete(f"/v2/{self.name}/manifests/{digest}"), 202)
        del self.doubtful[digest]
        self.deleted.add(digest)
        for tag in pointing:
            self.tags[tag] = {ABSENT}

    def delete_tag(self):
        tags = [tag for tag, targets in self.tags.items() if ABSENT not in targets]
        if not tags:
            return
        tag = self.random.choice(tags)
        self.tags[tag].add(ABSENT)
        self.acknowledge(self.client.delete(f"/v2/{self.name}/manifests/{tag}"), 202)
        self.tags[tag] = {ABSENT}

    def long_upload(self):
        """One more chunk of an upload that spans several crashes."""
        if self.session is None:
            location = expect(self.client.post(f"/v2/{self.name}/blobs/uploads/"), 202).headers["Location"]
            self.session = (location, self.random.randbytes(1_500_000), 0)
        location, data, offset = self.session
        chunk = data[offset:offset + self.random.randint(1, 200_000)]
        if chunk:
            headers = {**OCTETS, "Content-Range": f"{offset}-{offset + len(chunk) - 1}"}
            response = self.acknowledge(self.client.patch(location, data=chunk, headers=headers), 202)
            self.session = (response.headers["Location"], data, offset + len(chunk))

    # Checking

    def check(self, everything=False):
        """After a restart: all that was acknowledged is there, and nothing half."""
        self.client = self.registry.basic(self.account.name, self.account.token)
        for digest, data in self.blobs.items():
            self.check_blob(digest, data)
        for digest in list(self.images) if everything else self.fresh & set(self.images):
            self.check_image(self.images[digest])
        self.fresh.clear()
        self.settle_doubts()
        self.check_tags()
        for digest in self.deleted:
            expect(self.client.head_manifest(self.name, digest), 404)
        if not everything:
            self.deleted.clear()
        self.resume()

    def check_blob(self, digest, data):
        response = expect(self.client.get_blob(self.name, digest), 200)
        if response.content != data:
            raise Violation(f"{self.name}: blob {digest} has other bytes")

    def check_image(self, image):
        response = expect(self.client.get_manifest(self.name, image.document.digest), 200)
        if response.content != image.document.body or response.headers["Content-Type"] != image.document.media_type:
            raise Violation(f"{self.name}: manifest {image.document.digest} has other bytes")
        for digest, data in image.blobs.items():
            self.check_blob(digest, data)

    def settle_doubts(self):
        """What was on its way happened, or did not; half is not allowed."""
        for digest, image in self.doubtful.items():
            if expect(self.client.head_manifest(self.name, digest), 200, 404).status_code == 200:
                self.check_image(image)
                self.images[digest] = image
        self.doubtful.clear()

    def check_tags(self):
        listed = set(self.client.tags(self.name))
        for tag, targets in self.tags.items():
            response = expect(self.client.head_manifest(self.name, tag), 200, 404)
            now = response.headers["Docker-Content-Digest"] if response.status_code == 200 else ABSENT
            if now not in targets:
                raise Violation(f"{self.name}:{tag} is {now}, must be one of {targets}")
            if now is not ABSENT and now not in self.images:
                raise Violation(f"{self.name}:{tag} points to {now}, which is not there")
            if (tag in listed) != (now is not ABSENT):
                raise Violation(f"{self.name}:{tag} is {now}, but tags/list says {sorted(listed)}")
            self.tags[tag] = {now}

    def resume(self):
        """The long upload goes on; when all has arrived it becomes a blob."""
        if self.session is None:
            return
        location, data, acknowledged = self.session
        response = expect(self.client.get(location), 204)
        last = int(response.headers["Range"].split("-")[1])
        offset = last + 1 if last or acknowledged == 1 else 0
        if offset < acknowledged:
            raise Violation(f"{self.name}: upload is at {offset}, {acknowledged} were acknowledged")
        self.session = (location, data, offset)
        if offset < len(data):
            return
        digest = images.digest_of(data)
        expect(self.client.put(location, params={"digest": digest}, headers=OCTETS), 201)
        self.check_blob(digest, data)
        self.session = None


def wait(threads, seconds):
    """Join all; returns whether all have ended."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
