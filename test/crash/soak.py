#!/usr/bin/python3 -B
"""Everything at once, against the program over HTTP: pushes, mounts, deletions, tags, uploads left lying, collections, pulls.

    soak.py [--seconds N] [--grace N] [--seed TEXT] [--directory DIR]

Runs N seconds (600), then checks everything and ends with status 0, or tells the
broken promise and ends with 1.  STAITHE_BINARY is the program.  gc.interval is
a second, its minimum; gc.grace is 6 s (with more than 60 s "gc --now" takes more than
a collection by itself), gc.upload_ttl 3 s, and "gc --now" runs in a loop beside it.
The load comes from one process with a thread for each client.

Who may get which answers; any other one ends the run:

    pusher      HEAD blob 200 404; POST 202, with a digest 201; PATCH 202; PUT blob 201;
                PUT manifest 201, or 400 MANIFEST_BLOB_UNKNOWN when the client came late (below)
    returner    the same, for images that were deleted: uploads nothing that HEAD finds
    mounter     POST with mount 201, since the source is in use; PUT manifest as a pusher
    deleter     DELETE manifest 202, then HEAD 404
    blob owner  PUT blob 201, then DELETE blob 202 and HEAD 404, or GET 200 with the right bytes; 404
                to DELETE or GET when it came late
    tagger      PUT manifest 201, GET tag 200 with that digest, DELETE tag 202, then HEAD 404
    leaver      POST 202, PATCH 202, later GET 204, PATCH 202, PUT 201 or DELETE 204; 404, or 409 while
                it is removed, to any of these when it came back late; after PUT 201, GET blob 200 unless late
    reader      GET 200 with the right bytes for every part of an image that is there; for one that
                is being deleted meanwhile also 404
    collector   "gc --now" ends with status 0

Late is a client that lets more time pass than it was promised: half of gc.grace, half a minute at
most, between HEAD or upload and the manifest, gc.upload_ttl between two requests to a session; a second
less in each case, since the registry counts in seconds.
"""

import argparse
import base64
import http.client
import json
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness import Registry, images  # noqa: E402
from harness.server import GC_GRACE, TRASH, UPLOAD_TTL  # noqa: E402

GRACE_S = 6
TTL_S = 3
SESSION_S = TTL_S - 1
PACKAGES = [f"alice/soak{n}" for n in range(4)]
TAGS = [f"t{n}" for n in range(5)]
LAYERS = 200
SIZES = (0, 100, 5000, 65_536, 65_537, 150_000, 400_000, 1_000_000)
IMAGES = 30  # of a package at most; the deleters leave a quarter
RSS_GROWTH = 1.3  # of the end over the middle, beside
RSS_NOISE = 16 << 20
STUCK_S = 60
IDLE_S = 10  # of a connection; then a new one
OCTETS = {"Content-Type": "application/octet-stream"}


class Violation(AssertionError):
    """The registry broke a promise."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def is_error(self, status, code):
        if self.status != status:
            return False
        return not self.body or json.loads(self.body)["errors"][0]["code"] == code


class Http:
    """One connection that is kept, with a client's credentials."""

    def __init__(self, registry, account):
        self.address = registry.address
        secret = base64.b64encode(f"{account.name}:{account.token}".encode()).decode()
        self.headers = {"Authorization": f"Basic {secret}"}
        self.connection = None
        self.used = 0
        self.requests = 0

    def __call__(self, method, path, *statuses, body=None, headers=None):
        """Ask; a status that is not among statuses is a violation."""
        if self.connection and time.monotonic() - self.used > IDLE_S:
            self.connection.close()
            self.connection = None
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.address, timeout=STUCK_S)
        self.connection.request(method, path, body=body, headers={**self.headers, **(headers or {})})
        response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        self.requests += 1
        self.used = time.monotonic()
        if answer.status not in statuses:
            raise Violation(f"{method} {path}: {answer.status} {answer.body[:300]!r}, allowed: {statuses}")
        return answer


class Image:
    def __init__(self, package, document, blobs):
        self.package = package
        self.document = document
        self.blobs = blobs  # digest -> bytes
        self.there = False  # acknowledged and not deleted
        self.writer = False  # somebody pushes or deletes it
        self.pins = 0  # who relies on it now

    @property
    def path(self):
        return f"/v2/{self.package}/manifests/{self.document.digest}"


class World:
    """What the registry must hold; shared by all clients."""

    def __init__(self, seed, grace):
        # A HEAD leaves a lease of half a grace at least, and gc --now half a minute of it.
        self.promised = min(grace / 2, 30) - 1
        chance = random.Random(seed)
        self.lock = threading.Lock()
        self.images = []
        self.layers = [chance.randbytes(SIZES[n % len(SIZES)]) for n in range(LAYERS)]
        self.counts = {}
        self.over = threading.Event()
        self.failure = None

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + n

    @contextmanager
    def some(self, chance, condition, writer=False):
        """An image that fulfils the condition, or None; kept as it is (or for the writer alone) meanwhile."""
        with self.lock:
            found = [image for image in self.images if not image.writer and condition(image)
                     and not (writer and image.pins)]
            image = chance.choice(found) if found else None
            if image:
                image.pins += not writer
                image.writer = writer
        try:
            yield image
        finally:
            with self.lock:
                if image:
                    image.pins -= not writer
                    image.writer = image.writer and not writer

    def number(self, package):
        with self.lock:
            return sum(image.there for image in self.images if image.package == package)


class Client:
    """One thread: turn() again and again until time is over."""

    def __init__(self, registry, account, world, seed, number):
        self.registry, self.world = registry, world
        self.http = Http(registry, account)
        self.chance = random.Random(f"{seed}/{type(self).__name__}/{number}")
        self.number = number
        self.name = type(self).__name__.lower()

    def run(self):
        try:
            while not self.world.over.is_set():
                self.turn()
                self.world.count(self.name)
        except BaseException as failure:  # told by main()
            with self.world.lock:
                self.world.failure = self.world.failure or (self.name, failure)
            self.world.over.set()

    # What several of them do

    def upload(self, package, data, digest):
        """Push bytes that are not there, in one of the ways there are."""
        uploads = f"/v2/{package}/blobs/uploads/"
        way = self.chance.randrange(3)
        if way == 0:
            return self.http("POST", f"{uploads}?digest={quote(digest)}", 201, body=data, headers=OCTETS)
        begun = time.monotonic()
        location = self.http("POST", uploads, 202).headers["Location"]
        if way == 2:
            answer = self.http("PATCH", location, 202, 404, 409, body=data[:len(data) // 2], headers=OCTETS)
            if not self.is_late(answer, begun):
                begun = time.monotonic()
                answer = self.http("PUT", f"{location}?digest={quote(digest)}", 201, 404, 409,
                                   body=data[len(data) // 2:], headers=OCTETS)
        else:
            answer = self.http("PUT", f"{location}?digest={quote(digest)}", 201, 404, 409, body=data, headers=OCTETS)
        if self.is_late(answer, begun):
            return self.upload(package, data, digest)
        return answer

    def is_late(self, answer, begun):
        """A session that is gone, because the client let its time pass; nothing else may be why."""
        if answer.status not in (404, 409):
            return False
        known = answer.is_error(404, "BLOB_UPLOAD_UNKNOWN") or answer.is_error(409, "BLOB_UPLOAD_INVALID")
        if time.monotonic() - begun < SESSION_S or not known:
            raise Violation(f"a session was gone after {time.monotonic() - begun:.1f} s: {answer.body!r}")
        self.world.count("late to a session")
        return True

    def check_late(self, answer, what, begun):
        """404 to something that was uploaded: only a client that is late may get it."""
        passed = time.monotonic() - begun
        if answer.status == 404 and passed < self.world.promised:
            raise Violation(f"{what} is gone after {passed:.1f} s: {answer.body!r}")
        if answer.status == 404:
            self.world.count("late to a blob")

    def ensure(self, image):
        """As clients do it: HEAD, and push what is not there."""
        for digest, data in image.blobs.items():
            if self.http("HEAD", f"/v2/{image.package}/blobs/{digest}", 200, 404).status == 404:
                self.upload(image.package, data, digest)

    def put_manifest(self, image, begun, reference=None):
        """False: the client was late, and has to look again."""
        answer = self.http("PUT", f"/v2/{image.package}/manifests/{reference or image.document.digest}", 201, 400,
                           body=image.document.body, headers={"Content-Type": image.document.media_type})
        if answer.status == 201:
            return True
        passed = time.monotonic() - begun
        if passed < self.world.promised or not answer.is_error(400, "MANIFEST_BLOB_UNKNOWN"):
            raise Violation(f"PUT {image.path} {passed:.1f} s after the first HEAD: {answer.status} {answer.body!r}")
        self.world.count("late with a manifest")
        return False

    def push(self, image):
        while True:
            begun = time.monotonic()
            self.ensure(image)
            if self.put_manifest(image, begun):
                break
        image.there = True

    def new_image(self, package, layers):
        config = images.encode({"architecture": "amd64", "os": "linux", "n": self.chance.randrange(1 << 60)})
        blobs = {images.digest_of(blob): blob for blob in (config, *layers)}
        image = Image(package, images.image(config, layers), blobs)
        image.writer = True
        with self.world.lock:
            self.world.images.append(image)
        return image


class Pusher(Client):
    def turn(self):
        package = self.chance.choice(PACKAGES)
        if self.world.number(package) > IMAGES:
            time.sleep(0.05)
            return
        layers = self.chance.sample(self.world.layers, self.chance.randint(1, 4))
        image = self.new_image(package, layers)
        self.push(image)
        image.writer = False


class Returner(Client):
    """Pushes again what was deleted: blobs that are about to be collected, or just were."""

    def turn(self):
        with self.world.some(self.chance, lambda image: not image.there, writer=True) as image:
            if image:
                self.push(image)
            else:
                time.sleep(0.02)


class Mounter(Client):
    def turn(self):
        with self.world.some(self.chance, lambda image: image.there) as source:
            if source is None:
                time.sleep(0.02)
                return
            package = self.chance.choice([name for name in PACKAGES if name != source.package])
            image = Image(package, source.document, source.blobs)
            with self.world.lock:
                known = any(i.package == package and i.document.digest == image.document.digest
                            for i in self.world.images)
                if not known:
                    image.writer = True
                    self.world.images.append(image)
            if known or self.world.number(package) > IMAGES:
                if not known:
                    with self.world.lock:
                        self.world.images.remove(image)
                return
            self.mount_all(source, image)
            image.there = True
            image.writer = False

    def mount_all(self, source, image):
        while True:
            begun = time.monotonic()
            for digest in image.blobs:
                self.http("POST", f"/v2/{image.package}/blobs/uploads/?mount={quote(digest)}"
                          f"&from={quote(source.package, safe='')}", 201)
            if self.put_manifest(image, begun):
                return


class Deleter(Client):
    def turn(self):
        package = self.chance.choice(PACKAGES)
        if self.world.number(package) < IMAGES // 4:
            time.sleep(0.02)
            return
        with self.world.some(self.chance, lambda image: image.there and image.package == package, True) as image:
            if image is None:
                return
            image.there = False
            self.http("DELETE", image.path, 202)
            self.http("HEAD", image.path, 404)
        with self.world.lock:  # some are forgotten, so that new ones come
            gone = [image for image in self.world.images if not image.there and not image.writer]
            if len(gone) > IMAGES:
                self.world.images.remove(self.chance.choice(gone))


class BlobOwner(Client):
    """Its blobs are in a package of its own, where nobody else deletes."""

    def turn(self):
        package = f"alice/blobs{self.number}"
        data = self.chance.choice(self.world.layers)
        digest = images.digest_of(data)
        path = f"/v2/{package}/blobs/{digest}"
        begun = time.monotonic()
        self.upload(package, data, digest)
        if self.chance.random() < 0.5:
            self.check_late(self.http("DELETE", path, 202, 404), path, begun)
            self.http("HEAD", path, 404)
            return
        answer = self.http("GET", path, 200, 404)
        self.check_late(answer, path, begun)
        if answer.status == 200 and answer.body != data:
            raise Violation(f"{path} has other bytes")


class Tagger(Client):
    """The tags of a package are its alone; they go with their images."""

    def turn(self):
        package = PACKAGES[self.number % len(PACKAGES)]
        tag = self.chance.choice(TAGS)
        path = f"/v2/{package}/manifests/{tag}"
        with self.world.some(self.chance, lambda image: image.there and image.package == package) as image:
            if image is None:
                time.sleep(0.02)
                return
            self.http("PUT", path, 201, body=image.document.body,
                      headers={"Content-Type": image.document.media_type})
            answer = self.http("GET", path, 200, headers={"Accept": image.document.media_type})
            if answer.body != image.document.body or answer.headers["Docker-Content-Digest"] != image.document.digest:
                raise Violation(f"{path} is not what it was set to")
            if self.chance.random() < 0.3:
                self.http("DELETE", path, 202)
                self.http("HEAD", path, 404)


class Leaver(Client):
    """Uploads that nobody goes on with, or only when their time is about over."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.left = []  # (when to come back, location, data, bytes sent, last answer)

    def turn(self):
        now = time.monotonic()
        if self.left and self.left[0][0] <= now:
            self.come_back(*self.left.pop(0)[1:])
            return
        if len(self.left) < 20:
            self.leave()
            return
        time.sleep(max(0, min(0.1, self.left[0][0] - now)))

    def leave(self):
        data = self.chance.randbytes(self.chance.choice((100, 70_000, 300_000)))
        begun = time.monotonic()
        location = self.http("POST", f"/v2/{self.chance.choice(PACKAGES)}/blobs/uploads/", 202).headers["Location"]
        sent = self.chance.choice((0, len(data) // 2))
        if sent:
            answer = self.http("PATCH", location, 202, 404, 409, body=data[:sent], headers=OCTETS)
            if self.is_late(answer, begun):
                return
        if self.chance.random() < 0.5:  # others are left for good
            back = time.monotonic() + TTL_S + self.chance.uniform(-1.5, 2)
            self.left.append((back, location, data, sent, begun))
            self.left.sort(key=lambda entry: entry[0])

    def come_back(self, location, data, sent, begun):
        digest = images.digest_of(data)
        if self.chance.random() < 0.3:
            answer = self.http("GET", location, 204, 404)
            if self.is_late(answer, begun):
                return
        way = self.chance.randrange(3)
        if way == 0:
            answer = self.http("DELETE", location, 204, 404, 409)
            self.is_late(answer, begun)
            return
        if way == 1:
            answer = self.http("PATCH", location, 202, 404, 409, body=data[sent:], headers=OCTETS)
            if self.is_late(answer, begun):
                return
            begun = time.monotonic()
            sent = len(data)
        stored = time.monotonic()
        answer = self.http("PUT", f"{location}?digest={quote(digest)}", 201, 404, 409, body=data[sent:], headers=OCTETS)
        if self.is_late(answer, begun):
            return
        self.world.count("finished at the last moment")
        answer = self.http("GET", location.split("/uploads/")[0] + "/" + digest, 200, 404)
        self.check_late(answer, digest, stored)
        if answer.status == 200 and answer.body != data:
            raise Violation(f"{digest} has other bytes")


class Reader(Client):
    def turn(self):
        if self.chance.random() < 0.2:
            self.pull_any()
            return
        with self.world.some(self.chance, lambda image: image.there) as image:
            if image:
                self.pull(image, 200)
            else:
                time.sleep(0.02)

    def pull_any(self):
        """One that may be deleted, or pushed again, meanwhile: right bytes, or none."""
        with self.world.lock:
            image = self.chance.choice(self.world.images) if self.world.images else None
        if image:
            self.pull(image, 200, 404)

    def pull(self, image, *statuses):
        answer = self.http("GET", image.path, *statuses, headers={"Accept": image.document.media_type})
        if answer.status == 200 and answer.body != image.document.body:
            raise Violation(f"{image.path} has other bytes")
        for digest, data in image.blobs.items():
            path = f"/v2/{image.package}/blobs/{digest}"
            answer = self.http("GET", path, *statuses)
            if answer.status == 200 and answer.body != data:
                raise Violation(f"{path} has other bytes")
            self.world.count("bytes read", len(answer.body))


class Collector(Client):
    def turn(self):
        done = self.registry.run("gc", "--now", "--json")
        if done.returncode != 0:
            raise Violation(f"gc --now: {done.returncode} {done.stderr}")
        for what, n in json.loads(done.stdout).items():
            if isinstance(n, int) and what != "waiting":
                self.world.count(f"gc {what}", n)
        time.sleep(0.3)


CLIENTS = ((Pusher, 3), (Returner, 2), (Mounter, 2), (Deleter, 2), (BlobOwner, 2), (Tagger, 2), (Leaver, 2), (Reader, 3),
           (Collector, 1))


def at_once(registry, world, account, seed, seconds):
    """Let all run; returns the server's memory at the start, in the middle and at the end."""
    clients = [kind(registry, account, world, seed, n) for kind, number in CLIENTS for n in range(number)]
    threads = [threading.Thread(target=client.run, name=client.name, daemon=True) for client in clients]
    memory = []
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for share in (0.1, 0.5, 1):  # the start is when caches and buffers have filled
        world.over.wait(max(0, begun + share * seconds - time.monotonic()))
        if not world.failure:
            memory.append(registry.memory())
            print(f"{time.monotonic() - begun:5.0f} s  RSS {memory[-1] / 2**20:.1f} MiB, "
                  f"{sum(client.http.requests for client in clients)} requests", flush=True)
    world.over.set()
    for thread in threads:
        thread.join(STUCK_S * 2)
    if world.failure:
        raise Violation(f"{world.failure[0]}: {world.failure[1]}") from world.failure[1]
    stuck = [thread.name for thread in threads if thread.is_alive()]
    if stuck:
        raise Violation(f"no answer for {stuck}")
    return memory


def wait_until(condition, seconds):
    """Collections go on meanwhile; whether the condition came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def check_all(registry, world, account, seed):
    """Every image that was acknowledged and not deleted, byte for byte."""
    reader = Reader(registry, account, world, seed, "end")
    kept = [image for image in world.images if image.there]
    for image in kept:
        reader.pull(image, 200)
    return len(kept)


def must_hold(registry, world, account, seed, grace):
    kept = check_all(registry, world, account, seed)
    problems = registry.problems("--content")
    print(f"{kept} images whole, fsck --content: {problems} problems", flush=True)
    if problems:
        raise Violation(registry.run("fsck", "--content").stdout)
    if not wait_until(lambda: not registry.staged_files(), TTL_S + 70):
        raise Violation(f"uploads are left: {registry.staged_files()}")
    http = Http(registry, account)
    for image in world.images:
        if image.there:
            http("DELETE", image.path, 202)
    files = registry.data / "blobs"
    if not wait_until(lambda: not any(path.is_file() for path in files.rglob("*")), grace + 30):
        raise Violation("files of blobs are left when everything was deleted")
    counts = registry.fsck("--content")
    print(f"after deleting all: no upload, no file of a blob, fsck --content: {registry.problems('--content')} problems")
    if registry.problems("--content") or counts.get("blobs"):
        raise Violation(f"something is left: {counts}")


def soak(directory, seconds, seed, grace=GRACE_S):
    """One run; raises Violation."""
    settings = {GC_GRACE: f"{grace}s", UPLOAD_TTL: f"{TTL_S}s", "gc.interval": "1s", TRASH: "0s"}
    registry = Registry(directory, settings).start()
    try:
        account = registry.user("alice")
        world = World(seed, grace)
        memory = at_once(registry, world, account, seed, seconds)
        for what, n in sorted(world.counts.items()):
            print(f"  {n:12} {what}")
        must_hold(registry, world, account, seed, grace)
        if seconds >= 120 and memory[2] > memory[1] * RSS_GROWTH + RSS_NOISE:
            raise Violation(f"the server's memory grows: {memory}")
        errors = [line for line in registry.log_lines() if line.get("level") == "error"]
        if errors:
            raise Violation(f"{len(errors)} errors in the log: {errors[:3]}")
        registry.stop()
    finally:
        registry.kill()
        registry.check_log()
    return world.counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--grace", type=int, default=GRACE_S)
    parser.add_argument("--seed", default=f"{random.randrange(1 << 32):x}")
    parser.add_argument("--directory", type=Path, help="for the data, which stays; else a temporary one")
    arguments = parser.parse_args()
    directory = arguments.directory or Path(tempfile.mkdtemp(prefix="staithe-soak-"))
    print(f"seed {arguments.seed}, {arguments.seconds:g} s", flush=True)
    try:
        soak(directory, arguments.seconds, arguments.seed, arguments.grace)
    except Violation:
        traceback.print_exc()
        return 1
    finally:
        if not arguments.directory:
            shutil.rmtree(directory, ignore_errors=True)
    print("0 broken images, 0 unexpected answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
