"""An owner with packages and everybody who may call, and what each route of the REST interface is asked.

The tests of a route ask it as each kind of caller, in each form of its path, with answers checked against the OpenAPI
document, until each status that the document has was seen (complete()).
"""

import os
import re
import uuid

from . import openapi
from .issuer import AUDIENCE

MINT = "/api/v3/registry/workflow-token"
FOR_CALLERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Used", "X-RateLimit-Reset", "X-RateLimit-Resource",
               "X-OAuth-Scopes")
# Ways to name the owner of a package, all by the same functions: sanitizers ask in one of them alone.
FORMS = [form for form in ("orgs", "user", "users", "users of an organization")
         if form == os.environ.get("STAITHE_TEST_FORM", form)]
READ, WRITE, DELETE = "read:packages", "write:packages", "delete:packages"


class World:
    """An owner with packages, and everybody who may call, for one form of the routes."""

    def __init__(self, registry, issuer, form):
        self.registry, self.issuer, self.document, self.seen = registry, issuer, openapi.load(), set()
        self.boss, self.reader = (registry.user(f"{word}-{uuid.uuid4().hex[:8]}") for word in ("boss", "reader"))
        self.name = self.boss.name
        if form in ("orgs", "users of an organization"):
            self.name = f"acme-{uuid.uuid4().hex[:8]}"
            registry.cli("org", "create", self.name, "--owner", self.boss.name)
        self.kind = {"orgs": "orgs/{org}", "user": "user"}.get(form, "users/{username}")
        self.root = "/api/v3/" + self.kind.replace("{org}", self.name).replace("{username}", self.name)
        self.push = registry.client(self.boss)
        self.someone = registry.bearer(self.boss.token)

    def client(self, client):
        made = openapi.checked(client, self.document)
        made.seen = self.seen
        return made

    def able(self, *scopes):
        """The boss, with a token of these scopes."""
        return self.client(self.registry.bearer(self.registry.token(self.boss.name, scopes=",".join(scopes))))

    @property
    def all(self):
        return self.client(self.someone)

    def workflow(self):
        """The token of its issuer that a job of a repository of the owner has."""
        if "ci" not in self.registry.cli("issuer", "list"):
            self.registry.cli("issuer", "add", "ci", "--url", self.issuer.url, "--audience", AUDIENCE, "--claims",
                              "repository=repository,ref=ref,event=event_name,environment=environment")
        self.registry.cli("issuer", "allow", "ci", "--when", f"repository={self.name}/*", "--role", "write")
        return self.issuer.token(repository=f"{self.name}/app")

    def job(self):
        """That job, with a token of the registry."""
        answer = self.registry.bare().post(MINT, json={"token": self.workflow()})
        return self.client(self.registry.bearer(said(answer, 201).json()["token"]))

    def package(self, name):
        return f"{self.name}/{name}"

    def path(self, name, rest=""):
        return f"{self.root}/packages/container/{name.replace('/', '%2F')}{rest}"

    def ids(self, name, state="active"):
        """The ids of the package's versions by digest."""
        rows = said(self.all.get(self.path(name, f"/versions?state={state}&per_page=100")), 200).json()
        return {row["name"]: row["id"] for row in rows}

    def is_user(self):
        return self.kind == "user"


def plain(message):
    """A message without what differs from case to case."""
    for varying, word in ((r"sha256:[0-9a-f.]+|(read|write|delete):packages", "X"), (r"\d+", "N"), (r" header: '[^']*'", " header: X"),
                          (r"For 'properties/\w+', .* is not .*", "For X"), (r'"[^"]*" (is not a permitted key|wasn)', r"X \1")):
        message = re.sub(varying, word, message)
    return message


def said(response, status):
    """Its status, and as an error one of the messages that the document shows for it."""
    assert response.status_code == status, f"{response.request.method} {response.request.path_url}: {response.text[:500]}"
    if status >= 400:
        document = openapi.load()
        operation = document.find(response.request.method, response.request.path_url)
        content = operation.responses[str(status)]["content"]["application/json"]
        examples = {plain(one["value"]["message"]) for one in content["examples"].values()}
        assert plain(response.json()["message"]) in examples, (operation.id, response.json()["message"])
        assert response.json()["documentation_url"].endswith("/api/v3/openapi.json")
    return response


def refusals(world, method, path, scope=None, body=None):
    """What every operation that needs a credential refuses: scope is one that it does not ask for, body a good one."""
    body = {} if body is None else {"json": body}
    nobody, wrong = world.client(world.registry.bare()), world.client(world.registry.bearer("stp_wrong"))
    said(nobody.request(method, path, **body), 401)
    said(wrong.request(method, path, **body), 401)
    said(world.all.request(method, path, headers={"Accept": "image/png"}, **body), 415)
    said(world.all.request(method, path, headers={"X-GitHub-Api-Version": "1999-01-01"}, **body), 400)
    if scope:
        said(world.able(scope).request(method, path, **body), 403)


def unchanged(world, path):
    """The answer, which is not sent again to who has it."""
    first = said(world.all.get(path), 200)
    assert {name.lower() for name in FOR_CALLERS} <= {name.lower() for name in first.headers}
    said(world.all.get(path, headers={"If-None-Match": first.headers["ETag"]}), 304)
    assert world.all.head(path).headers["ETag"] == first.headers["ETag"]
    said(world.all.get(path, headers={"Range": "bytes=0-1"}), 200)
    return first


def complete(world, *ends):
    """Every status that the document has for these operations of the form was seen."""
    operations = [one for one in world.document.operations if any(re.fullmatch(end, f"{one.method} {one.path}") for end in ends)]
    assert len(operations) == len(ends)
    declared = {(one.id, int(status)) for one in operations for status in one.responses if status != "default"}
    assert declared - world.seen == set()


def route(world, method, rest):
    return re.escape(f"{method} /{world.kind}{rest}")
