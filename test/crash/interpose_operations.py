"""What the tests with the interposed library do to a server, and how they see whether it was done.

A World is a server on a data directory that can be put back to where it was.
An operation does one thing to it: prepare() what it needs, act(), and tell whether
its effect is there: all of it, or none; half is a Violation.
"""

import os
import random
import shutil
import sqlite3
from contextlib import closing

from harness import images
from harness.server import GC_GRACE, TRASH, UPLOAD_TTL, variable
from interpose import Interposed
from pushers import OCTETS, Violation, expect

BASE = "alice/base"
SMALL, LARGE = 500, 150_000


def octets(name, size):
    """The same bytes in every run."""
    return random.Random(name).randbytes(size)


class Refused(Exception):
    """A step of an operation was answered with a failure of the server."""

    def __init__(self, response):
        super().__init__(f"{response.status_code} {response.text[:300]}")
        self.response = response


def step(response, status):
    """A request on the way to the last one."""
    if response.status_code >= 500:
        raise Refused(response)
    return expect(response, status)


class Ended(Exception):
    """The server ended before it said that it listens."""


class World:
    def __init__(self, directory):
        self.registry = Interposed(directory, {TRASH: "0s"})  # Family has one
        self.control = self.registry.control
        self.data = self.registry.data
        self.template = {}
        self.blobs = {}  # digest -> (package, bytes): all that were sent
        self.session = None  # (location, bytes sent and acknowledged)
        self.sync_failed = False  # of an upload's bytes

    # The server

    def start(self, interposed=True):
        self.registry.interposed = interposed
        self.registry.start()

    def build(self, operation):
        """A server with an image that must stay, and with what the operation needs; then remember its directory."""
        self.registry.interposed = False
        self.registry.env.update({variable(name): value for name, value in operation.prepared_with.items()})
        self.registry.start()
        self.account = self.registry.user("alice")
        self.client = self.registry.basic("alice", self.account.token)
        # A look by who may push renews the lease of a blob.
        self.reader = self.registry.basic("alice", self.registry.token("alice", "read:packages"))
        self.push_base()
        operation.prepare(self)
        if operation.prepared_crash:
            self.registry.kill()
        else:
            self.registry.stop()
        operation.edit(self)
        for name in operation.prepared_with:
            del self.registry.env[variable(name)]
        self.registry.env.update({variable(name): value for name, value in operation.settings.items()})
        self.remember()

    def files(self):
        """Path below the data directory -> DirEntry; the socket is none."""
        found = {}
        folders = [""]
        while folders:
            folder = folders.pop()
            with os.scandir(self.data / folder) as entries:
                for entry in entries:
                    path = f"{folder}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{path}/")
                    elif entry.is_file(follow_symlinks=False):
                        found[path] = entry
        return found

    def remember(self):
        self.template = {path: ((self.data / path).read_bytes(), entry.stat().st_mtime)
                         for path, entry in self.files().items()}
        self.prepared_blobs = dict(self.blobs)
        self.prepared_session = self.session

    def restore(self):
        self.control.disarm()  # a point that the last run did not reach is not to end this one
        for path in self.files().keys() - self.template.keys():
            (self.data / path).unlink()
        for path, (content, mtime) in self.template.items():
            (self.data / path).write_bytes(content)
            os.utime(self.data / path, (mtime, mtime))
        self.blobs = dict(self.prepared_blobs)
        self.session = self.prepared_session

    def forget_everything(self):
        """Back to before the first start."""
        shutil.rmtree(self.data)

    # Pushing

    def note(self, package, data):
        digest = images.digest_of(data)
        self.blobs.setdefault(digest, (package, data))
        return digest

    def push(self, package, data):
        """A blob in one request."""
        digest = self.note(package, data)
        return self.client.post(f"/v2/{package}/blobs/uploads/", params={"digest": digest}, data=data, headers=OCTETS)

    def push_base(self):
        """What was acknowledged before: an inline blob, a file, a manifest under two tags, an index."""
        layers = [octets("base small", SMALL), octets("base large", LARGE)]
        for layer in (images.EMPTY_JSON, *layers):
            expect(self.push(BASE, layer), 201)
        self.base = images.image(images.EMPTY_JSON, layers)
        self.index = images.index([self.base])
        expect(self.client.put_manifest(BASE, "v1", self.base, tags=("v2",)), 201)
        expect(self.client.put_manifest(BASE, "all", self.index), 201)

    # Looking

    def manifest(self, package, reference):
        """Its bytes, or None."""
        response = expect(self.reader.get_manifest(package, reference), 200, 404)
        return response.content if response.status_code == 200 else None

    def has_blob(self, package, data):
        response = expect(self.reader.get_blob(package, images.digest_of(data)), 200, 404)
        if response.status_code == 200 and response.content != data:
            raise Violation(f"{package}: {len(data)} bytes were pushed, others are there")
        return response.status_code == 200

    def check_base(self):
        for reference, document in (("v1", self.base), ("v2", self.base), ("all", self.index)):
            if self.manifest(BASE, reference) != document.body:
                raise Violation(f"{BASE}:{reference} is not what was acknowledged")
        for name, size in (("base small", SMALL), ("base large", LARGE)):
            if not self.has_blob(BASE, octets(name, size)):
                raise Violation(f"{BASE}: {name} is lost")

    def check_files(self):
        """No temporary bytes: each stage has a session, each file is a blob that can be read."""
        for path in self.files():
            folder, _, name = path.rpartition("/")
            if folder == "uploads" and not self.has_session(name):
                raise Violation(f"{path} is left")
            if folder.startswith("blobs/"):
                package, data = self.blobs.get(f"{folder.split('/')[1]}:{name}", (None, None))
                if package is None or not self.has_blob(package, data):
                    raise Violation(f"{path} is left")

    def has_session(self, name):
        location = self.session and self.session[0]
        return bool(location) and location.endswith(name) and self.session_offset() is not None

    def session_offset(self):
        """How many bytes the session has; None: there is none."""
        response = expect(self.client.get(self.session[0]), 204, 404)
        if response.status_code == 404:
            return None
        last = int(response.headers["Range"].split("-")[1])
        return last + 1 if last else 0

    def check_sound(self, *arguments):
        report = self.registry.fsck(*arguments)
        if report["problems"]:
            raise Violation(f"fsck: {report}")


class Operation:
    """settings are the server's; those of prepared_with hold while it is prepared."""

    settings = {}
    prepared_with = {}
    prepared_crash = False  # the server is killed after prepare(), not stopped
    can_repeat = True  # on one server, with another number
    varies = False  # not the same calls each time
    data = None  # the bytes it is about; (name, size) in the class

    def __init__(self, number=0):
        self.number = number
        self.package = f"alice/app{number}"
        if self.data:
            self.data = self.octets(*self.data)

    def octets(self, name, size):
        return octets(f"{name} {self.number}", size)

    def prepare(self, world):
        """What must be there before it."""

    def edit(self, world):
        """The same, with the server stopped."""

    def begin(self, world):
        """Start the server, and count from here."""
        world.start()
        world.control.arm(*world.plan)

    def ended(self, world, seconds):
        """The exit status of the process that was to die, or subprocess.TimeoutExpired."""
        return world.registry.process.wait(seconds)

    def act(self, world):
        """Do it; returns the last response, or a finished command."""
        raise NotImplementedError

    def wait(self, world):
        """Until the server has done what it does after the answer."""

    def present(self, world):
        """Whether its effect is there."""
        raise NotImplementedError

    def check_others(self, world):
        """What was there before it still is."""
        world.check_base()

    def again(self, world, present):
        """Do it once more."""
        done(self.act(world))

    @property
    def name(self):
        return type(self).__doc__


def done(result):
    """Whether the operation was acknowledged; raises when the answer is an error."""
    if hasattr(result, "status_code"):
        expect(result, 201, 202, 204)
    elif result.returncode != 0:
        raise Violation(f"{' '.join(map(str, result.args))}: {result.returncode} {result.stderr}")


class SmallBlob(Operation):
    """push of a small blob"""

    data = ("small", SMALL)

    def act(self, world):
        return world.push(self.package, self.data)

    def present(self, world):
        return world.has_blob(self.package, self.data)


class LargeBlob(SmallBlob):
    """push of a large blob in one request"""

    data = ("large", LARGE)


class SameBlob(SmallBlob):
    """push of a large blob that another package holds"""

    def __init__(self, number=0):
        super().__init__(number)
        self.data = octets("base large", LARGE)


class Chunks(SmallBlob):
    """push of a large blob in chunks"""

    data = ("chunks", LARGE)
    parts = (0, 70_000, LARGE)

    def act(self, world):
        world.session = None
        location = step(world.client.post(f"/v2/{self.package}/blobs/uploads/"), 202).headers["Location"]
        world.session = (location, 0)
        for first, end in zip(self.parts, self.parts[1:]):
            response = step(world.client.patch(location, data=self.data[first:end], headers=OCTETS), 202)
            location = response.headers["Location"]
            world.session = (location, end)
        return self.finish(world, location)

    def finish(self, world, location):
        return world.client.put(location, params={"digest": world.note(self.package, self.data)})

    def present(self, world):
        """The session goes on where it was, unless it has become the blob."""
        there = super().present(world)
        if world.session is None:
            return there
        offset = world.session_offset()
        if not there and offset in (None, 0) and world.sync_failed:
            world.session = None  # bytes that could not be synced count as lost
        elif (offset is None) != there:
            raise Violation(f"the blob is {'' if there else 'not '}there, the session has {offset} bytes")
        elif offset is not None and offset < world.session[1]:
            raise Violation(f"the session has {offset} bytes, {world.session[1]} were acknowledged")
        return there

    def again(self, world, present):
        if world.session is None or present:
            return super().again(world, present)
        location, offset = world.session[0], world.session_offset()
        while offset < len(self.data):
            headers = {**OCTETS, "Content-Range": f"{offset}-{len(self.data) - 1}"}
            expect(world.client.patch(location, data=self.data[offset:], headers=headers), 202, 409, 416)
            offset = world.session_offset()  # the request that failed may just have let go
        return done(self.finish(world, location))


class SmallChunks(Chunks):
    """push of a small blob in chunks"""

    data = ("small chunks", SMALL)
    parts = (0, 200, SMALL)


class Image(Operation):
    """push of a manifest with a new tag"""

    tag = "new"
    tags = ()
    before = None

    def prepare(self, world):
        layers = [self.octets("image small", SMALL), self.octets("image large", LARGE)]
        for layer in (images.EMPTY_JSON, *layers):
            expect(world.push(self.package, layer), 201)
        self.document = self.make(world, layers)

    def make(self, world, layers):
        return images.image(images.EMPTY_JSON, layers)

    def act(self, world):
        return world.client.put_manifest(self.package, self.tag, self.document, tags=self.tags)

    def present(self, world):
        """By digest and under each tag, or nothing of it."""
        found = [world.manifest(self.package, reference) for reference in (self.tag, *self.tags)]
        there = world.manifest(self.package, self.document.digest)
        listed = self.tag in world.client.tags(self.package)
        if (there, found, listed) == (self.document.body, [self.document.body] * len(found), True):
            return True
        if (there, found, listed) == (None, [self.before] * len(found), self.before is not None):
            return False
        raise Violation(f"half of a manifest: {there} by digest, {found} by tag, listed: {listed}")


class MovedTag(Image):
    """push of a manifest that moves a tag"""

    tag = "moved"

    def prepare(self, world):
        super().prepare(world)
        earlier = images.image(images.EMPTY_JSON, [self.octets("image small", SMALL)])
        expect(world.client.put_manifest(self.package, self.tag, earlier), 201)
        self.before = earlier.body


class Index(Image):
    """push of an index with three tags"""

    tags = ("second", "third")

    def make(self, world, layers):
        child = images.image(images.EMPTY_JSON, layers)
        expect(world.client.put_manifest(self.package, child.digest, child), 201)
        return images.index([child])


class Mount(Operation):
    """mount"""

    def act(self, world):
        digest = images.digest_of(octets("base large", LARGE))
        return step(world.client.post(f"/v2/{self.package}/blobs/uploads/", params={"mount": digest, "from": BASE}), 201)

    def present(self, world):
        return world.has_blob(self.package, octets("base large", LARGE))


class Deletion(Operation):
    """Is there once what it deletes is not."""

    def prepare(self, world):
        layers = [self.octets("deleted small", SMALL), self.octets("deleted large", LARGE)]
        for layer in (images.EMPTY_JSON, *layers):
            expect(world.push(self.package, layer), 201)
        self.document = images.image(images.EMPTY_JSON, layers)
        expect(world.client.put_manifest(self.package, "one", self.document, tags=("two",)), 201)

    def act(self, world):
        return world.client.delete(f"/v2/{self.package}/manifests/{self.reference}")

    @property
    def reference(self):
        return self.document.digest

    def again(self, world, present):
        result = self.act(world)
        expect(result, 404 if present else 202)


class DeletedTag(Deletion):
    """delete of a tag"""

    reference = "one"

    def present(self, world):
        if world.manifest(self.package, "two") != self.document.body:
            raise Violation("another tag was lost")
        return world.manifest(self.package, "one") is None


class DeletedManifest(Deletion):
    """delete of a manifest with two tags"""

    def present(self, world):
        found = [world.manifest(self.package, reference) for reference in (self.document.digest, "one", "two")]
        if found.count(None) not in (0, 3):
            raise Violation(f"half deleted: {found}")
        return found[0] is None


class DeletedBlob(Deletion):
    """delete of a blob"""

    data = ("lonely", LARGE)

    def prepare(self, world):
        expect(world.push(self.package, self.data), 201)

    def act(self, world):
        return world.client.delete(f"/v2/{self.package}/blobs/{images.digest_of(self.data)}")

    def present(self, world):
        return not world.has_blob(self.package, self.data)


class DeletedPackage(DeletedManifest):
    """delete of a package"""

    def act(self, world):
        return world.registry.run("package", "delete", self.package)

    def present(self, world):
        """Its manifests go one by one, then the package with its blobs."""
        manifest = super().present(world)
        listed = self.package in world.registry.packages()
        if (not manifest and not listed) or listed != world.has_blob(self.package, self.octets("deleted large", LARGE)):
            raise Violation("a package is half there")
        return not listed

    def again(self, world, present):
        result = self.act(world)
        if present:
            assert result.returncode == 1, result
        else:
            done(result)


class Cancelled(Operation):
    """cancel of an upload"""

    def prepare(self, world):
        location = expect(world.client.post(f"/v2/{self.package}/blobs/uploads/"), 202).headers["Location"]
        location = expect(world.client.patch(location, data=self.octets("cancelled", LARGE), headers=OCTETS),
                          202).headers["Location"]
        world.session = (location, LARGE)

    def act(self, world):
        return world.client.delete(world.session[0])

    def present(self, world):
        offset = world.session_offset()
        if offset not in (None, LARGE):
            raise Violation(f"the session has {offset} bytes")
        return offset is None

    def again(self, world, present):
        expect(self.act(world), 404 if present else 204)


class Collection(Operation):
    """Due to "gc --now" alone, which takes what an hour's grace would have kept."""

    can_repeat = False
    prepared_with = {GC_GRACE: "30m"}

    def prepare(self, world):
        expect(world.push(self.package, self.data), 201)

    def act(self, world):
        return world.registry.run("gc", "--now")

    def present(self, world):
        return not world.has_blob(self.package, self.data)


class CollectedInline(Collection):
    """collection of a small blob"""

    data = ("garbage small", SMALL)


class CollectedFile(Collection):
    """collection of a large blob"""

    data = ("garbage large", LARGE)


class CollectedUpload(Collection):
    """collection of an expired upload"""

    settings = prepared_with = {UPLOAD_TTL: "1h"}
    prepare = Cancelled.prepare
    present = Cancelled.present

    def edit(self, world):
        """Two hours pass."""
        with closing(sqlite3.connect(world.data / "staithe.db")) as database, database:
            database.execute("UPDATE upload SET expires = expires - 7200, created = created - 7200")
        for path in (world.data / "uploads").iterdir():
            os.utime(path, (path.stat().st_mtime - 7200,) * 2)


class CreatedUser(Operation):
    """user create"""

    @property
    def user(self):
        return f"bob{self.number}"

    def act(self, world):
        return world.registry.run("user", "create", self.user, "--no-password")

    def present(self, world):
        return self.user in world.registry.users()

    def again(self, world, present):
        result = self.act(world)
        if present:
            assert result.returncode == 1 and "taken" in result.stderr, result
        else:
            done(result)


class CreatedToken(Operation):
    """token create"""

    def act(self, world):
        result = world.registry.run("token", "create", "alice", "--name", f"extra{self.number}", "--scopes", "read:packages")
        world.secret = result.stdout.strip() if result.returncode == 0 else None
        return result

    def present(self, world):
        names = [token["name"] for token in world.registry.tokens("alice")]
        if world.secret is not None:
            expect(world.registry.basic("alice", world.secret).get("/v2/"), 200)
        return f"extra{self.number}" in names


OPERATIONS = (SmallBlob, LargeBlob, SameBlob, Chunks, SmallChunks, Image, MovedTag, Index, Mount, DeletedTag,
              DeletedManifest, DeletedBlob, DeletedPackage, Cancelled, CollectedInline, CollectedFile, CollectedUpload,
              CreatedUser, CreatedToken)
