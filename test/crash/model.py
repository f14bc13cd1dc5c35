"""What the registry must hold after a crash, by the requests that were sent and the answers that came.

A request has a start and, once its answer came, an end.  Without an end it is
in doubt: it happened or it did not, but it did not happen by half.
"""

import time
from dataclasses import dataclass

from pushers import Violation  # noqa: F401 (of all who check)

ABSENT = None  # what a tag that is not there points to
NEVER = float("inf")
FINISH, CANCEL = "finish", "cancel"

# Leases and sessions end on whole seconds, hence one less; the rest is for slow clocks.
GRACE_S = 4
SURE_S = GRACE_S - 1.2  # so long a blob without manifest is there after its push or mount
SURE_HEAD_S = GRACE_S / 2 - 1.2  # HEAD renews a lease once half of it is over
UPLOAD_TTL_S = 3
SURE_SESSION_S = UPLOAD_TTL_S - 1.2


class Image:
    """A manifest or index that was sent."""

    def __init__(self, document, blobs, children=()):
        self.document = document
        self.digest = document.digest
        self.blobs = blobs  # digest -> bytes
        self.children = children  # digests


class Write:
    """A request that gives a tag a value."""

    __slots__ = ("value", "start", "end")

    def __init__(self, value, start=None, end=NEVER):
        self.value = value
        self.start = time.monotonic_ns() if start is None else start
        self.end = end

    def done(self):
        self.end = time.monotonic_ns()

    @property
    def acknowledged(self):
        return self.end != NEVER


class Board:
    """The tags of one package, whoever writes them."""

    def __init__(self, names):
        self.tags = {name: [Write(ABSENT, 0, 0)] for name in names}
        self.drops = []  # deletes of manifests: Write of their digest

    def begin(self, tag, value):
        write = Write(value)
        self.tags[tag].append(write)
        return write

    def refused(self, tag, write):
        self.tags[tag].remove(write)

    def begin_drop(self, digest):
        drop = Write(digest)
        self.drops.append(drop)
        return drop

    def allowed(self, tag):
        """The values that some order of the requests could have left."""
        writes = self.tags[tag]
        latest = max(write.start for write in writes if write.acknowledged)
        allowed = set()
        for write in writes:
            if write.end < latest:
                continue  # one that began later was acknowledged
            allowed.add(write.value)
            for drop in self.drops:
                if drop.value != write.value:
                    continue
                if drop.end >= latest:
                    allowed.add(ABSENT)
                if drop.acknowledged and drop.start > write.end:
                    allowed.discard(write.value)
        return allowed

    def settle(self, tag, value):
        """This is how it came out."""
        self.tags[tag] = [Write(value, 0, 0)]

    def settle_drops(self):
        self.drops.clear()


@dataclass
class Lease:
    """A blob that was acknowledged; until then it is there though no manifest may use it."""

    data: bytes
    until: float


@dataclass
class Session:
    """An upload that spans several requests."""

    shelf: "Shelf"
    location: str
    data: bytes
    digest: str
    acknowledged: int = 0
    used: float = 0
    doubtful: bool = False  # a request was on its way
    broken_off: bool = False  # the client went away in the middle of a request once
    ending: str | None = None  # and would end it: FINISH, CANCEL

    def sure(self):
        return time.monotonic() < self.used + SURE_SESSION_S


class Shelf:
    """One package as one writer knows it: nobody else pushes or deletes what it lists."""

    def __init__(self, name, board, shared=False):
        self.name = name
        self.board = board
        self.shared = shared
        self.images = {}  # digest -> Image: acknowledged
        self.gone = {}  # digest -> Image: acknowledged as deleted
        self.doubtful = {}  # digest -> Image: a put or delete was on its way
        self.fresh = set()  # of images, not yet looked at
        self.just_gone = set()  # of gone, not yet looked at
        self.blobs = {}  # digest -> Lease
        self.removed = {}  # digests taken out of the package, and not pushed since
        self.dropping = False  # the removal of the whole package was on its way

    def added(self, image):
        self.doubtful.pop(image.digest, None)
        self.images[image.digest] = image
        self.fresh.add(image.digest)
        for digest in image.blobs:
            self.removed.pop(digest, None)

    def deleted(self, image):
        self.doubtful.pop(image.digest, None)
        self.images.pop(image.digest, None)
        self.fresh.discard(image.digest)
        self.gone[image.digest] = image
        self.just_gone.add(image.digest)

    def dropped(self):
        """The whole package is gone."""
        for image in [*self.images.values(), *self.doubtful.values()]:
            self.deleted(image)
            self.removed.update(dict.fromkeys(image.blobs))
        self.removed.update(dict.fromkeys(self.blobs))
        self.blobs.clear()

    def lease(self, digest, data, until):
        self.removed.pop(digest, None)
        self.blobs[digest] = Lease(data, until)

    def used_by(self, digest):
        """The images that use a blob, those in doubt too."""
        return [image for image in [*self.images.values(), *self.doubtful.values()] if digest in image.blobs]

    def is_child(self, digest):
        return any(digest in image.children for image in [*self.images.values(), *self.doubtful.values()])
