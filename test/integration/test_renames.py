"""Names that change: what goes on under the old one, what does not, and who may take it.  Settings of owners."""

import re
import shlex
import sqlite3
import threading
from pathlib import Path

import pytest

from harness import images
from harness.client import link_next, refused, succeeded
from harness.server import listed
from test_command_line import table
from test_command_line_orgs import make_org

UNCHANGED = "Docker-Content-Digest", "Content-Type", "Content-Length", "ETag"


def rename(registry, kind, old, new):
    return registry.cli(kind, "rename", old, new, "--confirm", old)


class Place:
    """An organization whose package has been renamed, and the organization then too: old/old is now new/new."""

    def __init__(self, registry):
        self.registry = registry
        self.org = make_org(registry)
        owner = registry.client(self.org.owner)
        self.old = f"{self.org.name}/old"
        self.layer = b"a layer of the package"
        config = images.config_bytes()
        for blob in (config, self.layer):
            owner.push_blob(self.old, blob)
        self.image = owner.push_manifest(self.old, images.image(config, [self.layer]), "v1", "v2", "v3")
        self.signature = owner.push_artifact(self.old, "application/x.signature", self.image)
        self.before = {path: owner.get(path) for path in self.paths(self.old)}
        self.token = owner.token(f"repository:{self.old}:pull,push,delete")
        rename(registry, "package", self.old, f"{self.org.name}/new")
        rename(registry, "org", self.org.name, self.org.name + "-new")
        self.present = f"{self.org.name}-new/new"
        self.former = [self.old, f"{self.org.name}/new", f"{self.org.name}-new/old"]

    def paths(self, name):
        return [f"/v2/{name}/manifests/v1", f"/v2/{name}/manifests/{self.image.digest}",
                f"/v2/{name}/blobs/{images.digest_of(self.layer)}", f"/v2/{name}/tags/list",
                f"/v2/{name}/referrers/{self.image.digest}"]


@pytest.fixture(scope="module")
def place(registry):
    return Place(registry)


# What goes on


def test_reading_goes_on_under_each_former_name(registry, place):
    owner = registry.client(place.org.owner)
    for name in place.former + [place.present]:
        for path, then in zip(place.paths(name), place.before.values()):
            now = succeeded(owner.get(path), 200)
            assert now.content == then.content.replace(place.old.encode(), name.encode())
            head = succeeded(owner.head(path), 200)
            for header in UNCHANGED[:2]:
                assert now.headers.get(header) == head.headers.get(header) == then.headers.get(header)


def test_links_keep_the_name_that_was_asked_for(registry, place):
    owner = registry.client(place.org.owner)
    for name in place.former:
        page = succeeded(owner.get(f"/v2/{name}/tags/list?n=2"), 200)
        assert page.json() == {"name": name, "tags": ["v1", "v2"]}
        assert link_next(page).startswith(f"/v2/{name}/tags/list?")
        assert owner.tags(name) == ["v1", "v2", "v3"]


def test_a_bearer_token_for_the_old_name_reads_on_until_it_ends(registry, place):
    client = registry.bearer(place.token)
    for path in place.paths(place.old):
        succeeded(client.get(path), 200)
    refused(client.get(place.paths(place.present)[0]), 401, "UNAUTHORIZED")
    again = registry.client(place.org.owner).token(f"repository:{place.old}:pull")
    succeeded(registry.bearer(again).get(place.paths(place.old)[0]), 200)


def test_anonymous_callers_read_a_public_package_by_its_former_names(registry):
    org = make_org(registry)
    registry.set_visibility(org.package, "public")
    rename(registry, "org", org.name, org.name + "-new")
    anonymous = registry.client()
    succeeded(anonymous.get_manifest(org.package, "v1"), 200)
    token = anonymous.token(f"repository:{org.package}:pull")
    succeeded(registry.bearer(token).get_manifest(org.package, "v1"), 200)
    registry.set_visibility(f"{org.name}-new/app", "private")
    refused(registry.bearer(token).get_manifest(org.package, "v1"), 401, "UNAUTHORIZED")


def test_a_blob_is_mounted_from_a_former_name(registry, place):
    owner = registry.client(place.org.owner)
    digest = images.digest_of(place.layer)
    target = f"{place.org.name}-new/mounted"
    for scopes, status in (([], 202), ([f"repository:{place.present}:pull"], 202), ([f"repository:{place.old}:pull"], 201)):
        client = registry.bearer(owner.token(f"repository:{target}:pull,push", *scopes))
        answer = client.post(f"/v2/{target}/blobs/uploads/", params={"mount": digest, "from": place.old})
        assert "Location" in succeeded(answer, status).headers


def test_teams_roles_repositories_and_inheritance_survive(registry):
    org = make_org(registry)
    for words in ("team create ORG/devs", "team add ORG/devs MEMBER", "repository create ORG/code",
                  "repository grant ORG/code ORG/devs write", "package link ORG/app ORG/code --inherit"):
        registry.cli(*org.words(words).split())
    client = registry.client(org.member)
    client.push_image(org.package, "v2")
    rename(registry, "org", org.name, org.name + "-new")
    entry = registry.packages()[f"{org.name}-new/app"]
    assert (entry["repository"], entry["inherits"]) == (f"{org.name}-new/code", True)
    client.push_image(f"{org.name}-new/app", "v3")
    registry.cli("team", "remove", f"{org.name}-new/devs", org.member.name)
    refused(client.get_manifest(f"{org.name}-new/app", "v3"), 403, "DENIED")


def test_a_user_signs_in_by_the_new_name_and_tokens_go_on(registry):
    user = registry.user("before" + make_org(registry).name)
    name = f"{user.name}/app"
    client = registry.client(user)
    client.push_image(name, "v1")
    bearer = registry.bearer(client.token(f"repository:{name}:pull"))
    assert rename(registry, "user", user.name, "After" + user.name) == (
        f"user {user.name} is now called after{user.name}\n")
    after = "after" + user.name
    succeeded(bearer.get_manifest(name, "v1"), 200)
    for secret in (user.password, user.token):
        succeeded(registry.basic(after, secret).get("/v2/"), 200)
    refused(registry.basic(user.name, user.password).get("/v2/"), 401, "UNAUTHORIZED")
    told = refused(registry.client(user, None).put_manifest(
        "admin/app", "v1", images.image(images.config_bytes(), [])), 403, "DENIED")
    assert user.name not in str(told)  # of a package that it may not know of
    registry.client(user).push_image(f"{after}/app", "v2")
    registry.set_visibility(f"{after}/app", "public")
    scoped = registry.basic(after, registry.token(after, "read:packages"))
    (told,) = refused(scoped.delete(f"/v2/{after}/app/manifests/v2"), 403, "DENIED")
    assert f"({after} on {after}/app)" in str(told["detail"])  # the name as it is now


def test_the_first_administrator_can_have_another_name(fresh):
    registry = fresh()
    (password,) = registry.first_password()
    rename(registry, "user", "admin", "root-of-all")
    succeeded(registry.basic("root-of-all", password).get("/metrics"), 200)
    registry.restart()
    succeeded(registry.basic("root-of-all", password).get("/v2/"), 200)
    assert list(registry.users()) == ["root-of-all"]


# What does not


def test_who_may_read_hears_the_present_name_where_it_writes_and_deletes(registry, place):
    owner = registry.client(place.org.owner)
    image = images.image(images.config_bytes(), [])
    message = f"permission_denied: renamed to {place.present}"
    for name in place.former:
        for answer in (owner.put_manifest(name, "v1", image), owner.post(f"/v2/{name}/blobs/uploads/"),
                       owner.delete(f"/v2/{name}/manifests/v1"), owner.delete(place.paths(name)[2])):
            refused(answer, 403, "DENIED", message)
        done = registry.run("package", "delete", name)
        assert done.returncode == 1 and message in done.stderr
    assert owner.tags(place.present) == ["v1", "v2", "v3"]


def alike(registry, account, name, absent):
    """The answers for both names on every route are equal in all that is not the name."""
    client = registry.client(account)
    digest = images.digest_of(b"anything")
    image = images.image(images.config_bytes(), [])
    for method, path in (("GET", "manifests/v1"), ("HEAD", "manifests/v1"), ("GET", f"blobs/{digest}"),
                         ("HEAD", f"blobs/{digest}"), ("GET", "tags/list"), ("GET", f"referrers/{digest}"),
                         ("POST", "blobs/uploads/"), ("PUT", "manifests/v1"), ("DELETE", "manifests/v1"),
                         ("DELETE", f"blobs/{digest}"), ("GET", "blobs/uploads/00000000-0000-4000-8000-000000000000")):
        answers = []
        for which in (name, absent):
            extra = {"data": image.body, "headers": {"Content-Type": image.media_type}} if method == "PUT" else {}
            answer = client.request(method, f"/v2/{which}/{path}", **extra)
            headers = {key: value.replace(which, "NAME") for key, value in answer.headers.items()
                       if key not in ("Date", "X-Request-Id")}
            answers.append((answer.status_code, headers, answer.text.replace(which, "NAME")))
        assert answers[0] == answers[1], f"{method} {path}"
        assert answers[0][0] >= 400


def test_v62_t2_outsiders_hear_of_former_private_names_what_they_hear_of_absent_ones(registry, place):
    for account in (place.org.outsider, None):
        alike(registry, account, place.old, f"{place.org.name[:-1]}~/old".replace("~", "0" if place.org.name[-1] != "0" else "1"))
        alike(registry, account, f"{place.org.name}-new/old", f"{place.org.name}-new/dlo")


def test_a_member_without_a_role_cannot_make_a_package_of_a_former_name(registry, place):
    member = registry.client(place.org.member)
    name = f"{place.org.name}-new/old"
    refused(member.get_manifest(name, "v1"), 403, "DENIED", "permission_denied: read_package")
    refused(member.post(f"/v2/{name}/blobs/uploads/"), 403, "DENIED", "permission_denied: create_package")
    member.push_image(f"{place.org.name}-new/another", "v1")


def test_v108_former_names_are_nobody_elses(registry, place):
    for command in (["user", "create", place.org.name.upper(), "--no-password"],
                    ["org", "create", place.org.name, "--owner", place.org.owner.name],
                    ["user", "rename", place.org.outsider.name, place.org.name, "--confirm", place.org.outsider.name]):
        done = registry.run(*command)
        assert done.returncode == 1
        assert f"'{place.org.name}' is a former name of '{place.org.name}-new', and leads there" in done.stderr
    registry.client(place.org.owner).push_image(f"{place.org.name}-new/more", "v1")
    done = registry.run("package", "rename", f"{place.org.name}-new/more", f"{place.org.name}-new/old", "--confirm",
                        f"{place.org.name}-new/more")
    assert done.returncode == 1 and "is a former name of another package" in done.stderr


def test_a_former_name_can_be_had_back(registry):
    org = make_org(registry)
    rename(registry, "org", org.name, org.name + "-new")
    rename(registry, "org", org.name + "-new", org.name)
    rename(registry, "package", org.package, f"{org.name}/tool")
    rename(registry, "package", f"{org.name}/tool", org.package)
    owner = registry.client(org.owner)
    owner.push_image(org.package, "v2")
    for name in (f"{org.name}-new/app", f"{org.name}/tool", f"{org.name}-new/tool"):
        assert owner.tags(name) == ["v1", "v2"]
    kept = [entry["name"] for entry in listed(registry.cli_json("name", "list"), "names")]
    assert org.name not in kept and org.package not in kept
    assert {org.name + "-new", f"{org.name}/tool"} <= set(kept)


def test_an_open_upload_ends_with_its_name(registry):
    org = make_org(registry)
    owner = registry.client(org.owner)
    location = owner.start_upload(org.package)
    succeeded(owner.patch(location, data=b"some bytes", headers={"Content-Type": "application/octet-stream"}), 202)
    rename(registry, "package", org.package, f"{org.name}/tool")
    message = f"permission_denied: renamed to {org.name}/tool"
    refused(owner.get(location), 403, "DENIED", message)
    digest = images.digest_of(b"some bytes")
    refused(owner.put(location, params={"digest": digest}), 403, "DENIED", message)
    moved = location.replace(f"/{org.package}/", f"/{org.name}/tool/")
    refused(owner.get(moved), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(owner.put(moved, params={"digest": digest}), 404, "BLOB_UPLOAD_UNKNOWN")
    assert owner.head_blob(f"{org.name}/tool", digest).status_code == 404


def test_of_two_that_rename_at_the_same_time_one_does(registry):
    for _ in range(5):
        org = make_org(registry)
        done = {}

        def run(new):
            done[new] = registry.run("org", "rename", org.name, new, "--confirm", org.name)

        threads = [threading.Thread(target=run, args=(f"{org.name}-{which}",)) for which in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (new,) = [name for name, process in done.items() if process.returncode == 0]
        (failed,) = [process for process in done.values() if process.returncode != 0]
        assert f"no organization '{org.name}'" in failed.stderr
        succeeded(registry.client(org.owner).get_manifest(org.package, "v1"), 200)
        assert f"{new}/app" in registry.packages()


# Retirement


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A registry that retires names early."""
    from harness import Registry
    server = Registry(tmp_path_factory.mktemp("strict"), {"names.retire_after": "5"}).start()
    yield server
    server.stop()


def popular(registry, times):
    """A public package that was pulled so often by its tag, and looked at in other ways."""
    org = make_org(registry)
    registry.set_visibility(org.package, "public")
    client = registry.client()
    for _ in range(times):
        etag = succeeded(client.get_manifest(org.package, "v1"), 200).headers["ETag"]
    for _ in range(10):
        succeeded(client.head_manifest(org.package, "v1"), 200)
        succeeded(client.get_manifest(org.package, "v1", headers={"If-None-Match": etag}), 304)
        assert client.get_manifest(org.package, "v2").status_code in (401, 404)
    return org


def retired(registry, of):
    return [entry["name"] for entry in listed(registry.cli_json("name", "list"), "names")
            if entry["kind"] == "retired" and entry["of"] == of]


@pytest.mark.parametrize("times", [4, 5])
def test_the_name_of_a_package_that_was_pulled_often_is_retired_when_it_is_deleted(strict, times):
    org = popular(strict, times)
    strict.cli("package", "delete", org.package)
    assert retired(strict, org.name) == ([org.package] if times == 5 else [])
    strict.client(org.member).push_image(org.package, "v1")  # the owner's it stays


@pytest.mark.parametrize("kind, names", [("package", ["ORG/app", "ORG/tool"]), ("org", ["ORG", "ORG-new"])])
def test_a_name_is_retired_when_it_is_left(strict, kind, names):
    org = popular(strict, 5)
    old, new = [name.replace("ORG", org.name) for name in names]
    rename(strict, kind, old, new)
    assert retired(strict, new.split("/")[0]) == [org.package]
    succeeded(strict.client().get_manifest(org.package, "v1"), 200)


def test_v108_nobody_else_makes_a_package_of_a_retired_name(strict):
    org = popular(strict, 5)
    rename(strict, "org", org.name, org.name + "-new")
    strict.cli("name", "release", org.name, "--confirm", org.name)
    strict.cli("org", "create", org.name, "--owner", org.outsider.name)
    thief = strict.client(org.outsider)
    image = images.image(images.config_bytes(), [])
    message = "permission_denied: create_package"
    refused(thief.post(f"/v2/{org.package}/blobs/uploads/"), 403, "DENIED", message)
    refused(thief.put_manifest(org.package, "v1", image), 403, "DENIED", message)
    thief.push_image(f"{org.name}/other", "v1")
    done = strict.run("package", "rename", f"{org.name}/other", org.package, "--confirm", f"{org.name}/other")
    assert done.returncode == 1 and "the name is retired for another owner" in done.stderr
    assert org.package not in strict.packages()
    strict.cli("name", "release", org.package, "--confirm", org.package)
    thief.push_image(org.package, "v1")


def test_v108_nobody_gets_a_retired_name_by_renaming_an_owner(strict):
    org, other = popular(strict, 5), make_org(strict)
    rename(strict, "org", org.name, org.name + "-new")
    strict.cli("name", "release", org.name, "--confirm", org.name)
    done = strict.run("org", "rename", other.name, org.name, "--confirm", other.name)
    assert done.returncode == 1 and f"the name is retired for another owner: {org.package}" in done.stderr
    assert org.package not in strict.packages() and other.package in strict.packages()
    rename(strict, "org", org.name + "-new", org.name)


def test_v108_what_was_pulled_by_a_former_name_of_its_owner_is_retired_by_it(strict):
    org = make_org(strict)
    strict.set_visibility(org.package, "public")
    rename(strict, "org", org.name, org.name + "-new")
    for _ in range(5):
        succeeded(strict.client().get_manifest(org.package, "v1"), 200)
    strict.cli("package", "delete", f"{org.name}-new/app")
    assert retired(strict, org.name + "-new") == [f"{org.name}-new/app", org.package]
    strict.cli("name", "release", org.name, "--confirm", org.name)
    strict.cli("org", "create", org.name, "--owner", org.outsider.name)
    refused(strict.client(org.outsider).post(f"/v2/{org.package}/blobs/uploads/"), 403, "DENIED",
            "permission_denied: create_package")


def test_a_former_name_of_a_popular_package_is_retired_when_it_is_released(strict):
    org = make_org(strict)
    strict.set_visibility(org.package, "public")
    rename(strict, "package", org.package, f"{org.name}/tool")
    for _ in range(5):
        succeeded(strict.client().get_manifest(org.package, "v1"), 200)
    strict.cli("name", "release", org.package, "--confirm", org.package)
    assert retired(strict, org.name) == [org.package]
    assert strict.client().get_manifest(org.package, "v1").status_code in (401, 404)
    strict.cli("name", "release", org.package, "--confirm", org.package)
    assert retired(strict, org.name) == []


def test_private_packages_retire_nothing(strict):
    org = popular(strict, 5)
    strict.set_visibility(org.package, "private")
    strict.cli("package", "delete", org.package)
    assert retired(strict, org.name) == []


def test_pulls_at_the_same_time_are_counted_exactly(strict):
    org = popular(strict, 1)
    paths = ["v1", strict.client().get_manifest(org.package, "v1").headers["Docker-Content-Digest"]]

    def pull(reference):
        client = strict.client()
        for _ in range(100):
            succeeded(client.get_manifest(org.package, reference), 200)

    threads = [threading.Thread(target=pull, args=(paths[i % 2],)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    strict.restart()  # a stop writes down what was counted
    assert strict.packages()[org.package]["pulls"] == 602


def test_names_that_are_kept_are_listed_and_released(fresh):
    registry = fresh()
    alice = registry.user("alice")
    registry.client(alice).push_image("alice/app", "v1")
    rename(registry, "user", "alice", "alicia")
    rename(registry, "package", "alicia/app", "alicia/tool")
    titles, rows = table(registry, "name", "list")
    assert titles == ["NAME", "KIND", "OF", "SINCE"]
    assert [(row["NAME"], row["KIND"], row["OF"]) for row in rows] == [
        ("alice", "owner", "alicia"), ("alicia/app", "package", "alicia/tool")]
    done = registry.run("name", "release", "alice", "--confirm", "bob")
    assert done.returncode == 1 and "the name typed to confirm is another one" in done.stderr
    assert registry.cli_json("name", "release", "ALICE", "--confirm", "ALICE") == {"name": "ALICE", "released": True}
    assert registry.run("name", "release", "alice", "--confirm", "alice").returncode == 1
    other = registry.user("alice")
    registry.client(other).push_image("alice/tool", "v9")
    assert registry.client(other).tags("alice/tool") == ["v9"]
    actions = [(entry["action"], entry["target"], entry["detail"]) for entry in
               listed(registry.cli_json("audit", "list"), "entries")]
    for line in (("user.rename", "alicia", "was alice"), ("package.rename", "alicia/tool", "was alicia/app"),
                 ("name.release", "alice", "alicia")):
        assert line in actions


# Commands


@pytest.mark.parametrize("arguments, status, why", [
    ("org rename ORG ORG-x", 2, "--confirm"),
    ("org rename ORG ORG-x --confirm OWNER", 1, "the name typed to confirm is another one"),
    ("org rename ORG ORG --confirm ORG", 1, "is called that already"),
    ("org rename ORG OWNER --confirm ORG", 1, "is taken"),
    ("org rename ORG a_b --confirm ORG", 1, "a name has 1 to 39"),
    ("org rename OWNER ORG-x --confirm OWNER", 1, "no organization"),
    ("user rename ORG ORG-x --confirm ORG", 1, "no user"),
    ("package rename ORG/app OWNER/app --confirm ORG/app", 1, "a package stays with its owner"),
    ("package rename ORG/app ORG/app --confirm ORG/app", 1, "is called that already"),
    ("package rename ORG/ghost ORG/app --confirm ORG/ghost", 1, "repository name not known"),
    ("package rename ORG/app ORG/App --confirm ORG/app", 1, "invalid repository name"),
    ("name release ghost0 --confirm ghost0", 1, "neither a former nor a retired name"),
    ("org set ORG --creators ghosts", 1, "no team 'ghosts'"),
    ("user set OWNER", 2, "nothing to set"),
    ("user set OWNER --visibility internal", 1, "only packages of organizations can be internal"),
    ("user set OWNER --inherit maybe", 2, "on or off"),
    ("user set ghost0 --inherit on", 1, "no user"),
])
def test_what_cannot_be_is_refused_and_changes_nothing(registry, arguments, status, why):
    org = make_org(registry)
    before = registry.cli_json("audit", "list", "--target", org.name)
    done = registry.run(*org.words(arguments).split())
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("staithe: ") and why in done.stderr
    assert registry.cli_json("audit", "list", "--target", org.name) == before


# Settings


def test_a_users_new_packages_are_what_it_says(registry):
    org = make_org(registry)
    user, client = org.owner, registry.client(org.owner)
    assert registry.cli("user", "set", user.name, "--visibility", "public") == (
        f"user {user.name}: new packages are public; inherit: on\n")
    assert registry.cli_json("user", "set", user.name, "--inherit", "off")["inherit"] is False
    entry = registry.users()[user.name]
    assert (entry["visibility"], entry["inherit"]) == ("public", False)
    source = f"https://forge.example/{user.name}/code"
    registry.cli("repository", "create", f"{user.name}/code", "--url", source)
    client.push_image(f"{user.name}/app", "v1", labels={"org.opencontainers.image.source": source})
    entry = registry.packages()[f"{user.name}/app"]
    assert (entry["visibility"], entry["repository"], entry["inherits"]) == ("public", f"{user.name}/code", False)
    registry.cli("user", "set", user.name, "--visibility", "private", "--inherit", "on")
    client.push_image(f"{user.name}/other", "v1", labels={"org.opencontainers.image.source": source})
    entry = registry.packages()[f"{user.name}/other"]
    assert (entry["visibility"], entry["inherits"]) == ("private", True)


def test_an_organization_says_who_makes_packages(registry):
    org = make_org(registry)
    member = registry.client(org.member)

    def makes(name):
        return member.post(f"/v2/{org.name}/{name}/blobs/uploads/").status_code == 202

    assert makes("one")
    for words in ("team create ORG/makers", "team create ORG/young --parent makers"):
        registry.cli(*org.words(words).split())
    assert registry.cli_json("org", "set", org.name, "--creators", "makers")["creators"] == org.name + "/makers"
    assert not makes("two")
    registry.cli("team", "add", org.name + "/young", org.member.name)
    assert makes("two")
    assert registry.cli("org", "set", org.name, "--creators", "owners").endswith("creators: owners; inherit: on\n")
    assert not makes("three")
    registry.cli("org", "set", org.name, "--creators", org.name + "/makers")
    assert makes("three")
    registry.cli("team", "delete", org.name + "/young")
    registry.cli("team", "delete", org.name + "/makers")
    (entry,) = [entry for entry in listed(registry.cli_json("org", "list"), "organizations") if entry["name"] == org.name]
    assert entry["creators"] == "owners"
    assert not makes("four")
    registry.cli("org", "set", org.name, "--creators", "members")
    assert makes("four")


# The whole


def test_the_example_of_the_document_goes_as_it_says(fresh):
    text = (Path(__file__).resolve().parents[2] / "docs/OPERATING.md").read_text()
    section = text.split("## Names\n")[1].split("\n## ")[0]
    shown = "".join(line[4:] + "\n" for line in section.splitlines() if line.startswith("    "))
    registry = fresh()
    alice = registry.user("alice")
    registry.cli("org", "create", "acme", "--owner", "alice")
    registry.client(alice).push_image("acme/app", "v1")
    done = ""
    for line in shown.splitlines():
        if line.startswith("$ staithe "):
            said = registry.cli(*shlex.split(line)[2:])
            done += line + "\n" + re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-01-31T12:00:00Z", said)
    assert done == shown != ""


def test_nothing_is_broken_after_all_of_it(registry, strict, place):
    for server in (registry, strict):
        assert server.problems("--content") == 0
        with sqlite3.connect(f"file:{server.data}/staithe.db?mode=ro", uri=True) as database:
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            for kind in ("package", "repository"):
                assert database.execute(
                    f"SELECT {kind}.name FROM {kind} JOIN namespace ON namespace.id = namespace_id"
                    f" WHERE substr({kind}.name, 1, length(namespace.name) + 1) <> namespace.name || '/'").fetchall() == []
