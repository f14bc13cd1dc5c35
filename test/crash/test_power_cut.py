"""The power is cut under the server: what was answered before is on the disk."""

import os

import pytest
from runner import crash_run, need_disk

CUTS = int(os.environ.get("STAITHE_POWER_CUTS", "10"))


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_nothing_acknowledged_is_lost_by_a_power_cut(tmp_path, kind):
    """I1 to I7: bytes, names of files and directories, rows."""
    need_disk(kind)
    crash_run(tmp_path, "--points", str(CUTS), "--cut", kind)
