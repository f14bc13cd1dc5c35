"""After a crash: all that was acknowledged is there, all that was deleted is gone, nothing is half."""

import time

from harness import images
from link import OCTETS, Link
from model import ABSENT, FINISH, Violation
from writer import offset_of

GONE_MAX = 200  # deletes that are looked at again in a full check


class Checker:
    """Looks at what the writers know.

    power  the power was cut: uploads may have lost bytes that were never synced
    """

    def __init__(self, port, authorization, power=False):
        self.link = Link(port, authorization)
        self.power = power

    def close(self):
        self.link.close()

    def get(self, target, *statuses, method="GET"):
        reply = self.link.request(method, target)
        if reply.status not in statuses:
            raise Violation(f"{reply}, expected {statuses}")
        return reply

    def head(self, target, *statuses):
        return self.get(target, *statuses, method="HEAD")

    def writer(self, writer, everything=False):
        """All of one writer since the last check, or all that it knows."""
        for shelf in writer.shelves:
            self.dropping(shelf)
            self.doubts(shelf)
            self.images(shelf, everything)
            self.blobs(shelf)
            self.gone(shelf, everything)
        for location in writer.cancelled:
            self.get(location, 404)
        writer.cancelled.clear()
        for session in list(writer.sessions):
            if not self.session(session):
                writer.sessions.remove(session)

    # What is there

    def blob(self, shelf, digest, data):
        reply = self.get(f"/v2/{shelf.name}/blobs/{digest}", 200)
        if reply.body != data:
            raise Violation(f"{reply.request}: other bytes")

    def image(self, shelf, image):
        reply = self.get(f"/v2/{shelf.name}/manifests/{image.digest}", 200)
        if reply.body != image.document.body or reply.headers["content-type"] != image.document.media_type:
            raise Violation(f"{reply.request}: other bytes")
        for digest, data in image.blobs.items():
            self.blob(shelf, digest, data)

    def images(self, shelf, everything):
        for digest in list(shelf.images) if everything else shelf.fresh:
            self.image(shelf, shelf.images[digest])
        shelf.fresh.clear()

    def blobs(self, shelf):
        """Those without a manifest are there as long as their lease runs."""
        for digest, lease in list(shelf.blobs.items()):
            reply = self.get(f"/v2/{shelf.name}/blobs/{digest}", 200, 404)
            if reply.status == 200 and reply.body != lease.data:
                raise Violation(f"{reply.request}: other bytes")
            if reply.status == 404 and time.monotonic() < lease.until:
                raise Violation(f"{reply}, it was acknowledged")
            if reply.status == 404 or time.monotonic() >= lease.until:
                del shelf.blobs[digest]

    # What is not

    def gone(self, shelf, everything):
        for digest in list(shelf.gone)[-GONE_MAX:] if everything else shelf.just_gone:
            self.head(f"/v2/{shelf.name}/manifests/{digest}", 404)
        shelf.just_gone.clear()
        for digest in list(shelf.removed)[-GONE_MAX:]:
            self.head(f"/v2/{shelf.name}/blobs/{digest}", 404)
        if len(shelf.removed) > GONE_MAX:
            shelf.removed = dict.fromkeys(list(shelf.removed)[-GONE_MAX:])

    # What was on its way

    def doubts(self, shelf):
        """A put or a delete happened, or did not."""
        for digest, image in list(shelf.doubtful.items()):
            if self.head(f"/v2/{shelf.name}/manifests/{digest}", 200, 404).status == 200:
                self.image(shelf, image)
                shelf.added(image)
            else:
                shelf.deleted(image)

    def dropping(self, shelf):
        """A package goes manifest by manifest, and in the end with all its blobs."""
        if shelf.dropping:
            shelf.dropping = False
            shelf.doubtful.update(shelf.images)
            shelf.images.clear()
            shelf.fresh.clear()
            shelf.blobs.clear()

    def board(self, name, board):
        """Each tag has a value that some order of the requests explains, and the list agrees."""
        reply = self.get(f"/v2/{name}/tags/list", 200, 404)
        listed = set(images.json.loads(reply.body)["tags"] or []) if reply.status == 200 else set()
        for tag in board.tags:
            head = self.head(f"/v2/{name}/manifests/{tag}", 200, 404)
            now = head.headers["docker-content-digest"] if head.status == 200 else ABSENT
            allowed = board.allowed(tag)
            if now not in allowed:
                raise Violation(f"{name}:{tag} is {now}, must be one of {allowed}")
            if (tag in listed) != (now is not ABSENT):
                raise Violation(f"{name}:{tag} is {now}, but the list says {sorted(listed)}")
            board.settle(tag, now)
        board.settle_drops()

    def session(self, session):
        """Whether the upload goes on."""
        reply = self.get(session.location, 204, 404)
        if reply.status == 404:
            if session.sure() and not session.ending:
                raise Violation(f"{reply}, the session is {time.monotonic() - session.used:.2f} s old")
            if session.sure() and session.ending == FINISH:
                self.blob(session.shelf, session.digest, session.data)
            return False
        received = offset_of(reply, session.acknowledged)
        if received < session.acknowledged and not self.power:
            raise Violation(f"{reply}: at {received}, {session.acknowledged} were acknowledged")
        if received > len(session.data):
            raise Violation(f"{reply}: at {received}, only {len(session.data)} were sent")
        session.acknowledged = received
        session.doubtful, session.ending = False, None
        return not self.power or self.finish(session)

    def finish(self, session):
        """After a power cut: what has survived is a beginning of the bytes, or the digest tells."""
        rest = session.data[session.acknowledged:]
        reply = self.link.request("PUT", f"{session.location}?digest={session.digest}", rest, OCTETS)
        if reply.status == 201:
            self.blob(session.shelf, session.digest, session.data)
        elif reply.status not in (400, 404):
            raise Violation(str(reply))
        return False
