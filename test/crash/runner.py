"""How tests call test/crash/run."""

import subprocess
from pathlib import Path

import pytest
from disks import missing

RUN = Path(__file__).resolve().parent / "run"


def need_disk(kind):
    """Skip, and say why, where a disk of that kind cannot be made."""
    if why := missing(kind):
        pytest.skip(why)


def crash_run(directory, *arguments):
    """Run it; what it prints, seed first, is shown when it fails, and the data directory stays."""
    done = subprocess.run([RUN, "--directory", directory, *arguments], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-4000:]
