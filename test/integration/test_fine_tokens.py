"""Tokens that are confined to packages and to addresses: the command line, and what they open from where."""

import contextlib
import http.client
import os
import re
import shlex
from pathlib import Path

import pytest

from harness import images, refused
from harness.client import succeeded
from harness.server import Account
from test_command_line import table
from test_mount import began_an_upload, mount

HERE, THERE = "203.0.113.9", "198.51.100.1"
PATTERN = "permission_denied: The token provided is for other packages."
ADDRESS = "permission_denied: The token provided is not good from this address."
SOURCE = "org.opencontainers.image.source"
ROOT = Path(__file__).resolve().parents[2]


def client(registry, name, **bounds):
    """A client with such a token of the user."""
    return registry.client(Account(name, "", registry.token(name, **bounds)))


def only(package):
    """Patterns for that package and what begins with its name."""
    return f"{package},{package}-*"


# The command line


def test_a_token_is_listed_with_what_it_is_confined_to(registry):
    name = "u" + os.urandom(5).hex()
    registry.cli("user", "create", name, "--no-password")
    made = registry.cli_json("token", "create", "--user", name, "--scopes", "read:packages", "--packages", "acme/app-*,acme/base",
                             "--addresses", "192.0.2.0/24,2001:0DB8::/32,192.0.2.7/32", "--name", "both", "--expires", "30d")
    registry.secrets.append(made["token"])
    assert (made["packages"], made["addresses"]) == ("acme/app-*,acme/base", "192.0.2.0/24,2001:db8::/32,192.0.2.7")
    registry.token(name)
    both, free = registry.tokens(name)
    assert {key: value for key, value in made.items() if key != "token"} == both
    assert (free["packages"], free["addresses"]) == (None, None)
    titles, rows = table(registry, "token", "list", name)
    assert titles == ["ID", "USER", "NAME", "SCOPES", "CREATED", "EXPIRES", "USED", "REVOKED", "PACKAGES", "ADDRESSES"]
    assert [(row["PACKAGES"], row["ADDRESSES"]) for row in rows] == [(both["packages"], both["addresses"]), ("-", "-")]
    (entry,) = [entry for entry in registry.cli_json("audit", "list", "--target", name)["entries"]
                if entry["action"] == "token.create" and "both" in entry["detail"]]
    assert entry["detail"] == (f"token {both['id']}, read:packages, for acme/app-*,acme/base, "
                               "from 192.0.2.0/24,2001:db8::/32,192.0.2.7, both")


@pytest.mark.parametrize("flag, value, problem", [
    ("packages", "", "'' is no pattern of package names"),
    ("packages", "acme/app,", "'' is no pattern"),
    ("packages", "acme/app,acme", "'acme' is no pattern"),
    ("packages", "*", "'*' is no pattern"),
    ("packages", "acme/App", "'acme/App' is no pattern"),
    ("packages", "acme/app, acme/base", "' acme/base' is no pattern"),
    ("packages", "acme/[a-z]", "'acme/[a-z]' is no pattern"),
    ("packages", "acme/" + "x" * 252, "at most 256 bytes"),
    ("packages", ",".join(["acme/app"] * 33), "at most 32 patterns"),
    ("addresses", "", "'' is no address"),
    ("addresses", "192.0.2.0/24,build.example.com", "'build.example.com' is no address"),
    ("addresses", "192.0.2.7/24", "'192.0.2.7/24' is no address"),
    ("addresses", "192.0.2.0/33", "'192.0.2.0/33' is no address"),
    ("addresses", "::1/129", "'::1/129' is no address"),
    ("addresses", "0x7f.0.0.1", "'0x7f.0.0.1' is no address"),
    ("addresses", ",".join(["::1"] * 33), "at most 32 ranges"),
])
def test_what_confines_to_nothing_that_can_be_is_refused_by_name(registry, alice, flag, value, problem):
    before = registry.tokens(alice.name)
    done = registry.run("token", "create", "--user", alice.name, "--scopes", "read:packages", f"--{flag}={value}")
    assert (done.returncode, done.stdout) == (1, "") and problem in done.stderr
    assert registry.tokens(alice.name) == before


@pytest.mark.parametrize("value", [",".join(["acme/app"] * 32), "acme/" + "x" * 251, "**", "a?me/**/b"])
def test_as_much_as_is_allowed_is_taken(registry, alice, value):
    registry.token(alice.name, packages=value)
    assert registry.tokens(alice.name)[-1]["packages"] == value


# Packages


def test_a_token_for_some_packages_opens_these_and_no_others(registry, owner, package):
    other = package + "x"
    for name in (package, other):
        owner.push_image(name, "v1")
    bound = client(registry, "alice", packages=only(package))
    assert bound.tags(package) == ["v1"]
    bound.push_image(package, "v2")
    bound.push_image(package + "-new", "v1")
    refused(bound.get(f"/v2/{other}/tags/list"), 403, "DENIED", PATTERN)
    refused(bound.post(f"/v2/{other}/blobs/uploads/"), 403, "DENIED", PATTERN)
    refused(bound.delete(f"/v2/{other}/manifests/v1"), 403, "DENIED", PATTERN)
    assert owner.tags(other) == ["v1"]


def test_others_are_denied_alike_whether_they_are_there_or_not(registry, owner, package):
    owner.push_image(package, "v1")
    bound = client(registry, "alice", packages="alice/none-of-them")
    seen = [bound.get(f"/v2/{name}/tags/list") for name in (package, package + "-absent")]
    assert seen[0].content == seen[1].content and seen[0].status_code == 403


def test_what_is_public_is_read_with_every_token_and_not_written(registry, owner, package):
    owner.push_image(package, "v1")
    registry.set_visibility(package, "public")
    bound = client(registry, "alice", packages="alice/none-of-them", addresses="192.0.2.0/24")
    assert bound.tags(package) == ["v1"]
    refused(bound.put_manifest(package, "v2", images.index([])), 403, "DENIED", ADDRESS)


def test_the_catalog_has_what_the_token_is_for_and_what_is_public_whatever_the_page(fresh):
    registry = fresh()
    alice = registry.user("alice")
    owner = registry.client(alice)
    names = [f"alice/{kind}{n:02}" for n in range(14) for kind in ("app", "lib", "open", "zoo")]
    for name in names:
        owner.push_manifest(name, images.index([]), "v1")
        if "open" in name:
            registry.set_visibility(name, "public")
    bound = client(registry, "alice", packages="alice/app*,alice/zoo1?,none/*")
    elsewhere = client(registry, "alice", addresses="192.0.2.0/24")
    want = sorted(name for name in names if re.match("alice/(app|open|zoo1)", name))
    for n in (1, 2, 5, 1000):
        for who, seen in ((bound, want), (elsewhere, sorted(name for name in names if "open" in name)), (owner, sorted(names))):
            pages = list(who.pages(f"/v2/_catalog?n={n}", "repositories"))
            assert [name for page in pages for name in page] == seen
            assert all(len(page) == n for page in pages[:-1])


def test_v64_a_mount_takes_its_source_only_from_what_the_token_is_for(registry, owner, package):
    bound = client(registry, "alice", packages=only(package))
    for source, mounted in ((package + "-source", True), (package + "x", False)):
        data, target = os.urandom(1000), f"{package}-{os.urandom(4).hex()}"
        digest = owner.push_blob(source, data)
        assert mount(owner, f"alice/m{os.urandom(4).hex()}", digest, source).status_code == 201
        owner.push_blob(package + "y", data)  # what a token for everything would find
        digest = owner.push_blob(source, other := os.urandom(1000))
        response = mount(bound, target, digest, source)
        if mounted:
            succeeded(response, 201)
        else:
            began_an_upload(bound, target, response, other)


def test_v64_a_mount_without_a_source_looks_only_at_what_the_token_is_for(registry, owner, package):
    data, found = os.urandom(1000), os.urandom(1000)
    hidden = owner.push_blob(package + "x", data)
    seen = owner.push_blob(package + "-source", found)
    bound = registry.basic("alice", registry.token("alice", packages=only(package)))
    began_an_upload(bound, package, mount(bound, package, hidden), data)
    succeeded(mount(bound, package, seen), 201)
    refused(mount(bound, package + "x", seen), 403, "DENIED", PATTERN)


def test_patterns_are_of_packages_and_do_not_keep_a_push_from_linking(registry, owner, package):
    source = f"alice/code-{os.urandom(4).hex()}"
    registry.cli("repository", "create", source, "--url", f"https://forge.example/{source}")
    client(registry, "alice", packages=package).push_image(package, "v1", labels={SOURCE: f"https://forge.example/{source}"})
    assert registry.packages()[package]["repository"] == source


# Addresses


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """A server behind a proxy on this machine, with a user whose token is good from HERE alone, and its package."""
    from harness.server import Registry

    registry = Registry(tmp_path_factory.mktemp("proxied"), {"http.trusted_proxies": "127.0.0.1"}).start()
    registry.alice = registry.user("alice")
    registry.client(registry.alice).push_image("alice/app", "v1")
    registry.bound = registry.token("alice", addresses=f"192.0.2.0/24,{HERE}")
    yield registry
    registry.stop()


def came_from(address):
    return {"X-Forwarded-For": address} if address else {}


def list_tags(registry, authorization, address, package="alice/app"):
    return registry.bare().send("GET", f"/v2/{package}/tags/list", authorization=authorization, headers=came_from(address))


def bearer(registry, secret, address, scope="repository:alice/app:pull,push"):
    answer = registry.bare().send("GET", "/token", params={"scope": scope}, auth=("x", secret), headers=came_from(address))
    return "Bearer " + succeeded(answer, 200).json()["token"]


@pytest.mark.parametrize("address, good", [
    (HERE, True), ("192.0.2.1", True), ("192.0.2.255", True), (f"{THERE}, {HERE}", True), ("::ffff:192.0.2.1", True),
    (THERE, False), (None, False), ("192.0.3.0", False), (f"{HERE}, {THERE}", False), ("2001:db8::1", False),
    ("unknown", False), (HERE + ":1234", False),
])
def test_v65_v79_a_token_is_good_from_its_addresses_alone(proxied, address, good):
    for _ in range(2):  # the second time it is remembered
        for authorization in (f"Bearer {proxied.bound}", bearer(proxied, proxied.bound, address)):
            response = list_tags(proxied, authorization, address)
            assert response.status_code == 200 if good else refused(response, 403, "DENIED", ADDRESS)


@pytest.mark.parametrize("lines, status", [((HERE, THERE), 403), ((THERE, HERE), 200), ((HERE, HERE, THERE), 403)])
def test_v68_t23_a_line_of_the_client_s_own_does_not_choose_its_address(proxied, lines, status):
    """V68, T23: behind a proxy that adds a line, and leaves those that came"""
    connection = http.client.HTTPConnection(*proxied.address, timeout=30)
    with contextlib.closing(connection):
        connection.putrequest("GET", "/v2/alice/app/tags/list")
        connection.putheader("Authorization", f"Bearer {proxied.bound}")
        for line in lines:
            connection.putheader("X-Forwarded-For", line)
        connection.endheaders()
        assert connection.getresponse().status == status


def test_a_bearer_token_is_good_from_where_the_token_it_came_from_is(proxied):
    made_there, made_here = (bearer(proxied, proxied.bound, address) for address in (THERE, HERE))
    for token in (made_there, made_here):
        for address, status in ((HERE, 200), (THERE, 403), (HERE, 200)):
            assert list_tags(proxied, token, address).status_code == status


def test_a_refresh_token_is_good_from_where_the_token_it_came_from_is(proxied):
    form = {"service": proxied.host, "client_id": "tests", "grant_type": "password", "username": "alice",
            "password": proxied.bound, "access_type": "offline"}
    refresh = succeeded(proxied.bare().send("POST", "/token", data=form, headers=came_from(HERE)), 200).json()["refresh_token"]
    form = {"service": proxied.host, "client_id": "tests", "grant_type": "refresh_token", "refresh_token": refresh,
            "scope": "repository:alice/app:pull"}
    for asked_from in (HERE, THERE):
        answer = succeeded(proxied.bare().send("POST", "/token", data=form, headers=came_from(asked_from)), 200)
        token = "Bearer " + answer.json()["access_token"]
        assert list_tags(proxied, token, HERE).status_code == 200
        refused(list_tags(proxied, token, THERE), 403, "DENIED", ADDRESS)


def test_a_session_goes_on_only_where_the_token_is_good(proxied):
    token = bearer(proxied, proxied.bound, HERE)
    bare = proxied.bare()
    location = succeeded(bare.send("POST", "/v2/alice/app/blobs/uploads/", authorization=token, headers=came_from(HERE)),
                         202).headers["Location"]
    refused(bare.send("PATCH", location, data=b"x", authorization=token, headers=came_from(THERE)), 403, "DENIED", ADDRESS)
    succeeded(bare.send("PATCH", location, data=b"x", authorization=token, headers=came_from(HERE)), 202)
    refused(bare.send("DELETE", location, authorization=token, headers=came_from(THERE)), 403, "DENIED", ADDRESS)


def test_a_public_package_is_read_from_everywhere(proxied):
    proxied.client(proxied.alice).push_image("alice/open", "v1")
    proxied.set_visibility("alice/open", "public")
    token = bearer(proxied, proxied.bound, THERE, "repository:alice/open:pull")
    for authorization in (token, f"Bearer {proxied.bound}"):
        assert list_tags(proxied, authorization, THERE, "alice/open").status_code == 200


def test_metrics_are_not_for_confined_tokens_of_site_administrators(proxied):
    proxied.user("operator", admin=True)
    for bounds, address, status in (({}, THERE, 200), ({"addresses": HERE}, HERE, 200), ({"addresses": HERE}, THERE, 403),
                                    ({"packages": "**"}, THERE, 403)):
        secret = proxied.token("operator", **bounds)
        answer = proxied.bare().send("GET", "/metrics", auth=("x", secret), headers=came_from(address))
        assert answer.status_code == status, bounds


def test_revocation_and_expiry_end_a_confined_token_as_any_other(proxied):
    secret = proxied.token("alice", packages="alice/*", addresses=HERE)
    token = bearer(proxied, secret, HERE)
    assert list_tags(proxied, token, HERE).status_code == 200
    proxied.cli("token", "revoke", str(proxied.tokens("alice")[-1]["id"]))
    for authorization in (token, f"Bearer {secret}"):
        assert list_tags(proxied, authorization, HERE).status_code == 401


# Explanations


def explain(registry, *more, user="alice", action="write", package="alice/app"):
    return registry.cli_json("access", "explain", "--package", package, "--user", user, "--action", action, *more)


def test_an_explanation_is_what_the_server_does_with_the_token(proxied):
    for bounds in ({"packages": "alice/lib"}, {"addresses": HERE}, {"packages": "alice/a??", "addresses": HERE},
                   {"scopes": "delete:packages"}):
        secret = proxied.token("alice", **bounds)
        number = str(proxied.tokens("alice")[-1]["id"])
        for address in (HERE, THERE):
            told = explain(proxied, "--token", number, "--from", address, action="read")
            assert told["allowed"] == (list_tags(proxied, f"Bearer {secret}", address).status_code == 200)
            assert told["token"] == proxied.tokens("alice")[-1] | {"last_used": told["token"]["last_used"]}
            assert told["from"] == address
    told = explain(proxied, "--token", number)
    assert (told["rule"], told["from"], told["token_ended"]) == ("scope", None, False)


def test_an_ended_token_is_told_of(proxied):
    proxied.token("alice")
    number = str(proxied.tokens("alice")[-1]["id"])
    proxied.cli("token", "revoke", number)
    assert explain(proxied, "--token", number)["token_ended"] is True
    said = proxied.cli("access", "explain", "--package", "alice/app", "--user", "alice", "--action", "read", "--token", number)
    assert "that token has expired or was revoked" in said


@pytest.mark.parametrize("more, status, problem", [
    ("--user alice --token 999999", 1, "'alice' has no token with id 999999"),
    ("--user operator2 --token 1", 1, "'operator2' has no token with id 1"),
    ("--user alice --token x", 2, "--token: 'x' is not a number"),
    ("--user alice --token 0", 2, "--token: '0' is not a number"),
    ("--anonymous --token 1", 2, "--token goes with --user"),
    ("--user alice --from 192.0.2.1", 2, "--from goes with --token"),
    ("--user alice --token 1 --from home", 1, "'home' is no address"),
    ("--user alice --token 1 --from 192.0.2.0/24", 1, "'192.0.2.0/24' is no address"),
])
def test_what_cannot_be_explained_is_said(proxied, more, status, problem):
    if "operator2" in more:
        proxied.cli("user", "create", "operator2", "--no-password")
    done = proxied.run("access", "explain", "--package", "alice/app", "--action", "read", *more.split())
    assert done.returncode == status and problem in done.stderr


def replay(section, registry, before=()):
    """What docs/OPERATING.md shows, and what the program says; before maps the start of a command to what happens first."""
    text = (ROOT / "docs/OPERATING.md").read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    shown = "".join(line[4:] + "\n" for line in text.splitlines() if line.startswith("    "))
    done = ""
    for line in shown.splitlines():
        for start, act in before:
            if line.startswith("$ staithe " + start):
                act()
        if line.startswith("$ staithe "):
            done += line + "\n" + registry.cli(*shlex.split(line)[2:])
    return shown, re.sub(r"stp_\w{36}", "stp_...", done)


def test_the_example_of_the_document_goes_as_it_says(fresh):
    registry = fresh()
    registry.cli("user", "create", "alice", "--no-password")
    shown, said = replay("Tokens", registry)
    assert said == shown != ""
