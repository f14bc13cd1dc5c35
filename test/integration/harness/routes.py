"""The routes of the server, as its table has them."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def routes():
    """Method, path and label of each."""
    spec = importlib.util.spec_from_file_location("api_routes", ROOT / "tools/api_routes.py")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    return [(one.method, one.path, one.label) for one in table.routes((ROOT / "src/api/routes.c").read_text())]
