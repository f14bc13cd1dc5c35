"""A short soak of everything at once; soak.py alone runs longer.

STAITHE_SOAK_SECONDS  how long (20)
"""

import os

import soak

SECONDS = float(os.environ.get("STAITHE_SOAK_SECONDS", "20"))
SEED = os.environ.get("STAITHE_SOAK_SEED") or os.urandom(4).hex()


def test_everything_at_once_breaks_no_image(tmp_path):
    """G8"""
    print(f"STAITHE_SOAK_SEED={SEED}")
    counts = soak.soak(tmp_path / "server", SECONDS, SEED)
    for client in ("pusher", "returner", "mounter", "deleter", "blobowner", "tagger", "leaver", "reader", "collector"):
        assert counts.get(client), f"no {client} got to do anything: {counts}"
    assert counts.get("gc blobs_removed"), f"nothing was collected: {counts}"
