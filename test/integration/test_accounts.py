"""Users, tokens, packages and visibility through the command line, beside a running server."""

import json
import os
import stat

import pytest

from harness import images, refused


def refused_command(registry, *arguments, status=1, input=None):
    """The command must fail with the status and a message of the usual form; returns the message."""
    done = registry.run(*arguments, input=input)
    assert done.returncode == status, (arguments, done.returncode, done.stderr)
    assert done.stderr.startswith("staithe: ") and done.stdout == "", (done.stderr, done.stdout)
    return done.stderr


def new_name(prefix="u"):
    return prefix + os.urandom(5).hex()


# The first administrator


def test_first_start_makes_an_administrator_with_a_random_password_shown_once(fresh):
    """I1"""
    registry = fresh()
    (password,) = registry.first_password()
    assert len(password) >= 16
    assert registry.basic("admin", password).get("/v2/").status_code == 200
    assert list(registry.users()) == ["admin"]
    registry.restart()
    assert registry.first_password() == []
    assert registry.basic("admin", password).get("/v2/").status_code == 200


def test_v44_v86_two_registries_have_different_first_passwords(fresh):
    """V1: no default credentials."""
    assert fresh().first_password() != fresh().first_password()


@pytest.mark.parametrize("password", ["", "admin", "password", "staithe", "changeme"])
def test_v44_v86_no_default_password_works(registry, password):
    refused(registry.basic("admin", password).get("/token"), 403, "DENIED", "denied")


def test_data_directory_and_socket_are_private(registry, alice):
    assert stat.S_IMODE(registry.data.stat().st_mode) & 0o077 == 0
    socket = (registry.data / "control.sock").stat()
    assert stat.S_ISSOCK(socket.st_mode) and stat.S_IMODE(socket.st_mode) & 0o177 == 0
    assert stat.S_IMODE((registry.data / "staithe.db").stat().st_mode) & 0o077 == 0


# Users


def test_created_users_are_listed_and_can_sign_in(registry):
    user = registry.user(new_name())
    entry = registry.users()[user.name]
    assert entry["name"] == user.name and not entry["disabled"]
    assert registry.basic(user.name, user.password).get("/v2/").status_code == 200


@pytest.mark.parametrize("name", ["", "with space", "a/b", "-x", "x-", "a--b", "a" * 40, "ä", "v2", "api", "token",
                                  "../x", "a.b", "a_b", "_x"])
def test_invalid_user_names_are_refused(registry, name):
    before = registry.users()
    done = registry.run("user", "create", "--password-stdin", "--", name, input="a fine long password\n")
    assert done.returncode in (1, 2) and done.stderr.startswith("staithe: ")
    assert registry.users() == before


def test_a_taken_name_is_refused_and_the_first_user_stays(registry):
    user = registry.user(new_name())
    message = refused_command(registry, "user", "create", user.name, "--password-stdin", input="another password\n")
    assert user.name in message
    assert registry.basic(user.name, user.password).get("/v2/").status_code == 200


@pytest.mark.parametrize("password", ["", "short", "1234567", "password", "12345678"])
def test_weak_passwords_are_refused(registry, password):
    name = new_name()
    refused_command(registry, "user", "create", name, "--password-stdin", input=password + "\n")
    assert name not in registry.users()


def test_a_new_password_ends_the_old_one(registry):
    user = registry.user(new_name())
    bearer = registry.client(user, user.password).token()
    registry.cli("user", "set-password", user.name, "--password-stdin", input="entirely new words\n")
    registry.secrets.append("entirely new words")
    refused(registry.basic(user.name, user.password).get("/token"), 403, "DENIED", "denied")
    assert registry.basic(user.name, "entirely new words").get("/v2/").status_code == 200
    refused(registry.bearer(bearer).get("/v2/"), 401, "UNAUTHORIZED")
    assert registry.basic(user.name, user.token).get("/v2/").status_code == 200


def test_a_disabled_user_can_be_enabled_again(registry):
    user = registry.user(new_name())
    registry.cli("user", "disable", user.name)
    assert registry.users()[user.name]["disabled"]
    assert registry.basic(user.name, user.token).get("/v2/").status_code == 401
    registry.cli("user", "enable", user.name)
    assert registry.basic(user.name, user.token).get("/v2/").status_code == 200


@pytest.mark.parametrize("command", [
    ("user", "disable"), ("user", "enable"), ("user", "set-password", "--password-stdin"), ("token", "list")])
def test_commands_on_unknown_users_fail_and_name_them(registry, command):
    assert "nobody-here" in refused_command(registry, *command, "nobody-here", input="a fine long password\n")


def test_a_user_without_a_password_can_use_tokens_only(registry):
    name = new_name()
    registry.cli("user", "create", name, "--no-password")
    secret = registry.token(name)
    assert registry.basic(name, secret).get("/v2/").status_code == 200
    refused(registry.basic(name, "").get("/token"), 403, "DENIED", "denied")


def test_a_name_without_a_user_is_no_namespace(registry):
    user = registry.user(new_name())
    other = new_name()
    refused(registry.client(user).post(f"/v2/{other}/x/blobs/uploads/"), 403, "DENIED")
    created = registry.user(other)
    registry.client(created).push_image(f"{other}/x", "v1")


# Tokens


def test_v52_tokens_are_listed_without_their_secret(registry):
    user = registry.user(new_name())
    secret = registry.token(user.name, "read:packages", name="ci")
    entry = registry.tokens(user.name)[-1]
    assert entry["name"] == "ci" and "read:packages" in json.dumps(entry["scopes"])
    assert secret[4:] not in json.dumps(registry.tokens(user.name))


@pytest.mark.parametrize("scopes", ["", "read", "admin:enterprise", "ADMIN:ORG", "read:packages,", "read:packages,x", "READ:PACKAGES", "*"])
def test_unknown_scopes_are_refused(registry, alice, scopes):
    before = registry.tokens(alice.name)
    done = registry.run("token", "create", alice.name, "--scopes", scopes)
    assert done.returncode in (1, 2) and done.stderr.startswith("staithe: ") and "stp_" not in done.stdout
    assert len(registry.tokens(alice.name)) == len(before)


@pytest.mark.parametrize("expires", ["x", "-1d", "1.5h", "", "99999999999999d"])
def test_malformed_expiry_is_refused(registry, alice, expires):
    done = registry.run("token", "create", alice.name, "--scopes", "read:packages", "--expires", expires)
    assert done.returncode in (1, 2) and "stp_" not in done.stdout


def test_v38_v43_t11_tokens_are_stored_as_hashes_only(fresh):
    """I3, T11"""
    registry = fresh()
    user = registry.user("alice")
    registry.client(user).push_image("alice/app", "v1")
    registry.stop()
    for path in registry.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in registry.secrets:
                assert secret.encode() not in content, path


def test_a_revoked_token_is_listed_as_such_or_no_more(registry):
    user = registry.user(new_name())
    (token,) = registry.tokens(user.name)
    registry.cli("token", "revoke", str(token["id"]))
    assert all(entry["revoked"] for entry in registry.tokens(user.name))
    assert registry.basic(user.name, user.token).get("/v2/").status_code == 401
    assert registry.basic(user.name, user.password).get("/v2/").status_code == 200


@pytest.mark.parametrize("token", ["0", "999999", "x", "-1", ""])
def test_revoking_what_is_not_there_fails(registry, token):
    assert registry.run("token", "revoke", "--", token).returncode in (1, 2)


# Packages


def test_package_list_shows_counts_and_visibility(registry, owner, package):
    first = owner.push_image(package, "v1", "v2", layer_sizes=(1000, 100_000))
    owner.push_manifest(package, images.index([first]), "multi")
    entry = registry.packages()[package]
    assert (entry["visibility"], entry["versions"], entry["tags"]) == ("private", 2, 3)
    assert entry["bytes"] > 101_000


def test_package_list_of_one_owner(registry, owner, outsider, bob, package):
    owner.push_image(package, "v1")
    outsider.push_image("bob/listed", "v1")
    answer = registry.cli_json("package", "list", "bob")
    names = [entry["name"] for entry in (answer["packages"] if isinstance(answer, dict) else answer)]
    assert "bob/listed" in names and all(name.startswith("bob/") for name in names)


@pytest.mark.parametrize("visibility", ["", "secret", "Public", "PRIVATE"])
def test_unknown_visibility_is_refused(registry, owner, package, visibility, unchanged):
    owner.push_image(package, "v1")
    with unchanged(package):
        assert registry.run("package", "set", package, "--visibility", visibility, "--confirm", package).returncode in (1, 2)


def test_commands_on_absent_packages_fail(registry, alice):
    for command in (("package", "delete", "alice/nowhere"),
                    ("package", "set", "alice/nowhere", "--visibility", "public", "--confirm", "alice/nowhere")):
        refused_command(registry, *command)


def test_v108_a_deleted_package_is_gone_and_its_name_can_be_used_again(registry, owner, package):
    old = owner.push_image(package, "v1")
    sibling = package + "-sibling"
    kept = owner.push_image(sibling, "v1")
    registry.set_visibility(package, "public")
    registry.cli("package", "delete", package)
    assert package not in registry.packages()
    refused(owner.get(f"/v2/{package}/tags/list"), 404, "NAME_UNKNOWN")
    assert owner.get_manifest(package, old.digest).status_code == 404
    assert owner.get_manifest(sibling, "v1").content == kept.body
    owner.push_image(package, "v2")
    assert registry.packages()[package]["visibility"] == "private"
    assert owner.tags(package) == ["v2"]
    assert registry.problems() == 0


# The command line itself

COMMANDS = [(), ("serve",), ("user",), ("user", "create"), ("user", "list"), ("user", "set-password"), ("user", "disable"),
            ("user", "enable"), ("token",), ("token", "create"), ("token", "list"), ("token", "revoke"),
            ("package",), ("package", "list"), ("package", "set"), ("package", "delete"), ("fsck",),
            ("gc",), ("config",), ("config", "check"), ("config", "show"), ("version",)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_on_standard_output(registry, command):
    done = registry.plain(*command, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "staithe" in done.stdout and len(done.stdout.splitlines()) >= 2


@pytest.mark.parametrize("arguments", [
    ("nonsense",), ("user", "nonsense"), ("user", "create"), ("user", "list", "--nonsense"), ("token", "create"),
    ("package", "set"), ("gc", "extra", "words"), ("--nonsense",)])
def test_wrong_usage_is_status_2_with_a_message(registry, arguments):
    done = registry.plain(*arguments)
    assert done.returncode == 2 and done.stderr.startswith("staithe: ") and done.stdout == ""


def test_version_is_plain_and_json(registry):
    assert registry.plain("version").stdout.startswith("staithe ")
    assert json.loads(registry.plain("version", "--json").stdout)["version"]


def test_commands_work_without_a_running_server_too(fresh):
    registry = fresh()
    registry.stop()
    user = registry.user("alice")
    assert set(registry.users()) == {"admin", "alice"}
    assert registry.problems() == 0
    registry.collect()
    registry.start()
    client = registry.client(user)
    pushed = client.push_image("alice/app", "v1")
    registry.stop()
    registry.set_visibility("alice/app", "public")
    registry.start()
    assert registry.client().get_manifest("alice/app", "v1").content == pushed.body


def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(registry, alice):
    done = registry.run("serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and done.stderr
    assert registry.basic(alice.name, alice.token).get("/v2/").status_code == 200


def test_commands_on_a_directory_without_a_registry_fail(registry, tmp_path):
    for command in (("user", "list"), ("fsck",), ("package", "list")):
        done = registry.plain(*command, "--data", str(tmp_path / "nothing"))
        assert done.returncode == 1 and done.stderr.startswith("staithe: ")
    assert not (tmp_path / "nothing").exists()
