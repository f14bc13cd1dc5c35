"""Who may do what: the table of docs/ACCESS.md against the server, for every combination.

Callers, their credentials, packages and routes are combined; what each combination has to answer is
worked out from the rows of the table, in their order, by the conditions below.  A row without a
condition, a condition without a row, and a route without a request fail.
"""

import base64
import json
import re
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.issuer import AUDIENCE, Issuer
from harness.parallel import at_once
from harness.routes import routes
from harness.server import Account, basic_header

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (allowed|denied): `(\w+)` \|$|^\| (\d+) \| (otherwise) \| (denied): `(role)` \|$", re.M)

READ, WRITE, DELETE, ADMIN = "read", "write", "delete", "admin"
LEAST = {READ: 1, WRITE: 2, DELETE: 3, ADMIN: 3}
SCOPES = {READ: {"read", "write"}, WRITE: {"write"}, DELETE: {"delete"}, ADMIN: {"write"}}
PULL = {READ: "pull", WRITE: "push", DELETE: "delete", ADMIN: None}  # in bearer tokens, none of which is for all
ROLES = {"read": 1, "write": 2, "admin": 3}

HERE, ELSEWHERE = "127.0.0.0/8,2001:db8::/32", "192.0.2.0/24,198.51.100.7"
# What tokens are confined to; every second one is shown as a bearer token made from it.
BOUNDS = [(("acme/*",), ""), (("acme/*",), ""), (("acme/pr*", "alice/*t"), HERE), (("nobody/*", "shut/*"), HERE),
          ((), HERE), ((), ELSEWHERE), ((), ELSEWHERE), (("*/*",), ELSEWHERE)]

ROLE_NAMES = {0: "none", **{number: role for role, number in ROLES.items()}}

UUID = "00000000-0000-4000-8000-000000000000"
NOWHERE = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Probe:
    """A request that changes nothing, also where it is allowed."""

    action: str
    method: str
    path: str
    allowed: tuple  # what it answers then
    body: bytes = b""
    absent: int = 404  # when it is allowed, and there is no such package


# Each route of src/api/routes.c on packages.
PROBES = {
    ("GET", "/v2/{name}/tags/list"): [Probe(READ, "GET", "tags/list", (200,))],
    ("GET", "/v2/{name}/referrers/{digest}"): [
        Probe(READ, "GET", f"referrers/{NOWHERE}", (200,), absent=200)],
    ("GET", "/v2/{name}/manifests/{reference}"): [
        Probe(READ, "GET", "manifests/v1", (200,)), Probe(READ, "HEAD", "manifests/v1", (200,)),
        Probe(READ, "GET", f"manifests/{NOWHERE}", (404,))],
    ("PUT", "/v2/{name}/manifests/{reference}"): [Probe(WRITE, "PUT", "manifests/new", (400,), b"{}")],
    ("DELETE", "/v2/{name}/manifests/{reference}"): [
        Probe(DELETE, "DELETE", f"manifests/{NOWHERE}", (404,)), Probe(DELETE, "DELETE", "manifests/none", (404,))],
    ("GET", "/v2/{name}/blobs/{digest}"): [
        Probe(READ, "GET", f"blobs/{NOWHERE}", (404,)), Probe(READ, "HEAD", f"blobs/{NOWHERE}", (404,))],
    ("DELETE", "/v2/{name}/blobs/{digest}"): [Probe(DELETE, "DELETE", f"blobs/{NOWHERE}", (404,))],
    ("POST", "/v2/{name}/blobs/uploads"): [Probe(WRITE, "POST", f"blobs/uploads?digest={NOWHERE}", (400,), b"x")],
    ("POST", "/v2/{name}/blobs/uploads/"): [Probe(WRITE, "POST", f"blobs/uploads/?digest={NOWHERE}", (400,), b"x")],
    ("GET", "/v2/{name}/blobs/uploads/{id}"): [Probe(WRITE, "GET", f"blobs/uploads/{UUID}", (404,))],
    ("PATCH", "/v2/{name}/blobs/uploads/{id}"): [Probe(WRITE, "PATCH", f"blobs/uploads/{UUID}", (404,), b"x")],
    ("PUT", "/v2/{name}/blobs/uploads/{id}"): [
        Probe(WRITE, "PUT", f"blobs/uploads/{UUID}?digest={NOWHERE}", (404,), b"x")],
    ("DELETE", "/v2/{name}/blobs/uploads/{id}"): [Probe(WRITE, "DELETE", f"blobs/uploads/{UUID}", (404,))],
}
# The same of the packages API, whose answers are put otherwise.
REST = "/api/v3/users/{username}/packages/{package_type}/{package_name}"
REST_PROBES = {
    ("GET", REST): [Probe(READ, "GET", "", (200,))],
    ("GET", f"{REST}/versions"): [Probe(READ, "GET", "/versions?per_page=1", (200,)),
                                  Probe(DELETE, "GET", "/versions?state=deleted", (200,))],
    ("GET", f"{REST}/versions/{{package_version_id}}"): [Probe(READ, "GET", "/versions/4294967295", (404,))],
    ("DELETE", f"{REST}/versions/{{package_version_id}}"): [Probe(DELETE, "DELETE", "/versions/4294967295", (404,))],
    ("GET", f"{REST}/tags"): [Probe(READ, "GET", "/tags?per_page=1", (200,))],
    ("GET", f"{REST}/tags/{{tag}}"): [Probe(READ, "GET", "/tags/none", (404,))],
    ("PUT", f"{REST}/tags/{{tag}}"): [Probe(WRITE, "PUT", "/tags/-", (422,), b'{"tag":"none"}')],
    ("DELETE", f"{REST}/tags/{{tag}}"): [Probe(DELETE, "DELETE", "/tags/none", (404,))],
    ("GET", f"{REST}/tags/{{tag}}/history"): [Probe(READ, "GET", "/tags/none/history", (404,))],
    ("POST", f"{REST}/tags/{{tag}}/rollback"): [Probe(WRITE, "POST", "/tags/none/rollback", (404,))],
    ("GET", f"{REST}/history"): [Probe(READ, "GET", "/history?per_page=1", (200,))],
    ("POST", f"{REST}/versions/{{package_version_id}}/restore"): [
        Probe(ADMIN, "POST", "/versions/4294967295/restore", (404,))],
    ("GET", f"{REST}/access"): [Probe(ADMIN, "GET", "/access", (200,))],
    ("GET", f"{REST}/statistics"): [Probe(READ, "GET", "/statistics?by=tag", (200,))],
    ("GET", f"{REST}/size"): [Probe(READ, "GET", "/size", (200,))],
    ("GET", f"{REST}/versions/{{package_version_id}}/size"): [Probe(READ, "GET", "/versions/4294967295/size", (404,))],
}
REST_SCOPES = {READ: "read:packages", WRITE: "write:packages", DELETE: "delete:packages", ADMIN: "write:packages"}
# Those that are about no package, or the same under another path, or cannot be allowed and change nothing; and who
# looks at them.
OTHERS = {REST: "test_rest_clients.py", f"{REST}/restore": "test_rest_clients.py",
          **{path: "test_openapi_answers.py" for path in (
              "/api/v3", "/api/v3/", "/api/v3/meta", "/api/v3/rate_limit", "/api/v3/user", "/api/v3/users/{username}",
              "/api/v3/orgs/{org}", *(f"/api/v3/{owner}/{end}" for owner in ("user", "orgs/{org}", "users/{username}")
                                      for end in ("packages", "docker/conflicts")))},
          **{f"/api/v3{path}": "test_rest_orgs.py" for path in (
              "/organizations", "/user/orgs", "/admin/organizations", *(f"/orgs/{{org}}/{end}" for end in (
                  "settings", "rename", "members", "memberships/{username}", "outside_collaborators/{username}")))},
          **{f"/api/v3/orgs/{{org}}/teams{end}": "test_rest_teams.py" for end in (
              "", "/{team_slug}", "/{team_slug}/members", "/{team_slug}/memberships/{username}")},
          **{f"/api/v3{path}": "test_rest_repos.py" for path in (
              "/orgs/{org}/repos", "/users/{username}/repos", "/user/repos", "/repos/{owner}/{repo}",
              "/repos/{owner}/{repo}/collaborators", "/repos/{owner}/{repo}/collaborators/{subject}")},
          **{REST + end: "test_rest_access.py" for end in (
              "/visibility", "/repository", "/rename", "/access/explain", "/access/{subject}")},
          **{f"/api/v3/{path}": "test_rest_people.py" for path in (
              "user/settings", "user/password", "orgs/{org}/audit-log", "admin/audit-log", "admin/names", "admin/names/{kept_name}",
              "admin/users", *(f"admin/users/{{username}}{end}" for end in ("", "/suspended", "/password", "/rename")))},
          **{f"/api/v3/{path}/tokens{end}": "test_rest_tokens.py"
             for path in ("user", "admin/users/{username}", "orgs/{org}/robots/{robot}") for end in ("", "/{token_id}")},
          "/api/v3/user/tokens/current": "test_rest_tokens.py",
          **{f"/api/v3/orgs/{{org}}/robots{end}": "test_rest_robots.py" for end in ("", "/{robot}", "/{robot}/suspended")},
          **{f"/api/v3/admin/issuers{end}": "test_rest_issuers.py"
             for end in ("", "/explain", "/{issuer}", "/{issuer}/rules", "/{issuer}/rules/{rule_id}")},
          "/v2": "test_ping_and_errors.py", "/v2/": "test_ping_and_errors.py", "/v2/_catalog": "test_lists.py",
          "/token": "test_token.py", "/healthz": "test_operate.py", "/readyz": "test_operate.py",
          "/metrics": "test_operate.py", "/api/v3/registry/workflow-token": "test_workflows.py",
          "/api/v3/openapi.json": "test_openapi.py", "/api/v3/search/packages": "test_rest_search.py"}


@dataclass
class Person:
    name: str
    site_admin: bool = False
    place: str = "none"  # in the organization
    granted: int = 0  # in person, on every package
    team: int = 0  # by a team, on the organization's
    repository: int = 0  # on the repository that some packages inherit from
    home: str = ""  # of a machine: the owner that it belongs to
    home_role: int = 0  # of a robot: on all packages there
    workflow: bool = False  # a job of a repository of that owner
    most: int = 3  # what such a job may have at most


# Machines of organizations: with each role on all packages of theirs, of another one, and with a granted role.
ROBOTS = [*(Person(f"acme+{role}", home="acme", home_role=number) for number, role in ROLE_NAMES.items()),
          Person("shut+admin", home="shut", home_role=3), Person("shut+granted", home="shut", granted=2)]
# Jobs of repositories, by rules of each role: with a granted role, of the one that some packages inherit from, of others.
JOBS = [Person(f"{owner}/{name}", home=owner, granted=granted, repository=2 if name == "source" else 0, workflow=True, most=most)
        for owner, name, granted in [("acme", "source", 0), ("acme", "plain", 0), ("acme", "granted", 2), ("acme", "trusted", 3),
                                     ("shut", "code", 0), ("shut", "reading", 1), ("alice", "code", 0)]
        for most in ROLES.values()]


@dataclass
class Package:
    name: str
    owner: str
    visibility: str
    exists: bool = True
    creates: bool = False  # members of the organization, and workflows of the owner's repositories, may make it
    org: bool = False
    owner_exists: bool = True
    inherits: bool = False  # has the roles of its repository, and none of its own


@dataclass
class Credential:
    """How a person shows up for a package."""

    what: str
    header: str
    scopes: frozenset = frozenset({"read", "write", "delete"})
    limit: frozenset = None  # actions of a bearer token; None: none
    patterns: tuple = ()  # of packages that the token is for; (): all
    elsewhere: bool = False  # the token is not good from here


@dataclass
class Question:
    person: Person
    package: Package
    credential: Credential
    action: str
    least: int = field(init=False)

    def __post_init__(self):
        self.least = LEAST[self.action]

    @property
    def member(self):
        return self.package.org and self.person.place != "none"

    @property
    def at_home(self):
        return self.package.owner_exists and self.person.home == self.package.owner

    @property
    def matched(self):
        patterns = self.credential.patterns
        return not patterns or any(re.fullmatch(pattern.replace("*", "[^/]*"), self.package.name) for pattern in patterns)

    def granted(self):
        return self.person.granted if self.package.exists and not self.package.inherits else 0

    def team(self):
        own = self.package.exists and self.package.org and not self.package.inherits
        return self.person.team if own else 0

    def inherited(self):
        return self.person.repository if self.package.inherits else 0

    def may_ask(self):
        """For a package that is not there, which it might make."""
        return not self.package.exists and (self.member or (self.person.workflow and self.at_home))

    def could_push(self):
        """With that credential."""
        c = self.credential
        return "write" in c.scopes and (c.limit is None or WRITE in c.limit) and (not self.person.workflow or self.person.most >= 2)

    def making(self):
        return self.action == WRITE and self.may_ask()


def anonymous(q):
    return q.person is None


# The words of the table, and what they mean.
CONDITIONS = {
    "the caller is the system": lambda q: False,
    "a bearer token was issued for other names or actions":
        lambda q: q.credential.limit is not None and q.action not in q.credential.limit,
    "reading a public package": lambda q: q.action == READ and q.package.exists and q.package.visibility == "public",
    "the caller is anonymous": anonymous,
    "the token is not good from the caller's address": lambda q: q.credential.elsewhere,
    "the token is for other packages": lambda q: not q.matched,
    "the token's scopes do not cover the action": lambda q: not SCOPES[q.action] & q.credential.scopes,
    "the workflow's job may do less than that": lambda q: q.person.workflow and q.least > q.person.most,
    "writing, and nobody has that namespace": lambda q: q.action == WRITE and not q.package.owner_exists,
    "the namespace is the caller's own": lambda q: q.package.owner == q.person.name,
    "the caller is an owner of the organization": lambda q: q.package.org and q.person.place == "owner",
    "the caller is a site administrator": lambda q: q.person.site_admin,
    "the caller is a robot whose role on all packages of its organization is strong enough":
        lambda q: q.at_home and q.person.home_role >= q.least,
    "a role that was granted to the caller is strong enough": lambda q: q.granted() >= q.least,
    "a role that was granted to a team of the caller is strong enough": lambda q: q.team() >= q.least,
    "a role on the repository that the package inherits from is strong enough": lambda q: q.inherited() >= q.least,
    "reading an internal package as a member of the organization, or as a machine of it":
        lambda q: q.action == READ and q.package.exists and q.package.visibility == "internal" and (q.member or q.at_home),
    "making a package, or with a credential that could make it reading one that is not there, as a member or as a workflow "
    "of the owner's repository, and the organization lets its members":
        lambda q: q.action in (READ, WRITE) and q.may_ask() and q.package.creates and q.could_push(),
    "making a package as a member or as a workflow of the owner's repository, and the organization does not let its members":
        Question.making,
    "otherwise": lambda q: True,
}

# A rule that none of the callers here can meet: the command line's.
NOT_ASKED_ABOUT = {"system"}

# Status, code and message of a denial.
DENIALS = {
    "limit": (401, "UNAUTHORIZED", "authentication required: the token was issued for other packages or actions"),
    "anonymous": (401, "UNAUTHORIZED", "authentication required"),
    "address": (403, "DENIED", "permission_denied: The token provided is not good from this address."),
    "pattern": (403, "DENIED", "permission_denied: The token provided is for other packages."),
    "job": (403, "DENIED", "permission_denied: {action}_package"),
    "scope": (403, "DENIED", "permission_denied: The token provided does not match expected scopes."),
    "no_owner": (403, "DENIED", "not_found: owner not found"),
    "create": (403, "DENIED", "permission_denied: create_package"),
    "role": (403, "DENIED", "permission_denied: {action}_package"),
}
# What workflows are told in place of that, when they push.
OF_WORKFLOWS = {"job": "installation not allowed to Write organization package",
                "role": "installation not allowed to Write organization package",
                "create": "installation not allowed to Create organization package"}


def rows():
    text = (ROOT / "docs" / "ACCESS.md").read_text()
    found = [[group for group in row if group] for row in ROW.findall(text)]
    return [(words, verdict == "allowed", rule) for _, words, verdict, rule in found]


def decide(table, q):
    return next((allowed, rule) for words, allowed, rule in table if CONDITIONS[words](q))


def may_know(q, rule):
    """Whether a denial may say what it is about."""
    if rule in ("limit", "create") or not q.credential.header:
        return False
    if q.package.exists and q.package.visibility == "public":
        return True
    if anonymous(q):
        return False
    if rule == "no_owner":
        return q.person.site_admin
    if q.credential.elsewhere or not q.matched:  # nothing that the token is for
        return False
    administers = q.person.site_admin or q.package.owner == q.person.name or (q.package.org and q.person.place == "owner")
    inside = q.package.exists and q.package.visibility == "internal" and (q.member or q.at_home)
    robot = q.at_home and q.person.home_role > 0
    return administers or robot or inside or q.granted() > 0 or q.team() > 0 or q.inherited() > 0


class Wire:
    """One kept connection; HTTP as plain as the probes need it."""

    def __init__(self, registry):
        self.address, self.host, self.socket, self.received = registry.address, registry.host, None, b""

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.received = None, b""

    def more(self):
        part = self.socket.recv(65536)
        assert part, "the server ended the connection in the middle of an answer"
        self.received += part

    def ask(self, method, path, authorization, body=b""):
        if not self.socket:
            self.socket = socket.create_connection(self.address, 30)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Content-Length: {len(body)}"]
        lines += [f"Authorization: {authorization}"] if authorization else []
        media = "application/json" if path.startswith("/api/") else "application/vnd.oci.image.manifest.v1+json"
        lines += [f"Content-Type: {media}"] if method == "PUT" else []
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        while b"\r\n\r\n" not in self.received:
            self.more()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: (\d+)", head)
        size = int(length[1]) if length and method != "HEAD" else 0
        while len(self.received) < size:
            self.more()
        content, self.received = self.received[:size], self.received[size:]
        if re.search(rb"(?im)^connection: close", head):
            self.close()
        return int(head[9:12]), content


class World:
    """People with every source of a role, and packages of every kind."""

    def __init__(self, registry):
        self.registry = registry
        names = ["alice", "mia", "olga", "erin", "root"]
        self.people = [Person("alice"), Person("mia", place="member"), Person("olga", place="owner"), Person("erin"),
                       Person("root", site_admin=True)]
        for role, number in ROLES.items():
            self.people += [Person(f"member-{role}", place="member", granted=number),
                            Person(f"outside-{role}", granted=number), Person(f"team-{role}", place="member", team=number),
                            Person(f"source-{role}", repository=number)]
            names += [f"member-{role}", f"outside-{role}", f"team-{role}", f"source-{role}"]
        self.accounts = {name: registry.user(name, admin=name == "root") for name in names}
        self.command("org", "create", "acme", "--owner", "olga")
        self.command("org", "create", "shut", "--owner", "olga")
        for robot in ROBOTS:
            self.command("robot", "create", robot.name, "--role", ROLE_NAMES[robot.home_role])
            self.accounts[robot.name] = Account(robot.name, "", registry.token(robot.name))
        names += [robot.name for robot in ROBOTS]
        self.people += ROBOTS + JOBS
        self.trust_an_issuer()
        for name in {person.name for person in JOBS}:
            self.command("repository", "create", name)
        self.command("org", "set", "shut", "--members-create", "none")
        for person in self.people:
            if person.place == "member":
                self.command("org", "add", "acme", person.name)
                self.command("org", "add", "shut", person.name)
        for role in ROLES:
            self.command("team", "create", f"acme/{role}")
            self.command("team", "create", f"acme/below-{role}", "--parent", role)
            self.command("team", "add", f"acme/below-{role}", f"team-{role}")
        self.packages = [Package(f"{owner}/{v}", owner, v, org=owner == "acme")
                         for owner in ("acme", "alice") for v in ("private", "internal", "public")
                         if (owner, v) != ("alice", "internal")]
        self.packages.append(Package("acme/inheriting", "acme", "private", org=True, inherits=True))
        for role in ROLES:
            self.command("repository", "grant", "acme/source", f"source-{role}", role)
        for package in self.packages:
            self.make(package)
        self.packages += [Package("acme/absent", "acme", "private", exists=False, creates=True, org=True),
                          Package("shut/absent", "shut", "private", exists=False, org=True),
                          Package("alice/absent", "alice", "private", exists=False, creates=True),
                          Package("nobody/absent", "nobody", "private", exists=False, owner_exists=False)]
        self.tokens = {name: self.tokens_of(name) for name in names}
        self.bound = {name: [self.bound_token(name, *each) for each in BOUNDS] for name in names}

    def command(self, *words):
        return self.registry.cli(*words)

    def make(self, package):
        owner = self.accounts["olga" if package.org else package.owner]
        self.registry.client(owner).push_image(package.name, "v1")
        if package.visibility != "private":
            self.command("package", "set", package.name, "--visibility", package.visibility, "--confirm", package.name)
        if package.inherits:
            self.command("package", "link", package.name, "acme/source", "--inherit")
            return
        for person in self.people:
            if person.granted:
                subject = f"repository:{person.name}" if person.workflow else person.name
                self.command("access", "grant", package.name, subject, ROLE_NAMES[person.granted])
        for role in ROLES if package.org else ():
            self.command("access", "grant", package.name, f"acme/{role}", role)

    def trust_an_issuer(self):
        """Its tokens say by the claim most which rule lets them in."""
        self.issuer = Issuer(["ES256"])
        self.issuer.close()  # the server has its keys
        keys = self.registry.directory / "keys.json"
        keys.write_text(json.dumps(self.issuer.key_set()))
        self.command("issuer", "add", "ci", "--url", self.issuer.url, "--audience", AUDIENCE, "--claims",
                     "repository=repository", "--keys", str(keys))
        for role in ROLES:
            for owner in {person.home for person in JOBS}:
                self.command("issuer", "allow", "ci", "--when", f"repository={owner}/*,most={role}", "--role", role)

    def job_credentials(self, wire, person, package):
        """The issuer's token as a password, the registry's for it as one and as a bearer token, and one made from that."""
        shown = self.issuer.token(repository=person.name, sub="job", most=ROLE_NAMES[person.most])
        status, body = wire.ask("POST", "/api/v3/registry/workflow-token", "", json.dumps({"token": shown}).encode())
        assert status == 201, body
        made = json.loads(body)["token"]
        yield Credential("the issuer's token", basic_header("x", shown))
        yield Credential("a workflow's token", basic_header("x", made))
        yield Credential("a workflow's token as bearer", f"Bearer {made}")
        for limit in ({READ}, {READ, WRITE, DELETE}):
            actions = ",".join(PULL[action] for action in sorted(limit))
            yield Credential(f"bearer {sorted(limit)}",
                             self.bearer(wire, basic_header("x", made), f"repository:{package.name}:{actions}"),
                             limit=frozenset(limit))

    def tokens_of(self, name):
        subsets = [{"read"}, {"write"}, {"delete"}, {"read", "delete"}]
        made = {}
        for subset in subsets:
            scopes = ",".join(f"{scope}:packages" for scope in sorted(subset))
            made[frozenset(subset)] = self.registry.token(name, scopes)
        return made

    def bound_token(self, name, patterns, addresses):
        """A token of every scope."""
        return self.registry.token(name, packages=",".join(patterns), addresses=addresses)

    def bearer(self, wire, authorization, scope):
        status, body = wire.ask("GET", f"/token?service={self.registry.host}&scope={scope}", authorization)
        return "Bearer " + json.loads(body)["token"] if status == 200 else None

    def credentials(self, wire, person, package):
        if person is None:
            yield Credential("nothing", "")  # and so no token of an anonymous caller: a challenge, also for public packages
            token = self.bearer(wire, "", f"repository:{package.name}:pull,push,delete")
            if token:
                yield Credential("anonymous bearer", token, limit=frozenset({READ, WRITE, DELETE}))
            return
        if person.workflow:
            yield from self.job_credentials(wire, person, package)
            return
        account = self.accounts[person.name]
        if account.password:
            yield Credential("password", basic_header(person.name, account.password))
        for scopes, text in self.tokens[person.name].items():
            yield Credential(f"token {sorted(scopes)}", basic_header("anything", text), scopes)
        yield Credential("token as bearer", f"Bearer {account.token}")
        yield Credential("token in base64", "Bearer " + base64.b64encode(account.token.encode()).decode())
        basic = basic_header(person.name, account.token)
        for limit in ({READ}, {READ, WRITE, DELETE}):
            actions = ",".join(PULL[action] for action in sorted(limit))
            yield Credential(f"bearer {sorted(limit)}", self.bearer(wire, basic, f"repository:{package.name}:{actions}"),
                             limit=frozenset(limit))
        yield Credential("bearer for another", self.bearer(wire, basic, f"repository:{package.name}x:pull,push,delete"),
                         limit=frozenset())
        reading = self.tokens[person.name][frozenset({"read"})]
        yield Credential("bearer of a reading token",
                         self.bearer(wire, basic_header("x", reading), f"repository:{package.name}:pull,push,delete"),
                         frozenset({"read"}), frozenset({READ, WRITE, DELETE}))
        yield from self.bound_credentials(wire, person, package)

    def bound_credentials(self, wire, person, package):
        """Tokens that are confined to packages or addresses, in person or as bearer tokens made from them."""
        for index, ((patterns, addresses), text) in enumerate(zip(BOUNDS, self.bound[person.name])):
            what, elsewhere = f"token for {patterns or 'all'} from {addresses or 'everywhere'}", addresses == ELSEWHERE
            header, limit = basic_header("x", text), None
            if index % 2:
                what, limit = "bearer of a " + what, frozenset({READ, WRITE, DELETE})
                header = self.bearer(wire, header, f"repository:{package.name}:pull,push,delete")
            yield Credential(what, header, limit=limit, patterns=patterns, elsewhere=elsewhere)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from harness.server import Registry

    registry = Registry(tmp_path_factory.mktemp("matrix"), {"token.ttl": "1h"})
    registry.start()
    yield World(registry)
    registry.stop()


def check(wire, table, q, probe):
    """None, or what is wrong with the answer."""
    allowed, rule = decide(table, q) if q.credential.header else (False, "anonymous")
    status, content = wire.ask(probe.method, f"/v2/{q.package.name}/{probe.path}", q.credential.header, probe.body)
    who = q.person.name if q.person else "nobody"
    where = f"{who} with {q.credential.what}: {probe.method} {q.package.name}/{probe.path}"
    if allowed:
        absent = not q.package.exists and probe.action != WRITE
        right = status == probe.absent if absent else status in probe.allowed
        return None if right else f"{where}: {status} {content}, wanted {rule}"
    wanted, code, message = DENIALS[rule]
    if status != wanted:
        return f"{where}: {status} {content}, wanted {wanted} for {rule}"
    if probe.method == "HEAD":
        return None
    if q.person and q.person.workflow and q.action == WRITE:
        message = OF_WORKFLOWS.get(rule, message)
    error = json.loads(content)["errors"][0]
    if (error["code"], error["message"]) != (code, message.format(action=q.action)):
        return f"{where}: {error}, wanted {code} for {rule}"
    if bool(error["detail"]) != may_know(q, rule):
        return f"{where}: the detail is {error['detail']}"
    return None


def rest_denial(table, q):
    """Status and message of the packages API for who may not; None: may."""
    reads, why = decide(table, replace(q, action=READ))
    allowed, rule = decide(table, q)
    if not reads or not q.package.exists:
        refused, action = (why if not reads else "role"), READ
    elif allowed:
        return None
    else:
        refused, action = rule, q.action
    if refused == "limit":
        return 401, "Bad credentials"
    if refused == "scope":
        return 403, f"You need at least {REST_SCOPES[action]} scope for this."
    if action == READ:
        return 404, "Package not found."
    return 403, f"Must have {'write' if action == WRITE else 'admin'} rights to the package."


def check_rest(wire, table, q, probe):
    """The same for a route of the packages API: who may not read a package does not find it."""
    owner, image = q.package.name.split("/", 1)
    path = f"/api/v3/users/{owner}/packages/container/{quote(image, safe='')}{probe.path}"
    status, content = wire.ask(probe.method, path, q.credential.header, probe.body)
    where = f"{q.person.name if q.person else 'nobody'} with {q.credential.what}: {probe.method} {path}"
    message = json.loads(content)["message"] if status >= 400 else ""
    if not q.person:  # a token for anonymous pulls is no credential here
        return None if status == 401 else f"{where}: {status} {message}, wanted 401"
    denial = rest_denial(table, q)
    if denial and "state=deleted" in path and not rest_denial(table, replace(q, action=ADMIN)):
        denial = None  # who can restore sees what was deleted, too
    if denial:
        return None if (status, message) == denial else f"{where}: {status} {message}, wanted {denial}"
    right = status in probe.allowed and message != "Package not found."
    return None if right else f"{where}: {status} {message}, wanted {probe.allowed}"


def test_v14_v62_v74_the_table_has_a_condition_for_each_row():
    assert [words for words, _, _ in rows()] == list(CONDITIONS)
    assert {rule for _, allowed, rule in rows() if not allowed} == set(DENIALS)


def alike(method, path):
    """The same for packages of an organization or of the caller: test_rest_*.py ask in each form."""
    for owner in ("/api/v3/orgs/{org}/packages/", "/api/v3/user/packages/"):
        path = path.replace(owner, "/api/v3/users/{username}/packages/")
    return method, path


def test_v14_v62_every_route_is_asked_about():
    known = {(method, path) for method, path, _ in routes()}
    asked = {**PROBES, **REST_PROBES}
    assert {route for route in known if alike(*route) not in asked and alike(*route)[1] not in OTHERS} == set()
    assert set(asked) <= known
    assert all((ROOT / "test" / "integration" / name).exists() for name in OTHERS.values())


def test_v14_v18_v62_v74_every_combination_is_decided_as_the_table_says(world):
    """The labels: manifest, blob, tags, referrers, upload, upload_start."""
    table = rows()
    probes = [(check, probe) for each in PROBES.values() for probe in each]
    probes += [(check_rest, probe) for each in REST_PROBES.values() for probe in each]

    def ask(person):
        wire, wrong, rules = Wire(world.registry), [], []
        for package in world.packages:
            for credential in world.credentials(wire, person, package):
                for checked, probe in probes:
                    question = Question(person, package, credential, probe.action)
                    found = checked(wire, table, question, probe)
                    wrong += [found] if found else []
                    rules.append(decide(table, question)[1])
        wire.close()
        return wrong, rules

    results = [ask(None), *at_once(ask, world.people)]
    wrong = [each for found, _ in results for each in found]
    assert not wrong, f"{len(wrong)} answers differ:\n" + "\n".join(wrong[:20])
    rules = [rule for _, found in results for rule in found]
    assert len(rules) > 40_000
    assert set(rules) == {rule for _, _, rule in table} - NOT_ASKED_ABOUT
    assert world.registry.problems() == 0
