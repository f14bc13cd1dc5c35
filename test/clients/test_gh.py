"""gh, GitHub's command line: `gh api` with this server as its GitHub Enterprise host.

It speaks HTTPS to GH_HOST; plain HTTP takes the whole address in place of the path.
"""
import json
import os
import subprocess

import pytest

from conftest import PATH
from harness import Registry, images
from harness.tls import certificate

pytestmark = [pytest.mark.needs("gh", root=False),
              pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]


class Gh:
    def __init__(self, server, account, home):
        self.server = server
        self.account = account
        self.env = {"PATH": PATH, "HOME": str(home), "GH_HOST": server.host, "GH_ENTERPRISE_TOKEN": account.token,
                    "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1", "SSL_CERT_FILE": str(home / "cert.pem")}

    def run(self, *words, **env):
        return subprocess.run(["gh", "api", *words], env={**self.env, **env}, capture_output=True, text=True, timeout=60)

    def __call__(self, *words):
        """Must succeed; returns what it prints."""
        done = self.run(*words)
        assert done.returncode == 0, f"gh api {words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def lines(self, *words):
        return self(*words).split()

    def refused(self, message, *words, **env):
        """Must fail, and say the server's message."""
        done = self.run(*words, **env)
        assert done.returncode != 0 and f"gh: {message}" in done.stderr, done
        return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["TLS", "plain"])
def gh(request, place):
    """alice's, with 120 packages, one with a slash in its name and three versions."""
    folder = place / request.param
    folder.mkdir()
    server = Registry(folder / "registry", certificate(folder) if request.param == "TLS" else None).start()
    alice = server.user("alice")
    client = server.client(alice)
    for number in range(119):
        client.push_blob(f"alice/p{number:03}", images.EMPTY_JSON)
        client.push_manifest(f"alice/p{number:03}", images.document(
            images.OCI_MANIFEST, config=images.descriptor(images.EMPTY_JSON, images.OCI_EMPTY), layers=[]), "v1")
    for tag in ("v1", "v2", "v3"):
        client.push_image("alice/b/c", tag)
    yield Gh(server, alice, folder)
    server.stop()


@pytest.fixture
def at(gh):
    """The address of a path, as this gh wants it."""
    return lambda path: path if gh.server.url.startswith("https:") else f"{gh.server.url}/api/v3{path}"


def pulls(gh, tag):
    return gh.server.client(gh.account).get_manifest("alice/b/c", tag).status_code == 200


def test_paginate_lists_all_packages(gh, at):
    for owner in ("/users/alice", "/user"):
        names = gh.lines(at(f"{owner}/packages?package_type=container"), "--paginate", "--jq", ".[].name")
        assert names == ["b/c", *(f"p{number:03}" for number in range(119))]


def test_a_version_is_deleted_and_restored(gh, at):
    versions = at("/users/alice/packages/container/b%2Fc/versions")
    (number,) = gh.lines(versions, "--paginate", "--jq", '.[] | select(.metadata.container.tags == ["v1"]).id')
    assert gh("--method", "DELETE", f"{versions}/{number}") == ""
    assert not pulls(gh, "v1") and pulls(gh, "v2")
    assert gh.lines(f"{versions}?state=deleted", "--jq", ".[].id") == [number]
    assert gh("--method", "POST", f"{versions}/{number}/restore") == ""
    assert pulls(gh, "v1")


def test_a_package_is_deleted_and_restored(gh, at):
    package = at("/user/packages/container/b%2Fc")
    assert gh("--method", "DELETE", package) == ""
    assert not pulls(gh, "v1")
    gh.refused("Package not found. (HTTP 404)", package)
    assert gh("--method", "POST", f"{package}/restore") == ""
    assert pulls(gh, "v1") and pulls(gh, "v3")


def test_refusals_are_told_in_the_server_s_words(gh, at):
    said = gh.refused("Bad credentials (HTTP 401)", at("/user"), GH_ENTERPRISE_TOKEN="stp_wrong")
    assert said["message"] == "Bad credentials" and said["status"] == "401"
    package = at("/users/alice/packages/container/p000")
    (number,) = gh.lines(f"{package}/versions", "--jq", ".[].id")
    gh.refused("You cannot delete the last tagged version of a package. You must delete the package instead. (HTTP 400)",
               "--method", "DELETE", f"{package}/versions/{number}")
    gh.refused("Package version not found. (HTTP 404)", "--method", "DELETE", f"{package}/versions/4000000000")


def test_a_deletion_with_fields_is_refused(gh, at):
    """gh sends the fields as a body."""
    package = at("/users/alice/packages/container/p001")
    done = gh.run("--method", "DELETE", package, "-f", "a=b")
    assert done.returncode != 0 and "Invalid request." in done.stderr and "(HTTP 422)" in done.stderr
    assert json.loads(gh(package))["name"] == "p001"
