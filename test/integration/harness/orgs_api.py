"""The REST interface of organizations, teams, repositories and rights on packages: who calls, and what is refused.

    world = World(registry, document)
    said(world.boss.get(f"/api/v3/orgs/{world.org}/settings"), 200)
    world.complete("GET /orgs/{org}/settings", ...)  # every status that the document has for them was seen
"""

import json
import re
import uuid
from functools import cached_property

from . import openapi

ROOT = "/api/v3"
ALL = "read:packages,write:packages,delete:packages"
LONG = "a" * 5000
# What differs between answers to different requests, or is the same for all.
PASSING = {"date", "x-request-id", "x-github-request-id", "x-ratelimit-remaining", "x-ratelimit-used", "x-ratelimit-reset"}
# Names that are none, as they stand in a path; and what is no path with them.
MALFORMED = ("..%2F..", "%2F", "a%00b", "%FF", "a%5Cb", "a%3Bb")
TRICKS = ("a%2Fb", "a%20b", "%C3%A4", "a'b", "a%22b", "-", "+", "*", "%25", LONG)


def plain(message):
    """A message without the names and numbers in it."""
    message = re.sub(r"'[^']*'", "'X'", re.sub(r"\d+", "N", message))
    message = re.sub(r"(read|write|delete):packages", "S", message)
    message = re.sub(r'"\w+" (is not a permitted|wasn)', r'"F" \1', message)
    message = re.sub(r"For 'X', (an? )?\w+ is not an? [\w ]+", "For 'X', V", message)
    return re.sub(r"\b[a-z0-9N-]+(/[a-z0-9N-]+)+", "P", message)


def said(response, status):
    """Its status, and as an error one of the messages that the document shows for it."""
    request = response.request
    assert response.status_code == status, f"{request.method} {request.path_url}: {response.status_code} {response.text[:500]}"
    if status >= 400 and status != 413:
        document = said.document = getattr(said, "document", None) or openapi.load()
        operation = document.find(request.method, request.path_url)
        content = operation.responses[str(status)]["content"]["application/json"]
        examples = {plain(one["value"]["message"]) for one in content["examples"].values()}
        assert plain(response.json()["message"]) in examples, (operation.id, response.json()["message"], examples)
    return response


def alike(one, other):
    """Two answers that tell the same, in every byte and header."""
    def shown(response):
        return (response.status_code, response.content,
                {name.lower(): value for name, value in response.headers.items() if name.lower() not in PASSING})
    assert shown(one) == shown(other)


class World:
    """An organization with an owner and a member, and somebody who is in nothing; site administrators are everywhere."""

    def __init__(self, registry, document):
        self.registry, self.document, self.seen = registry, document, set()
        self.id = uuid.uuid4().hex[:8]
        self.org = f"acme-{self.id}"
        self.accounts = {name: registry.user(f"{name}-{self.id}") for name in ("boss", "mia", "erin")}
        registry.cli("org", "create", self.org, "--owner", self.name("boss"))
        registry.cli("org", "add", self.org, self.name("mia"))

    def name(self, who):
        return self.accounts[who].name

    def client(self, client):
        made = openapi.checked(client, self.document)
        made.seen = self.seen
        return made

    def by(self, account):
        """With the password."""
        return self.client(self.registry.basic(account.name, account.password))

    def token(self, who, scopes=ALL, **more):
        """With a token of these scopes."""
        return self.client(self.registry.bearer(self.registry.token(self.name(who), scopes, **more)))

    @cached_property
    def boss(self):
        return self.by(self.accounts["boss"])

    @cached_property
    def mia(self):
        return self.by(self.accounts["mia"])

    @cached_property
    def erin(self):
        return self.by(self.accounts["erin"])

    @cached_property
    def site(self):
        self.accounts["root"] = self.registry.user(f"root-{self.id}", admin=True)
        return self.by(self.accounts["root"])

    def at(self, end=""):
        return f"{ROOT}/orgs/{self.org}{end}"

    def cli(self, *words):
        return self.registry.cli_json(*words)

    def state(self):
        """All that the routes could change."""
        found = [self.cli("org", "list"), self.cli("org", "members", self.org), self.cli("team", "list", self.org),
                 self.cli("repository", "list"), self.cli("name", "list")]
        for team in self.cli("team", "list", self.org)["teams"]:
            found.append(self.cli("team", "members", team["name"]))
        for repository in self.cli("repository", "list")["repositories"]:
            if self.id in repository["name"]:
                found.append(self.cli("repository", "access", repository["name"]))
        for name, package in self.registry.packages().items():
            if self.id in name:
                found.append({key: value for key, value in package.items() if key not in ("updated", "pulls")})
                found.append(self.registry.run("access", "list", name, "--json").stdout)
        return found

    def unchanged(self, client, path):
        """The answer, which is not sent again to who has it."""
        first = said(client.get(path), 200)
        said(client.get(path, headers={"If-None-Match": first.headers["ETag"]}), 304)
        assert client.head(path).headers["ETag"] == first.headers["ETag"]
        return first

    def refusals(self, client, method, path, fields=None):
        """What every operation refuses; fields: those of its body, with a value that is right; nothing is changed by it."""
        before = self.state()
        nobody, wrong = self.client(self.registry.bare()), self.client(self.registry.bearer("stp_wrong"))
        body = {"json": fields} if fields is not None else {}
        said(nobody.request(method, path, **body), 401)
        said(wrong.request(method, path, **body), 401)
        said(client.request(method, path, headers={"Accept": "image/png"}, **body), 415)
        said(client.request(method, path, headers={"X-GitHub-Api-Version": "1999-01-01"}, **body), 400)
        if method == "DELETE":
            said(client.request(method, path, data="{}"), 422)
        if fields is not None:
            self.bad_bodies(client, method, path, fields)
        assert self.state() == before

    def bad_bodies(self, client, method, path, fields):
        typed = {"Content-Type": "application/json"}
        for raw in (b"{", b"\xff\xfe", b'{"a":"\\u0000"}', b"[" * 60_000, b'{"a":' * 10_000, b"nul"):
            said(client.request(method, path, data=raw, headers=typed), 400)
        for raw in (b"[]", b"7", b"null", b'"x"'):
            assert client.request(method, path, data=raw, headers=typed).status_code == 400
        good = json.dumps(fields).encode()
        said(client.request(method, path, data=good, headers={"Content-Type": "text/plain"}), 415)
        said(client.request(method, path, data=good, headers={"Content-Type": "application/x-www-form-urlencoded"}), 415)
        assert client.request(method, path, data=b" " * 70_000 + good, headers=typed).status_code == 413
        said(client.request(method, path, json={**fields, "more": 1}), 422)
        for name in fields:
            for value in (7, {}, [7], 1.5):
                said(client.request(method, path, json={**fields, name: value}), 422)

    def complete(self, *ends):
        """Every status that the document has for these operations was seen."""
        operations = [one for one in self.document.operations if f"{one.method} {one.path}" in ends]
        assert len(operations) == len(ends)
        declared = {(one.id, int(status)) for one in operations for status in one.responses if status != "default"}
        never = declared - self.seen
        assert not never, never
