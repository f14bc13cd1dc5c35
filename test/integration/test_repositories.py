"""Repositories: a push links the package, and roles on the repository open it.  The command line for them."""

import os
import re
import shlex
from pathlib import Path

import pytest

from harness import images
from harness.client import refused, succeeded
from test_command_line import table
from test_command_line_orgs import make_org

SOURCE = "org.opencontainers.image.source"


class Code:
    """An organization with an owner, a member and an outsider, and its repository, to which the member may write."""

    def __init__(self, registry):
        self.registry = registry
        self.org = make_org(registry)
        self.name = self.org.name + "/code"
        self.url = f"https://forge.example/{self.name}"
        registry.cli("repository", "create", self.name, "--url", self.url)
        registry.cli("repository", "grant", self.name, self.org.member.name, "write")

    def words(self, text):
        return self.org.words(text).replace("URL", self.url)

    def order(self, text):
        """What the command says."""
        return self.registry.cli(*self.words(text).split())

    def package(self, name="new"):
        """A name of the organization's packages, and how the package is linked: (repository, inherits)."""
        entry = self.registry.packages()[f"{self.org.name}/{name}"]
        return entry["repository"], entry["inherits"]

    def push(self, url=None, account=None, name="new", **options):
        """An image with that label."""
        client = self.registry.client(account or self.org.member)
        return client.push_image(f"{self.org.name}/{name}", "v1", labels={SOURCE: url or self.url}, **options)


@pytest.fixture
def code(registry):
    return Code(registry)


# Pushes


def test_a_label_of_the_configuration_links_a_new_package(code):
    code.push(code.url + ".git")
    assert code.package() == (code.name, True)


def test_the_name_behind_a_forge_links_a_new_package(code):
    code.push(f"https://github.com/{code.name.upper()}.git")
    assert code.package() == (code.name, True)


def test_forges_are_an_option(fresh):
    code = Code(fresh({"forges": "http://git.example/,https://forge.example:8443/git/"}))
    code.push(f"https://forge.example:8443/git/{code.name}")
    assert code.package() == (code.name, True)
    code.push(f"https://github.com/{code.name}", name="other")
    assert code.package("other") == (None, False)


def test_an_annotation_links_an_index_of_several_architectures(registry, code):
    client = registry.client(code.org.member)
    name = f"{code.org.name}/new"
    children = []
    for architecture in ("amd64", "arm64"):
        config = images.config_bytes(architecture)
        client.push_blob(name, config)
        children.append(client.push_manifest(name, images.image(config, [])))
    assert code.package() == (None, False)
    client.push_manifest(name, images.index(children, annotations={SOURCE: code.url}), "v1")
    assert code.package() == (code.name, True)


def test_a_large_configuration_is_read_too(code):
    labels = {"a": os.urandom(50_000).hex(), SOURCE: code.url}
    client = code.registry.client(code.org.member)
    client.push_image(f"{code.org.name}/new", "v1", labels=labels)
    assert code.package() == (code.name, True)


def test_who_may_not_write_to_the_repository_links_nothing(code):
    code.order("repository grant ORG/code MEMBER read")
    code.push()
    assert code.package() == (None, False)


def test_a_later_push_links_a_package_that_is_not_linked(code):
    code.push()
    code.order("package unlink ORG/new")
    assert code.package() == (None, False)
    code.push()
    assert code.package() == (code.name, False)  # and it keeps its roles


def test_a_package_that_is_linked_stays_where_it_is(code):
    code.push()
    code.order("repository create ORG/other --url URL/other")
    code.order("repository grant ORG/other MEMBER write")
    code.push(code.url + "/other")
    assert code.package() == (code.name, True)


def test_an_organization_can_do_without_inheritance(code):
    assert code.order("org set ORG --inherit off").endswith("; inherit: off\n")
    code.push()
    assert code.package() == (code.name, False)
    assert code.order("org set ORG --inherit on").endswith("; inherit: on\n")
    code.push(name="other")
    assert code.package("other") == (code.name, True)


def test_nothing_is_inherited_from_a_repository_of_another_owner(registry, code):
    base = f"{code.org.outsider.name}/base"
    registry.cli("repository", "create", base)
    registry.cli("repository", "grant", base, code.org.member.name, "write")
    registry.cli("repository", "grant", base, code.org.outsider.name, "admin")
    code.push(f"https://github.com/{base}")
    assert code.package() == (base, False)
    refused(registry.client(code.org.outsider).get(f"/v2/{code.org.name}/new/tags/list"), 403, "DENIED")


@pytest.mark.parametrize("label", ["", "no url", "https://", "https://github.com/", "https://github.com/\u0000", 7, None, ["x"], {}])
def test_a_label_that_says_nothing_does_not_hinder_a_push(code, label):
    code.registry.client(code.org.member).push_image(f"{code.org.name}/new", "v1", labels={SOURCE: label})
    assert code.package() == (None, False)


# Roles


def test_a_role_on_the_repository_opens_its_packages_at_once(registry, code):
    code.push()
    client = registry.client(code.org.outsider)
    path = f"/v2/{code.org.name}/new/tags/list"
    refused(client.get(path), 403, "DENIED")
    code.order("repository grant ORG/code OUTSIDER read")
    succeeded(client.get(path), 200)
    refused(client.post(f"/v2/{code.org.name}/new/blobs/uploads/"), 403, "DENIED")
    code.order("repository grant ORG/code OUTSIDER write")
    client.push_blob(f"{code.org.name}/new", b"written")
    code.order("repository revoke ORG/code OUTSIDER")
    refused(client.get(path), 403, "DENIED")


def catalog(client, owner):
    names = [name for page in client.pages("/v2/_catalog", "repositories") for name in page]
    return [name for name in names if name.startswith(f"{owner}/")]


def test_the_catalog_shows_what_a_repository_opens(registry, code):
    code.push()
    client = registry.client(code.org.outsider)
    assert catalog(client, code.org.name) == []
    code.order("repository grant ORG/code OUTSIDER read")
    assert catalog(client, code.org.name) == [f"{code.org.name}/new"]


def grants(code, package="ORG/new"):
    rows = code.registry.cli_json("access", "list", code.words(package))["grants"]
    return {row["subject"]: row["role"] for row in rows}


def test_roles_are_granted_on_the_repository_while_a_package_inherits(registry, code):
    code.push()
    done = registry.run("access", "grant", f"{code.org.name}/new", code.org.outsider.name, "read")
    assert done.returncode == 1 and "has the roles of its repository" in done.stderr
    assert code.order("package link ORG/new ORG/code") == code.words(
        "package ORG/new is linked to the repository ORG/code\n")
    assert grants(code) == {code.org.member.name: "write"}


def test_a_deleted_repository_leaves_its_roles_to_its_packages(code):
    code.push()
    assert code.order("repository delete ORG/code") == code.words("repository ORG/code deleted\n")
    assert code.package() == (None, False)
    assert grants(code) == {code.org.member.name: "write"}
    assert code.registry.problems() == 0


# The command line


def test_repositories_are_made_changed_and_shown(registry, code):
    name = f"{code.org.name}/tool"
    assert registry.cli("repository", "create", name.upper()) == f"repository {name} created; it is private\n"
    assert code.order("repository set ORG/tool --visibility internal --url HTTPS://Forge.example/ORG/tool.git") == (
        f"repository {name} changed; it is internal, at https://forge.example/{name}\n")
    made = registry.cli_json("repository", "set", name, "--visibility", "public")
    assert made.pop("created").endswith("Z")
    assert made == {"name": name, "visibility": "public", "url": f"https://forge.example/{name}"}
    titles, rows = table(registry, "repository", "list", code.org.name)
    assert titles == ["NAME", "VISIBILITY", "CREATED", "URL"]
    assert [(row["NAME"], row["VISIBILITY"], row["URL"]) for row in rows] == [
        (code.name, "private", code.url), (name, "public", f"https://forge.example/{name}")]
    assert code.order("repository set ORG/tool --no-url") == f"repository {name} changed; it is public\n"
    everything = {entry["name"]: entry for entry in registry.cli_json("repository", "list")["repositories"]}
    assert everything[name]["url"] is None and everything[code.name]["url"] == code.url


@pytest.mark.parametrize("line, status, why", [
    ("repository create ORG", 1, "is named"),
    ("repository create ORG/a/b", 1, "is named"),
    ("repository create ORG/code", 1, "ORG/code"),
    ("repository create nobody0/code", 1, "nobody0"),
    ("repository create ORG/tool --url URL", 1, "that url"),
    ("repository create ORG/tool --url ssh://git@forge.example/x", 1, "https://"),
    ("repository create ORG/tool --visibility secret", 1, "'secret' is no visibility"),
    ("repository create MEMBER/tool --visibility internal", 1, "organizations"),
    ("repository set ORG/code", 2, "nothing to set"),
    ("repository set ORG/code --url URL --no-url", 2, "exclude each other"),
    ("repository set ORG/nothing0 --no-url", 1, "nothing0"),
    ("repository delete ORG/nothing0", 1, "nothing0"),
    ("repository list nobody0", 1, "nobody0"),
    ("repository access ORG/nothing0", 1, "nothing0"),
    ("repository grant ORG/code nobody0 read", 1, "nobody0"),
    ("repository grant ORG/code OUTSIDER owner", 1, "choose read, write or admin"),
    ("repository grant ORG/code OUTSIDER/team read", 1, "only teams of"),
    ("repository revoke ORG/code OUTSIDER", 1, "OUTSIDER"),
    ("package link ORG/app ORG/nothing0", 1, "nothing0"),
    ("package link ORG/nothing0 ORG/code", 1, "not known"),
    ("package unlink ORG/nothing0", 1, "not known"),
    ("org set ORG --inherit maybe", 2, "on or off"),
])
def test_what_cannot_be_done_is_said_and_changes_nothing(registry, code, line, status, why):
    before = registry.cli_json("audit", "list")
    done = registry.run(*code.words(line).split())
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("staithe: ") and code.words(why) in done.stderr
    assert registry.cli_json("audit", "list") == before


def test_roles_on_a_repository_are_granted_shown_and_revoked(registry, code):
    code.order("team create ORG/devs")
    assert code.order("repository grant ORG/code ORG/devs admin") == code.words(
        "ORG/devs now has the role admin on the repository ORG/code\n")
    assert registry.cli_json("repository", "grant", code.name, code.org.outsider.name, "read") == {
        "repository": code.name, "subject": code.org.outsider.name, "role": "read"}
    titles, rows = table(registry, "repository", "access", code.name)
    assert titles == ["SUBJECT", "KIND", "ROLE", "OUTSIDE"]
    assert [tuple(row.values()) for row in rows] == [
        (code.org.member.name, "user", "write", "no"), (code.org.outsider.name, "user", "read", "yes"),
        (code.org.devs, "team", "admin", "no")]
    assert code.order("repository revoke ORG/code OUTSIDER") == code.words(
        "what was granted to OUTSIDER on the repository ORG/code is revoked\n")
    assert registry.cli_json("repository", "revoke", code.name, code.org.devs) == {
        "repository": code.name, "subject": code.org.devs, "revoked": True}
    assert [row["subject"] for row in registry.cli_json("repository", "access", code.name)["grants"]] == [
        code.org.member.name]


def test_packages_are_linked_and_unlinked(registry, code):
    assert registry.packages()[code.org.package]["repository"] is None
    assert code.order("package link ORG/app ORG/code --inherit") == code.words(
        "package ORG/app is linked to the repository ORG/code, and has its roles\n")
    assert code.package("app") == (code.name, True)
    assert registry.cli_json("package", "link", code.org.package, code.name) == {
        "name": code.org.package, "repository": code.name, "inherits": False}
    assert code.package("app") == (code.name, False)
    assert code.order("package unlink ORG/app") == code.words("package ORG/app is linked to no repository\n")
    assert registry.cli_json("package", "unlink", code.org.package) == {
        "name": code.org.package, "repository": None, "inherits": False}
    assert code.package("app") == (None, False)


def explain(code, user, action="write"):
    return code.order(f"access explain --package ORG/new --user {user} --action {action}").splitlines()


def test_an_explanation_tells_of_the_repository(code):
    code.push()
    assert explain(code, "MEMBER") == code.words("""\
allowed: repository: the caller has a role on the repository that the package inherits from
ORG/new is private
its owner ORG is an organization
it has the roles of its repository ORG/code
MEMBER is a member of ORG
the role write is granted to MEMBER on that repository
nothing is granted on that repository to a team that MEMBER is in""").splitlines()
    code.order("team create ORG/devs")
    code.order("team add ORG/devs MEMBER")
    code.order("repository grant ORG/code ORG/devs admin")
    assert explain(code, "MEMBER")[-1] == code.words(
        "the role admin is granted on that repository to the team ORG/devs, which MEMBER is in")


@pytest.mark.parametrize("action", ["read", "write", "delete"])
def test_who_follows_the_advice_is_allowed(code, action):
    code.push()
    said = explain(code, "OUTSIDER", action)
    assert said[0].startswith("denied: role: ")
    assert said[-1].startswith(code.words("to change that: staithe repository grant ORG/code OUTSIDER "))
    code.order(said[-1].removeprefix("to change that: staithe "))
    assert explain(code, "OUTSIDER", action)[0].startswith("allowed: repository: ")


def test_what_is_explained_is_told_as_json(registry, code):
    code.push()
    told = registry.cli_json("access", "explain", "--package", f"{code.org.name}/new", "--action", "write", "--user",
                             code.org.member.name)
    assert (told["inherits"], told["repository"], told["inherited"], told["granted"]) == (True, code.name, "write", "write")
    told = registry.cli_json("access", "explain", "--package", code.org.package, "--action", "write", "--user",
                             code.org.member.name)
    assert (told["inherits"], told["repository"], told["inherited"]) == (False, None, "none")


def test_links_and_roles_are_in_the_audit_log(registry, code):
    code.push()
    code.order("repository revoke ORG/code MEMBER")
    code.order("package unlink ORG/new")
    code.order("repository set ORG/code --no-url")
    code.order("org set ORG --members-create none")
    entries = registry.cli_json("audit", "list", "--target", code.org.name)["entries"]
    assert [(entry["action"], entry["actor"], entry["target"], entry["detail"]) for entry in entries][:8] == [
        tuple(actor and code.words(actor) for actor in row) for row in (
            ("org.set", None, "ORG", "visibility private, members create none, creators members, inherit on"),
            ("repository.set", None, "ORG/code", "visibility private, url none"),
            ("package.unlink", None, "ORG/new", ""),
            ("repository.access.revoke", None, "ORG/code", "MEMBER"),
            ("package.link", "MEMBER", "ORG/new", "ORG/code, inherits"),
            ("package.create", "MEMBER", "ORG/new", "private"),
            ("repository.access", None, "ORG/code", "MEMBER as write"),
            ("repository.create", None, "ORG/code", "visibility private, url URL"))]


STORY = """\
repository create acme/app --visibility public --url https://forge.example/acme/app
repository create alice/app
repository set alice/app --visibility public
repository grant acme/app bob write
repository access acme/app
repository list
repository list acme
package link alice/app alice/app --inherit
package list --json
access explain --package alice/app --user bob --action write
package link alice/app acme/app
package unlink alice/app
repository revoke acme/app bob
repository delete acme/app
org set acme --inherit off"""


def test_a_stopped_server_says_what_a_running_one_says(fresh):
    def tell(stopped):
        registry = fresh()
        for name in ("alice", "bob"):
            account = registry.user(name)
            registry.client(account).push_image(f"{name}/app", "v1", layer_sizes=())
        registry.cli("org", "create", "acme", "--owner", "alice")
        if stopped:
            registry.stop()
        said = "".join(registry.cli(*shlex.split(line)) for line in STORY.splitlines())
        return [line for line in said.splitlines() if ":" not in line or "Z" not in line.rstrip(' ",')[-24:]]

    assert [line.split("20")[0] for line in tell(stopped=True)] == [line.split("20")[0] for line in tell(stopped=False)]


def test_the_example_of_the_document_goes_as_it_says(fresh):
    text = (Path(__file__).resolve().parents[2] / "docs/OPERATING.md").read_text()
    section = text.split("## Repositories\n")[1].split("\n## ")[0]
    shown = "".join(line[4:] + "\n" for line in section.splitlines() if line.startswith("    "))
    (url,) = re.findall(f"{SOURCE}=([^`]+)", section)
    registry = fresh()
    _, bob = [registry.user(name) for name in ("alice", "bob")]
    done = ""
    for line in shown.splitlines():
        if line.startswith("$ staithe access explain"):
            registry.client(bob).push_image("acme/app", "v1", labels={SOURCE: url})
        if line.startswith("$ staithe "):
            done += line + "\n" + registry.cli(*shlex.split(line)[2:])
    assert done == shown != ""
