"""Operations that are no request: a start, a stop, a checkpoint, a command without a server."""

import re
import signal
import time

from harness import images
from interpose import DIE_BEFORE, SYNC
from interpose_operations import LARGE, SMALL, Cancelled, CreatedUser, Ended, Operation, SmallBlob
from pushers import Violation, expect

SECONDS = 20
LIVE = 4  # syncs of a push: of the claim, of the file, of its directory, of the row that says it is live


class Started(Operation):
    """start after a crash"""

    # Left behind: a log that is not in the database yet, a session, a stage without
    # one, a file that no row calls live.
    prepared_crash = True
    data = ("claimed", LARGE)

    def prepare(self, world):
        Cancelled.prepare(self, world)
        (world.data / "uploads" / "00000000-0000-4000-8000-000000000000").write_bytes(b"lost")
        world.registry.kill()
        world.plan = (SYNC, LIVE, LIVE, DIE_BEFORE)
        super().begin(world)
        try:
            world.push(self.package, self.data)
        except OSError:
            pass
        world.registry.process.wait(SECONDS)
        if not world.registry.stored_file(images.digest_of(self.data)):
            raise Violation("there is nothing to recover")

    def begin(self, world):
        world.control.arm(*world.plan)

    def act(self, world):
        try:
            world.start()
        except AssertionError:
            if world.control.hits == 0:
                raise
            raise Ended from None

    def present(self, world):
        if world.session_offset() != LARGE:
            raise Violation("the session was lost")
        return not world.has_blob(self.package, self.data)

    def again(self, world, present):
        expect(world.push(self.package, self.data), 201)
        world.client.delete(f"/v2/{self.package}/blobs/{images.digest_of(self.data)}")


class FirstStarted(Started):
    """first start"""

    prepared_crash = False

    def prepare(self, world):
        """Nothing is there."""

    def begin(self, world):
        world.forget_everything()
        world.control.arm(*world.plan)

    def present(self, world):
        return "admin" in world.registry.users()

    def check_others(self, world):
        """There was nothing."""

    def again(self, world, present):
        world.registry.cli("user", "create", "carol", "--no-password")
        world.registry.basic("carol", world.registry.token("carol")).push_blob("carol/app", self.data)


class Stopped(SmallBlob):
    """stop"""

    data = ("before the stop", SMALL)

    def begin(self, world):
        world.start()
        expect(world.push(self.package, self.data), 201)
        world.control.arm(*world.plan)

    def act(self, world):
        world.registry.process.send_signal(signal.SIGTERM)
        world.registry.process.wait(SECONDS)
        return world.registry.process

    def present(self, world):
        """Acknowledged before, so there in any case."""
        if not super().present(world):
            raise Violation("lost by a stop")
        return True

    def again(self, world, present):
        world.registry.stop()
        world.start(interposed=False)


class Checkpointed(SmallBlob):
    """checkpoint between requests"""

    varies = True  # how many commits share a sync is not the same each time
    data = ("before the checkpoint", SMALL)
    near = 4 * 1024 * 1024 - 300_000

    def metric(self, world, name):
        text = world.client.get("/metrics").text
        return int(re.search(rf"^staithe_{name} (\d+)$", text, re.M)[1])

    def fill(self, world):
        """A change of many pages, which the next one uses again."""
        self.filled += 1
        document = images.index([], annotations={"org.example.fill": f"{self.filled:0100000}"})
        expect(world.client.put_manifest(self.package, document.digest, document), 201)
        expect(world.client.delete(f"/v2/{self.package}/manifests/{document.digest}"), 202)

    def begin(self, world):
        world.start()
        self.filled = 0
        expect(world.push(self.package, self.data), 201)
        while self.metric(world, "db_wal_bytes") < self.near:
            self.fill(world)
        self.checkpoints = self.metric(world, "db_checkpoints_total")
        world.control.arm(*world.plan)

    def act(self, world):
        deadline = time.monotonic() + SECONDS
        while self.metric(world, "db_checkpoints_total") == self.checkpoints:
            if time.monotonic() > deadline:
                raise Violation("no checkpoint")
            self.fill(world)

    def present(self, world):
        """Acknowledged before, so there in any case."""
        if not super().present(world):
            raise Violation("lost by a checkpoint")
        return True

    def again(self, world, present):
        expect(world.push(self.package, self.data), 201)


class CreatedUserAlone(CreatedUser):
    """user create without a server"""

    def begin(self, world):
        world.control.arm(*world.plan)

    def act(self, world):
        if world.registry.process is not None:
            return super().act(world)
        self.result = world.registry.plain("user", "create", self.user, "--no-password", "--data", str(world.data),
                                           env=world.control.environment)
        return self.result

    def ended(self, world, seconds):
        return self.result.returncode


LIFECYCLE = (Started, FirstStarted, Stopped, Checkpointed, CreatedUserAlone)
