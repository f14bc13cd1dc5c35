"""Lives on small disks: power cuts, and no space left.

The shutdown call of ext4 and xfs lets nothing more reach the device, not even
the log that is in memory; after a mount the file system is what a computer
without power would find.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import time

from model import Violation
from rounds import Life

GOINGDOWN = 0x8004587D  # XFS_IOC_GOINGDOWN, which is EXT4_IOC_SHUTDOWN too
NO_LOG_FLUSH = 2
CLONE_NEWNS = 0x20000
IMAGE_BYTES = 400 << 20  # xfs wants 300 MiB; the file is sparse
SMALL_BYTES = 40 << 20
UNMOUNT_TRIES = 500
AFTER_MAX_S = 0.02  # so long the server runs on a dead disk
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
NO_SPACE = 507
FAILED_MAX = 60  # requests that meet a full disk in one round
GOES_ON = 30  # acknowledgements once there is space again


def missing(kind):
    """Why there can be no disk of that kind here, or None."""
    if os.geteuid() != 0:
        return "mounting needs root"
    for program in ("mount", "umount") if kind == "tmpfs" else (f"mkfs.{kind}", "mount", "umount"):
        if not shutil.which(program, path=PATH):
            return f"there is no {program}"
    if kind != "tmpfs" and not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return None if done.returncode == 0 else "mounts of one's own are not allowed"


def own_mounts():
    """What this process mounts goes with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    run("mount", "--make-rprivate", "/")


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "PATH": PATH})


class Disk:
    """A disk with a file system, mounted."""

    def __init__(self, directory, kind, size):
        self.mounted = directory / "mounted"
        self.mounted.mkdir()
        own_mounts()
        if kind == "tmpfs":
            run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.mounted))
            return
        self.image = directory / "disk"
        with open(self.image, "wb") as image:
            image.truncate(size)
        run(f"mkfs.{kind}", "-q", str(self.image))
        self.mount()

    def mount(self):
        run("mount", "-o", "loop", str(self.image), str(self.mounted))

    def unmount(self):
        """Once nobody has anything open: the writers have yet to notice that the server is gone."""
        for left in reversed(range(UNMOUNT_TRIES)):
            try:
                run("umount", str(self.mounted))
                return
            except subprocess.CalledProcessError as why:
                if not left:
                    raise Violation(f"still in use: {self.mounted}") from why
            time.sleep(0.01)

    def cut(self):
        at = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(at, GOINGDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(at)

    def fill(self, left):
        """Take all space but so many bytes."""
        space = os.statvfs(self.mounted)
        take = max(0, space.f_bavail * space.f_frsize - left)
        with open(self.mounted / "ballast", "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(take, 1))

    def relieve(self):
        (self.mounted / "ballast").unlink()


class DiskLife(Life):
    """A life on a disk of its own."""

    kind = ""
    size = IMAGE_BYTES

    @property
    def data(self):
        return self.directory / "mounted" / "data"

    def prepare(self):
        self.disk = Disk(self.directory, self.kind, self.size)

    def clean(self):
        self.disk.unmount()


class PowerLife(DiskLife):
    """The disk is cut off at every point."""

    power = True
    failures = range(500, 600)
    full_every = 20

    def crash(self, starting=False):
        """What was answered before the shutdown began counts.

        Not what is answered later: an fsync under way during the shutdown may
        return success although its bytes are not there after the next mount, on
        ext4 and xfs alike, as a program of ten lines shows.
        """
        self.tally.cut = True
        self.disk.cut()
        time.sleep(self.chance.uniform(0, AFTER_MAX_S))
        # Its log's index lies in memory that the disk backs: reading it may be SIGBUS.
        self.server.kill(may_have_ended=starting or self.server.ended() == -signal.SIGBUS)
        self.disk.unmount()
        self.disk.mount()
        self.tally.cut = False


class Ext4(PowerLife):
    kind = "ext4"


class Xfs(PowerLife):
    kind = "xfs"


class FullLife(DiskLife):
    """At every point the disk has run full, and then there is space again; the server runs through it all."""

    crashes = False
    size = SMALL_BYTES
    images_max = 2
    full_every = 5

    def round(self):
        self.disk.fill(left=self.chance.randrange(2 << 20))
        self.may_fail((NO_SPACE,))
        failed = self.chance.randint(1, FAILED_MAX)
        self.write(lambda: self.after(failed, "failed"), lambda: None)
        self.points += 1
        self.rounds += 1
        self.check(everything=self.rounds % self.full_every == 0)
        self.disk.relieve()
        self.may_fail(())
        self.write(lambda: self.after(GOES_ON), lambda: None)
        self.check()

    def may_fail(self, failures):
        self.failures = failures
        for writer in self.writers:
            writer.failures = failures

    def finish(self):
        """With a restart, which ends the claims of pushes that failed."""
        self.crash()
        self.start()
        super().finish()


class FullExt4(FullLife):
    kind = "ext4"


class FullTmpfs(FullLife):
    kind = "tmpfs"
