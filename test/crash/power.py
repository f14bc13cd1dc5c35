"""Power cuts: a file system on a loop device that is shut down under the running server.

The shutdown call of ext4 and xfs lets nothing more reach the device, not even
the log that is in memory; after a mount the file system is what a computer
without power would find.
"""

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
import time

from model import Violation
from rounds import Life

GOINGDOWN = 0x8004587D  # XFS_IOC_GOINGDOWN, which is EXT4_IOC_SHUTDOWN too
NO_LOG_FLUSH = 2
CLONE_NEWNS = 0x20000
IMAGE_BYTES = 400 << 20  # xfs wants 300 MiB; the file is sparse
UNMOUNT_TRIES = 500
AFTER_MAX_S = 0.02  # so long the server runs on a dead disk


def missing(kind):
    """Why power cannot be cut here, or None."""
    if os.geteuid() != 0:
        return "power cuts need root"
    for program in (f"mkfs.{kind}", "mount", "umount"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"power cuts need {program}"
    if not os.path.exists("/dev/loop-control"):
        return "power cuts need loop devices"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return None if done.returncode == 0 else "power cuts need a mount namespace of their own"


def own_mounts():
    """What this process mounts goes with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    run("mount", "--make-rprivate", "/")


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})


class Disk:
    """A small disk with a file system, mounted."""

    def __init__(self, directory, kind, size=IMAGE_BYTES):
        self.image = directory / "disk"
        self.mounted = directory / "mounted"
        self.mounted.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(size)
        run(f"mkfs.{kind}", "-q", str(self.image))
        own_mounts()
        self.mount()

    def mount(self):
        run("mount", "-o", "loop", str(self.image), str(self.mounted))

    def unmount(self):
        """Once nobody has anything open: the writers have yet to notice that the server is gone."""
        for left in reversed(range(UNMOUNT_TRIES)):
            try:
                run("umount", str(self.mounted))
                return
            except subprocess.CalledProcessError:
                if not left:
                    raise
            time.sleep(0.01)

    def cut(self):
        at = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(at, GOINGDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(at)


class PowerLife(Life):
    """A life on a disk of its own."""

    power = True
    full_every = 20
    kind = ""

    @property
    def data(self):
        return self.directory / "mounted" / "data"

    def prepare(self):
        self.disk = Disk(self.directory, self.kind)

    def crash(self, starting=False):
        """What was answered before the shutdown began counts.

        Not what is answered later: an fsync under way during the shutdown may
        return success although its bytes are not there after the next mount, on
        ext4 and xfs alike, as a program of ten lines shows.
        """
        self.tally.cut = True
        self.disk.cut()
        time.sleep(self.chance.uniform(0, AFTER_MAX_S))
        self.server.kill(may_have_ended=starting)
        self.disk.unmount()
        self.disk.mount()
        self.tally.cut = False

    def clean(self):
        try:
            self.disk.unmount()
        except subprocess.CalledProcessError as why:
            raise Violation(str(why)) from why


class Ext4(PowerLife):
    kind = "ext4"


class Xfs(PowerLife):
    kind = "xfs"
