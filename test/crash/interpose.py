"""The library of interpose.c from outside: what is to happen at which call, and what was called."""

import errno
import mmap
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import Registry
from harness.server import BINARY

LIBRARY = Path(BINARY).resolve().parent / "test" / "crash" / "libinterpose.so"

# enum kind
WRITE, CHANGE, SYNC, READ, OPEN, CLOSE, MEMORY = (1 << n for n in range(7))
POINTS = WRITE | CHANGE | SYNC  # after these the disk is another
DISK = POINTS | READ | OPEN | CLOSE

# enum action
FAIL, SHORT, TORN, DIE_BEFORE, DIE_INSIDE, DIE_AFTER = range(6)
ACTIONS = ("fails", "writes half", "writes half and fails", "dies before", "dies inside", "dies after")

HEAD = struct.Struct("<IIIIIiIII28x")  # struct control without its records
RECORD = struct.Struct("<IiI116s")
RECORDS = 4096
FOREVER = (1 << 32) - 1


@dataclass(frozen=True)
class Call:
    number: int  # 0: of a kind that was not counted
    result: int
    opening: int  # which open() made the descriptor
    what: str  # "pwrite staithe.db-wal"

    @property
    def kind(self):
        """Calls alike: of the same name, on the same file or in the same folder."""
        name, path = self.what.split(" ", 1)
        folder = path.rpartition("/")[0]
        return name, folder or path

    def __str__(self):
        said = self.result if self.result >= 0 else errno.errorcode.get(-self.result, self.result)
        return f"{self.number:4} {self.what} = {said}"


class Control:
    """The control file of the library, mapped."""

    def __init__(self, path, directory):
        self.path = Path(path)
        self.path.write_bytes(bytes(HEAD.size + RECORDS * RECORD.size))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "INTERPOSE_CONTROL": str(self.path),
                            "INTERPOSE_DIR": str(directory)}

    def arm(self, kinds, first=0, last=None, action=FAIL, error=0):
        """From now on count calls of these kinds; something happens at calls first to last."""
        self.disarm()
        HEAD.pack_into(self.map, 0, 0, action, kinds, first, first if last is None else last, error, 0, 0, 0)
        struct.pack_into("<I", self.map, 0, 1)

    def disarm(self):
        struct.pack_into("<I", self.map, 0, 0)

    @property
    def calls(self):
        return HEAD.unpack_from(self.map)[6]

    @property
    def hits(self):
        return HEAD.unpack_from(self.map)[7]

    def log(self):
        """Every call inside the directory since arm(), also of kinds that do not count."""
        made = min(HEAD.unpack_from(self.map)[8], RECORDS)
        records = (RECORD.unpack_from(self.map, HEAD.size + n * RECORD.size) for n in range(made))
        return [Call(number, result, opening, text.split(b"\0", 1)[0].decode(errors="replace"))
                for number, result, opening, text in records]

    def counted(self):
        return [call for call in self.log() if call.number]


class Interposed(Registry):
    """A server that runs with the library, as long as interposed is true; its command line does not."""

    def __init__(self, directory, settings=None):
        super().__init__(directory, settings)
        self.directory.mkdir(parents=True)
        self.control = Control(self.directory / "control", self.data.resolve())
        self.interposed = True

    def spawn(self, out, log, port=0):
        plain = self.env
        if self.interposed:
            self.env = {**plain, **self.control.environment}
        try:
            return super().spawn(out, log, port)
        finally:
            self.env = plain


def require_library():
    if not LIBRARY.exists():
        pytest.skip(f"{LIBRARY.name} is not built beside the program: a build with -Dtests=enabled and no sanitizer has it")


def imported(path):
    """What a program or library takes from the C library."""
    out = subprocess.run(["nm", "-D", "--undefined-only", str(path)], capture_output=True, text=True, check=True).stdout
    return {match[1] for match in re.finditer(r" U (\w+)@?\S*$", out, re.M)}


def exported(path):
    out = subprocess.run(["nm", "-D", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
    return {match[1] for match in re.finditer(r" T (\w+)", out)}
