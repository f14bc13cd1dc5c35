"""A client that writes without pause and remembers every acknowledgement."""

import random
import threading
import time

from harness import images
from link import OCTETS, Gone, Link, Refused, ask
from model import (ABSENT, CANCEL, FINISH, SURE_HEAD_S, SURE_S, SURE_SESSION_S, Board, Image, Session, Shelf,
                   Violation)

POOL = random.Random(0).randbytes(1 << 21)  # where blobs take their bytes from
SIZES = (0, 1, 700, 5_000, 30_000, 65_535, 65_536, 65_537, 66_000, 70_000, 90_000, 250_000)
IMAGES_MAX = 10
TRIES = 200


def fresh_bytes(chance, size):
    """Bytes that nobody has pushed before, if size allows."""
    at = chance.randrange(len(POOL) - size)
    return (chance.randbytes(12) + POOL[at:at + size])[:size]


def common_blobs(seed):
    """Blobs that all writers push, mount and delete: small ones and files."""
    chance = random.Random(f"{seed}/common")
    made = [fresh_bytes(chance, size) for size in (40, 3_000, 65_536, 65_537, 70_000, 120_000)]
    return {images.digest_of(data): data for data in made}


class Tally:
    """What all writers have done."""

    def __init__(self):
        self.lock = threading.Condition()
        self.acknowledged = 0
        self.excused = 0  # refusals that a slow machine explains
        self.failed = 0  # 5xx, where they are allowed
        self.collected = 0  # blobs
        self.cut = False  # the power is gone: what is answered now counts no more

    def acknowledge(self):
        with self.lock:
            self.acknowledged += 1
            self.lock.notify_all()

    def add(self, name, number=1):
        with self.lock:
            setattr(self, name, getattr(self, name) + number)
            self.lock.notify_all()


class Failed(Exception):
    """The server answered 5xx, and may: the request stays in doubt."""


class Refusal(Exception):
    """The server refused what it may refuse."""


class Writer:
    """One writer with a package of its own, one that it removes as a whole now and then, and one that all share.

    failures    answers of the server's failing that are allowed: the disk is full, or the power is cut
    images_max  images of a package beyond which it deletes rather than pushes
    """

    def __init__(self, owner, number, shared_board, common, seed, tally, failures=(), images_max=IMAGES_MAX):
        self.chance = random.Random(f"{seed}/{number}")
        self.number = number
        self.owner = owner
        self.common = common
        self.tally = tally
        self.failures = failures
        self.images_max = images_max
        tags = [f"t{n}" for n in range(4)]
        self.own = Shelf(f"{owner}/own{number}", Board(tags))
        self.volatile = Shelf(f"{owner}/volatile{number}", Board(tags))
        self.shared = Shelf(f"{owner}/shared", shared_board, shared=True)
        self.shelves = (self.own, self.volatile, self.shared)
        self.sessions = []
        self.cancelled = []  # locations, since the last check
        self.violation = None
        self.over = None
        self.link = None
        self.directory = None

    # Running

    def run(self, port, authorization, directory, over):
        """Write until the server is gone, or over is set."""
        self.link = Link(port, authorization)
        self.directory = directory
        self.over = over
        try:
            while not over.is_set():
                self.step()
        except Gone:
            pass
        except BaseException as violation:  # told by the round
            self.violation = violation
        finally:
            self.link.close()

    def step(self):
        shelf = self.chance.choices(self.shelves, (5, 2, 3))[0]
        if shelf.dropping:
            return  # in doubt until the next check
        full = len(shelf.images) > self.images_max
        steps = (self.push_image, self.move_tag, self.delete_manifest, self.delete_tag, self.push_index,
                 self.push_lone_blob, self.delete_blob, self.go_on_upload, self.cancel_upload, self.drop_package)
        weights = (1 if full else 8, 3, 8 if full else 1, 1, 1, 2, 2, 4, 1, 1)
        try:
            self.chance.choices(steps, weights)[0](shelf)
        except (Failed, Refusal):
            pass

    def expect(self, reply, *statuses, doubt=()):
        """Count an acknowledgement; a refusal is a violation unless it is among statuses.

        doubt  what to take back when the request was refused for certain
        """
        if reply.status in statuses:
            if self.tally.cut:
                raise Failed(str(reply))
            if reply.status < 300:
                self.tally.acknowledge()
            return reply
        if reply.status in self.failures:
            self.well_formed(reply)
            self.tally.add("failed")
            raise Failed(str(reply))
        for undo in doubt:
            undo()
        raise Violation(f"{reply}, expected {statuses}")

    def well_formed(self, reply):
        """An error of the server is an error of the specification's form."""
        if reply.request.startswith("HEAD"):
            return
        if " /api/" in reply.request:
            if not reply.body.startswith(b'{"message":"'):
                raise Violation(f"not an error that clients can read: {reply}")
            return
        if reply.headers.get("content-type") != "application/json" or not reply.body.startswith(b'{"errors":[{"code":"'):
            raise Violation(f"not an error that clients can read: {reply}")

    def excuse(self, what):
        self.tally.add("excused")
        raise Refusal(what)

    # Blobs

    def new_blob(self):
        if self.chance.random() < 0.25:
            return self.chance.choice(list(self.common.values()))
        return fresh_bytes(self.chance, self.chance.choice(SIZES))

    def push_blob(self, shelf, data):
        """In one of the ways there are; returns until when it is there for certain."""
        digest = images.digest_of(data)
        shelf.removed.pop(digest, None)
        started = time.monotonic()
        ways = [self.push_at_once, self.push_in_session, self.push_in_chunks]
        if digest in self.common:
            ways += [self.mount, self.mount_from_anywhere]
        self.chance.choice(ways)(shelf, digest, data)
        shelf.lease(digest, data, started + SURE_S)
        return started + SURE_S

    def push_at_once(self, shelf, digest, data):
        chunk = self.chance.choice((None, None, 20_000))
        self.expect(self.link.request("POST", f"/v2/{shelf.name}/blobs/uploads/?digest={digest}", data, OCTETS, chunk),
                    201)

    def begin(self, shelf, query=""):
        started = time.monotonic()
        reply = self.expect(self.link.request("POST", f"/v2/{shelf.name}/blobs/uploads/{query}"), 201, 202)
        return reply, started

    def in_session(self, reply, used):
        """Sessions end a short time after the last use."""
        if reply.status == 404 and time.monotonic() > used + SURE_SESSION_S:
            self.excuse(str(reply))
        return reply

    def push_in_session(self, shelf, digest, data):
        reply, used = self.begin(shelf)
        self.finish_session(reply.headers["location"], digest, data, used)

    def finish_session(self, location, digest, rest, used):
        chunk = self.chance.choice((None, None, 30_000))
        self.expect(self.in_session(
            self.link.request("PUT", f"{location}?digest={digest}", rest, OCTETS, chunk), used), 201)

    def push_in_chunks(self, shelf, digest, data):
        reply, used = self.begin(shelf)
        middle = self.chance.randrange(len(data) + 1)
        for chunk in (data[:middle], data[middle:]):
            started = time.monotonic()
            reply = self.expect(self.in_session(
                self.link.request("PATCH", reply.headers["location"], chunk, OCTETS), used), 202)
            used = started
        self.finish_session(reply.headers["location"], digest, b"", used)

    def mount(self, shelf, digest, data, from_any=False):
        source = f"{self.owner}/{self.chance.choice(('own', 'volatile'))}{self.chance.randrange(4)}"
        origin = "" if from_any else f"&from={source}"
        reply, used = self.begin(shelf, f"?mount={digest}{origin}")
        if reply.status == 202:  # nobody has it: send it
            self.finish_session(reply.headers["location"], digest, data, used)

    def mount_from_anywhere(self, shelf, digest, data):
        self.mount(shelf, digest, data, from_any=True)

    def push_lone_blob(self, shelf):
        self.push_blob(shelf, self.new_blob())

    def delete_blob(self, shelf):
        if shelf.shared or not shelf.blobs:
            return
        digest, lease = self.chance.choice(list(shelf.blobs.items()))
        del shelf.blobs[digest]
        reply = self.expect(self.link.request("DELETE", f"/v2/{shelf.name}/blobs/{digest}"), 202, 404, 409)
        used_by = shelf.used_by(digest)
        if reply.status == 409:
            if not used_by:
                raise Violation(f"{reply}, but no manifest uses it")
            shelf.blobs[digest] = lease
            return
        if reply.status == 404 and time.monotonic() < lease.until:
            raise Violation(f"{reply}, it was acknowledged")
        if any(image.digest in shelf.images for image in used_by):
            raise Violation(f"{reply}, a manifest uses it")
        shelf.removed[digest] = None

    # Manifests

    def have_blob(self, shelf, data):
        """As clients do it: ask, then push what is not there."""
        digest = images.digest_of(data)
        if self.chance.random() < 0.5:
            return self.push_blob(shelf, data)
        started = time.monotonic()
        head = self.expect(self.link.request("HEAD", f"/v2/{shelf.name}/blobs/{digest}"), 200, 404)
        if head.status == 404:
            lease = shelf.blobs.get(digest)
            if lease and time.monotonic() < lease.until or any(digest in image.blobs for image in shelf.images.values()):
                raise Violation(f"{head}, it was acknowledged")
            return self.push_blob(shelf, data)
        if digest in shelf.removed:
            raise Violation(f"{head}, its delete was acknowledged")
        return started + SURE_HEAD_S

    def push_image(self, shelf):
        layers = [self.new_blob() for _ in range(self.chance.randint(1, 2))]
        if shelf.images and self.chance.random() < 0.4:
            layers += list(self.chance.choice(list(shelf.images.values())).blobs.values())[-1:]
        config = images.encode({"architecture": "amd64", "os": "linux", "n": self.chance.randrange(1 << 60)})
        until = min([self.have_blob(shelf, blob) for blob in (config, *layers)])
        document = images.image(config, layers)
        self.put_new(shelf, Image(document, {images.digest_of(blob): blob for blob in (config, *layers)}), until)

    def push_index(self, shelf):
        whole = [image for image in shelf.images.values() if not image.children]
        if not whole:
            return
        children = self.chance.sample(whole, min(len(whole), 2))
        document = images.index([child.document for child in children],
                                annotations={"n": str(self.chance.randrange(1 << 60))})
        self.put_new(shelf, Image(document, {}, [child.digest for child in children]), None)

    def put_new(self, shelf, image, until):
        """A new manifest under a tag, or two, or by digest alone.  until: its blobs are there so long."""
        shelf.doubtful[image.digest] = image
        count = self.chance.choice((0, 1, 1, 1, 2))
        reply = self.put(shelf, image, self.chance.sample(list(shelf.board.tags), count), 201, 400)
        if reply.status == 400:
            del shelf.doubtful[image.digest]
            if until is None or time.monotonic() < until:
                raise Violation(f"{reply}, all its blobs were acknowledged")
            self.excuse(str(reply))
        shelf.added(image)

    def put(self, shelf, image, tags, *statuses):
        """PUT of a manifest under tags."""
        reference = tags[0] if tags else image.digest
        more = "".join(f"{'&' if n else '?'}tag={tag}" for n, tag in enumerate(tags[1:]))
        writes = [(tag, shelf.board.begin(tag, image.digest)) for tag in tags]
        reply = self.expect(
            self.link.request("PUT", f"/v2/{shelf.name}/manifests/{reference}{more}", image.document.body,
                              f"Content-Type: {image.document.media_type}\r\n"), *statuses)
        for tag, write in writes:
            if reply.status == 201:
                write.done()
            else:
                shelf.board.refused(tag, write)
        return reply

    def move_tag(self, shelf):
        """To an image that is there."""
        if shelf.images:
            image = self.chance.choice(list(shelf.images.values()))
            self.put(shelf, image, [self.chance.choice(list(shelf.board.tags))], 201)

    def delete_tag(self, shelf):
        tag = self.chance.choice(list(shelf.board.tags))
        write = shelf.board.begin(tag, ABSENT)
        reply = self.expect(self.link.request("DELETE", f"/v2/{shelf.name}/manifests/{tag}"), 202, 404)
        if reply.status == 202:
            write.done()
            return
        shelf.board.refused(tag, write)
        if not shelf.shared and ABSENT not in shelf.board.allowed(tag):
            raise Violation(f"{reply}, it was set")

    def delete_manifest(self, shelf):
        free = [image for image in shelf.images.values() if not shelf.is_child(image.digest)]
        if len(free) < 2:
            return
        self.delete_image(shelf, self.chance.choice(free))

    def delete_image(self, shelf, image):
        del shelf.images[image.digest]
        shelf.doubtful[image.digest] = image
        drop = shelf.board.begin_drop(image.digest)
        self.expect(self.link.request("DELETE", f"/v2/{shelf.name}/manifests/{image.digest}"), 202)
        drop.done()
        shelf.deleted(image)

    def drop_package(self, shelf):
        """Remove the volatile package with all that is in it."""
        if shelf is not self.volatile or self.chance.random() < 0.5:
            return
        writes = [(tag, shelf.board.begin(tag, ABSENT)) for tag in shelf.board.tags]
        shelf.dropping = True
        try:
            self.chance.choice((self.drop_by_command, self.drop_by_request))(shelf)
        except Refused as why:
            if self.failures:
                raise Failed(str(why)) from why
            for tag, write in writes:
                shelf.board.refused(tag, write)
            shelf.dropping = False
            if shelf.images:
                raise Violation(str(why)) from why
            return
        if self.tally.cut:
            raise Failed(shelf.name)
        for _, write in writes:
            write.done()
        shelf.dropping = False
        shelf.dropped()
        self.sessions = [session for session in self.sessions if session.shelf is not shelf]
        self.tally.acknowledge()

    def drop_by_command(self, shelf):
        ask(self.directory, "package.delete", name=shelf.name)

    def drop_by_request(self, shelf):
        name = shelf.name.partition("/")[2]
        reply = self.expect(self.link.request("DELETE", f"/api/v3/user/packages/container/{name}"), 204, 404)
        if reply.status == 404:  # there is none, or one without a manifest
            raise Refused(str(reply))

    # Sessions of several requests, which outlive crashes

    def go_on_upload(self, shelf):
        if len(self.sessions) < 2:
            data = fresh_bytes(self.chance, self.chance.choice((5_000, 65_536, 200_000, 600_000)))
            reply, started = self.begin(shelf)
            self.sessions.append(Session(shelf, reply.headers["location"], data, images.digest_of(data), used=started))
            return
        session = self.chance.choice(self.sessions)
        if session.doubtful:
            return  # until the next check
        if session.acknowledged == len(session.data):
            self.finish_upload(session)
        elif self.chance.random() < 0.2:
            self.break_off(session)
        else:
            self.send_chunk(session)

    def next_chunk(self, session):
        at = session.acknowledged
        return session.data[at:at + self.chance.randint(1, 150_000)]

    def lost(self, session, reply):
        """The session is not there: allowed when it was idle for long."""
        sure = session.sure()
        self.sessions.remove(session)
        if sure:
            raise Violation(f"{reply}, the session is {time.monotonic() - session.used:.2f} s old")
        self.excuse(str(reply))

    def send_chunk(self, session):
        chunk = self.next_chunk(session)
        at = session.acknowledged
        headers = f"{OCTETS}Content-Range: {at}-{at + len(chunk) - 1}\r\n"
        started = time.monotonic()
        session.doubtful = True
        reply = self.expect(self.link.request("PATCH", session.location, chunk, headers), 202, 404, 409, 416)
        if reply.status == 404:
            self.lost(session, reply)
        session.doubtful = False
        if reply.status in (409, 416):
            self.catch_up(session, reply)
            return
        session.acknowledged += len(chunk)
        session.used = started
        session.location = reply.headers["location"]

    def catch_up(self, session, reply):
        """A request that was broken off came to its turn only now, or the collector looks at an old session."""
        if not session.broken_off and session.sure():
            raise Violation(f"{reply}, nobody else writes there")
        if reply.status == 416:
            self.received(session, reply)

    def received(self, session, reply):
        """So much has come, of what was broken off too."""
        received = offset_of(reply, session.acknowledged)
        if not session.acknowledged <= received <= len(session.data):
            raise Violation(f"{reply}: at {received}, {session.acknowledged} were acknowledged")
        session.acknowledged = received

    def break_off(self, session):
        """Go away in the middle of a chunk, then ask where to go on."""
        chunk = self.next_chunk(session)
        if len(chunk) + session.acknowledged == len(session.data):
            return
        session.doubtful = True
        # With its place, as the server may come to it after later ones.
        at = session.acknowledged
        session.broken_off = True
        self.link.break_off("PATCH", session.location, chunk,
                            f"{OCTETS}Content-Range: {at}-{at + len(chunk)}\r\n")
        for _ in range(TRIES):
            if self.continue_at(session):
                session.doubtful = False
                return
            time.sleep(0.001)  # the server has not noticed yet
        raise Violation(f"{session.location}: still held by a request whose client went away")

    def continue_at(self, session):
        """Whether the session is free again; then session.acknowledged is true."""
        reply = self.expect(self.link.request("PATCH", session.location, b"", OCTETS), 202, 404, 409)
        if reply.status == 409:
            return False
        if reply.status == 404:
            self.lost(session, reply)
        self.received(session, reply)
        return True

    def finish_upload(self, session):
        session.doubtful, session.ending = True, FINISH
        session.shelf.removed.pop(session.digest, None)
        started = time.monotonic()
        reply = self.expect(
            self.link.request("PUT", f"{session.location}?digest={session.digest}", b"", OCTETS), 201, 404, 409)
        if reply.status == 404:
            self.lost(session, reply)
        if reply.status == 409:
            session.doubtful, session.ending = False, None
            self.catch_up(session, reply)
            return
        self.sessions.remove(session)
        session.shelf.lease(session.digest, session.data, started + SURE_S)

    def cancel_upload(self, _shelf):
        if not self.sessions:
            return
        session = self.chance.choice(self.sessions)
        if session.doubtful:
            return
        session.doubtful, session.ending = True, CANCEL
        reply = self.expect(self.link.request("DELETE", session.location), 204, 404, 409)
        if reply.status == 404:
            self.lost(session, reply)
        if reply.status == 409:
            session.doubtful, session.ending = False, None
            self.catch_up(session, reply)
            return
        self.sessions.remove(session)
        self.cancelled.append(session.location)

    # The end

    def remove_all(self, port, authorization):
        """Delete every manifest; what they used is collected then, and what they did not."""
        self.link = Link(port, authorization)
        for shelf in self.shelves:
            for image in sorted(shelf.images.values(), key=lambda image: not image.children):
                self.delete_image(shelf, image)
        self.link.close()


def offset_of(reply, known):
    """Where a session goes on, by its Range: "0-0" is nothing or one byte."""
    last = int(reply.headers["range"].split("-")[1])
    return last + 1 if last > 0 else min(known, 1)
