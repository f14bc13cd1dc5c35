"""The rows of src/api/routes.c, for lints and tests.

    { STA_GET, "/v2/{name}/tags/list", "tags", ...
    OF_PACKAGE(STA_GET, "/tags", "package_tags", ...

The second form is three routes, one for each way to name a package's owner.
"""
import re
from typing import NamedTuple

PLAIN = re.compile(r'\{\s*STA_([A-Z]+),\s*"(/[^"]*)",\s*"(\w+)"')
OF_PACKAGE = re.compile(r'\bOF_PACKAGE\(\s*STA_([A-Z]+),\s*"(/[^"]*|)",\s*"(\w+)"')
ROW = re.compile(r"^\s*(\{\s*STA_[A-Z]+,|OF_PACKAGE\()", re.M)
OWNERS = ("/users/{username}", "/orgs/{org}", "/user")
PACKAGE = "/packages/{package_type}/{package_name}"


class Route(NamedTuple):
    method: str
    path: str
    label: str
    at: int  # where the row begins in the text
    alike: str  # the same for packages of an organization or of the caller; else the path


def routes(text):
    """Every route of that text."""
    found = [Route(m[1], m[2], m[3], m.start(), m[2]) for m in PLAIN.finditer(text)]
    for m in OF_PACKAGE.finditer(text):
        for owner in OWNERS:
            path = "/api/v3" + owner + PACKAGE + m[2]
            found.append(Route(m[1], path, m[3], m.start(), path.replace(owner, OWNERS[0], 1)))
    return sorted(found, key=lambda route: route.at)


def unread_rows(text):
    """Where rows begin that routes() does not find."""
    known = {route.at for route in routes(text)}
    for row in ROW.finditer(text):
        at = row.start(1)
        if at not in known:
            yield at
