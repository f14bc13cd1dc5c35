"""Rounds of writing, crashing and looking, on one data directory after another."""

import random
import shutil
import threading
import time
from pathlib import Path

from check import Checker
from link import Gone, Refused, ask
from model import Board, Violation
from server import OWNER, Server
from writer import IMAGES_MAX, Tally, Writer, common_blobs

WRITERS = 4
ACKNOWLEDGED_MAX = 40  # a crash comes after up to so many acknowledgements
PAUSE_MAX_S = 0.004  # and up to so much later
START_CRASHES = 0.1  # part of the starts that are crashed too
START_MAX_S = 0.03
STUCK_S = 60
FULL_EVERY = 100  # rounds
LIFE = 500  # rounds of a data directory
SETTLE_S = 20
DRAIN_S = 60


class Life:
    """One data directory from its first start until all in it was removed again.

    A subclass says what a crash is and where the directory lies.
    """

    power = False
    crashes = True
    failures = ()  # of requests, that are allowed
    images_max = IMAGES_MAX
    full_every = FULL_EVERY

    def __init__(self, directory, seed):
        self.directory = Path(directory)
        self.seed = seed
        self.chance = random.Random(f"{seed}/rounds")
        self.tally = Tally()
        self.rounds = 0
        self.points = 0
        board = Board(["s0", "s1", "s2"])
        common = common_blobs(seed)
        self.writers = [Writer(OWNER, number, board, common, seed, self.tally, self.failures, self.images_max)
                        for number in range(WRITERS)]
        self.directory.mkdir(parents=True)
        self.prepare()
        self.server = Server(self.data, self.directory / "log")

    # What kind of crash

    @property
    def data(self):
        return self.directory / "data"

    def prepare(self):
        """Make the place of the data directory."""

    def crash(self, starting=False):
        """kill -9."""
        self.server.kill()

    def clean(self):
        """Remove what prepare() made; called in every case."""

    # The life

    def begin(self):
        """The first start, and the user; already these survive a crash."""
        self.server.start()
        self.server.make_user()
        self.crash()
        self.start()

    def start(self):
        """Start again; now and then only to crash once more on the way."""
        while self.chance.random() < START_CRASHES:
            self.server.spawn()
            time.sleep(self.chance.uniform(0, START_MAX_S))
            self.crash(starting=True)
        self.server.start()

    def round(self):
        """Write, crash, start, look."""
        self.write(lambda: self.after(self.chance.randint(1, ACKNOWLEDGED_MAX)), self.crash)
        self.points += 1
        self.rounds += 1
        self.start()
        self.check(everything=self.rounds % self.full_every == 0)

    def after(self, number, what="acknowledged"):
        """Wait for so many acknowledgements and a little longer."""
        target = getattr(self.tally, what) + number
        with self.tally.lock:
            while (before := getattr(self.tally, what)) < target and not any(w.violation for w in self.writers):
                if not self.tally.lock.wait(STUCK_S) and getattr(self.tally, what) == before:
                    raise Violation(f"nothing more {what} for {STUCK_S} s")
        time.sleep(self.chance.uniform(0, PAUSE_MAX_S))

    def write(self, until, end):
        """Let all write until until() returns; end() makes it impossible, or the writers stop by themselves."""
        over = threading.Event()
        arguments = (self.server.port, self.server.authorization, self.data, over)
        threads = [threading.Thread(target=writer.run, args=arguments) for writer in self.writers]
        threads.append(threading.Thread(target=self.collect, args=(over, random.Random(self.chance.random()))))
        for thread in threads:
            thread.start()
        try:
            until()
            end()
        finally:
            over.set()
            for thread in threads:
                thread.join()
        for writer in self.writers:
            if writer.violation:
                raise writer.violation

    def collect(self, over, chance):
        """gc --now beside the writers."""
        try:
            while not over.wait(chance.uniform(0, 0.01)):
                try:
                    self.tally.add("collected", ask(self.data, "gc", now=True)["blobs_removed"])
                except Refused:
                    if not self.failures:
                        raise
        except Gone:
            pass

    # Looking

    def check(self, everything=False):
        self.temporary()
        checker = Checker(self.server.port, self.server.authorization, self.power)
        try:
            for writer in self.writers:
                checker.writer(writer, everything)
            boards = {shelf.name: shelf.board for writer in self.writers for shelf in writer.shelves}
            for name, board in boards.items():
                checker.board(name, board)
        except Gone as why:
            raise Violation(f"the server hung up: {why}") from why
        finally:
            checker.close()
        self.proof(content=everything)

    def proof(self, content):
        if problems := self.server.fsck(content):
            raise Violation(f"fsck: {problems}")

    def temporary(self):
        """No stage without its session, but for one that is just ending; after a start no claim of another process."""
        deadline = time.monotonic() + SETTLE_S
        while lost := self.server.stages() - {row[0] for row in self.server.rows("SELECT id FROM upload")}:
            if time.monotonic() > deadline:
                raise Violation(f"stages without a session: {lost}")
            time.sleep(0.01)
        claims = self.server.rows("SELECT hex(digest), state, claims FROM blob WHERE state = 1 OR claims > 0")
        if claims and self.crashes:
            raise Violation(f"claims of an earlier process: {claims}")

    def finish(self):
        """Write once more, remove everything, and wait until not a byte of it is left."""
        self.write(lambda: self.after(ACKNOWLEDGED_MAX), lambda: None)
        self.check(everything=True)
        for writer in self.writers:
            writer.remove_all(self.server.port, self.server.authorization)
        deadline = time.monotonic() + DRAIN_S
        while left := self.left():
            if time.monotonic() > deadline:
                raise Violation(f"left after everything was removed: {left}")
            ask(self.data, "gc", now=True)
            time.sleep(0.1)
        self.proof(content=True)
        self.server.stop()
        self.server.check_log()

    def left(self):
        """What should be gone in the end."""
        found = {"stages": sorted(self.server.stages()), "files": [path.name for path in self.server.files()]}
        for table in ("upload", "blob", "blob_data", "package_blob", "manifest", "manifest_data", "tag"):
            found[table] = self.server.rows(f"SELECT count(*) FROM {table}")[0][0]
        return {name: value for name, value in found.items() if value}


def live(make, directory, seed, points, report):
    """One life of so many points; returns its tally.  On a violation the directory stays."""
    life = make(Path(directory), seed)
    begun = time.monotonic()
    try:
        life.begin()
        while life.points < points:
            life.round()
        life.finish()
    except BaseException:
        life.server.process and life.server.process.kill()
        raise
    finally:
        life.clean()
    shutil.rmtree(directory)
    report(life, time.monotonic() - begun)
    return life.tally
