"""Passwords: which are accepted, what guessing costs, and that a disabled user's uploads end."""

import contextlib
import http.client
import os
import re
import secrets
import sqlite3
import string
import time
import zlib

import pytest

from harness import images, raw, refused
from harness.client import succeeded
from harness.server import basic_header

RIGHT = "a right and long passphrase"


def new_name(prefix="u"):
    return prefix + os.urandom(5).hex()


def create(registry, name, password, *more):
    return registry.run("user", "create", name, "--password-stdin", *more, input=password + "\n")


# Rules


@pytest.mark.parametrize("password", [
    "", "7 chars", "ääää", "password", "PASSWORD", "12345678", "sunshine", "1q2w3e4r5t", "liverpool", "Staithe1", "staithe2026",
    "dockerdocker", "admin123", "longlogin", "LongLogin", "longlogin1", "12longlogin34", "x" * 1025])
def test_v55_easily_guessed_passwords_are_refused(registry, password):
    done = create(registry, "longlogin", password)
    assert done.returncode == 1 and done.stderr.startswith("staithe: ") and len(done.stderr.splitlines()) == 1
    assert "longlogin" not in registry.users()


@pytest.mark.parametrize("password", ["qzvkwtpj", "QZVKWTPJ", "93751846", "8 chars!", "ein Satz mit Umlauten: äöüß", "x" * 64,
                                      "y" * 1024])
def test_v55_no_kind_of_character_is_asked_for_and_64_and_more_are_taken(registry, password):
    name = new_name()
    assert create(registry, name, password).returncode == 0
    assert registry.basic(name, password).get("/v2/").status_code == 200
    assert registry.basic(name, password[:-1]).get("/v2/").status_code == 401


def test_v55_below_fifteen_characters_comes_with_advice_that_is_in_no_program_s_way(registry):
    name = new_name()
    made = create(registry, name, "fourteen chars", "--json")
    changed = registry.run("user", "set-password", name, "--password-stdin", input="fourteen_chars\n")
    for done in (made, changed):
        assert done.returncode == 0
        assert re.fullmatch("staithe: advice: [^\n]*15[^\n]*\n", done.stderr)
        assert "advice" not in done.stdout
    fine = registry.run("user", "set-password", name, "--password-stdin", input="fifteen letters\n")
    assert (fine.returncode, fine.stderr) == (0, "")


# Guessing


def ask(registry, user, secret, source="127.0.0.1", path="/token", forwarded=None):
    """(status, headers, body) of one request with Basic authentication from that address of this machine."""
    host, port = registry.address
    connection = http.client.HTTPConnection(host, port, timeout=30, source_address=(source, 0))
    headers = {"Authorization": basic_header(user, secret), **({"X-Forwarded-For": forwarded} if forwarded else {})}
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def guess(registry, user, **options):
    return ask(registry, user, f"wrong-{os.urandom(8).hex()}", **options)


def guess_until(registry, user, wait, **options):
    """Guess until the next attempt has to wait that long; the statuses that came."""
    statuses = []
    deadline = time.monotonic() + 60
    while True:
        status, headers, _ = guess(registry, user, **options)
        statuses.append(status)
        if status == 429 and int(headers["Retry-After"]) >= wait:
            return statuses
        assert time.monotonic() < deadline, statuses[-20:]


@pytest.fixture
def guarded(fresh):
    """A server with the default limits, behind a proxy on this machine, and a user."""
    registry = fresh({"http.trusted_proxies": "127.0.0.1"})
    registry.alice = registry.user("alice")
    return registry


def test_t12_guesses_are_free_at_first_then_refused_with_the_time_to_wait(guarded):
    statuses = guess_until(guarded, "alice", 4)
    assert statuses[:5] == [403] * 5 and set(statuses) == {403, 429}
    answer = guarded.basic("alice", "wrong again").get("/token")
    refused(answer, 429, "TOOMANYREQUESTS", "too many failed attempts to sign in; try again later")
    assert 1 <= int(answer.headers["Retry-After"]) <= 8
    refused(guarded.basic("alice", "wrong again").get("/v2/"), 429, "TOOMANYREQUESTS")


def test_t12_the_right_password_has_to_wait_as_well_and_no_longer_than_was_said(guarded):
    guess_until(guarded, "alice", 2)
    status, headers, _ = ask(guarded, "alice", guarded.alice.password)
    deadline = time.monotonic() + int(headers["Retry-After"]) + 5
    assert status == 429
    while status == 429:
        assert time.monotonic() < deadline, "still waiting"
        status, headers, _ = ask(guarded, "alice", guarded.alice.password)
    assert status == 200


def test_t12_the_owner_gets_in_where_he_was_before_while_others_guess(guarded):
    password = guarded.alice.password
    assert ask(guarded, "alice", password, source="127.0.0.2")[0] == 200
    guess_until(guarded, "alice", 4)
    guarded.cli("user", "disable", "alice")  # what was verified is verified anew
    guarded.cli("user", "enable", "alice")
    assert ask(guarded, "alice", password, source="127.0.0.3")[0] == 429
    assert ask(guarded, "alice", password, source="127.0.0.2")[0] == 200


def test_t12_tokens_are_never_slowed_by_guesses(guarded):
    guess_until(guarded, "alice", 4)
    assert ask(guarded, "alice", guarded.alice.token)[0] == 200
    bearer = guarded.client(guarded.alice).token()
    assert guarded.bearer(bearer).get("/v2/").status_code == 200


def test_t12_another_address_makes_no_difference_for_an_account(guarded):
    guess_until(guarded, "alice", 4, forwarded="198.51.100.1")
    for n in range(10):
        assert guess(guarded, "alice", forwarded=f"203.0.113.{n}")[0] == 429


def test_t12_an_address_that_tries_many_accounts_has_to_wait(guarded):
    statuses = []
    while 429 not in statuses and len(statuses) < 500:
        statuses.append(guess(guarded, new_name(), forwarded="2001:db8:1:2::1")[0])
    assert statuses[:20] == [403] * 20 and statuses[-1] == 429
    assert guess(guarded, new_name(), forwarded="2001:db8:1:3::1")[0] == 403
    assert ask(guarded, "alice", guarded.alice.password, forwarded="198.51.100.1")[0] == 200


def unknown_token(like):
    """A token of our form that nobody was given, as long as one that somebody was."""
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    body = "stp_" + "".join(secrets.choice(digits) for _ in range(len(like) - 10))
    crc, end = zlib.crc32(body.encode()), ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        end = digits[digit] + end
    return body + end


def test_t12_unknown_tokens_count_for_the_address_alone_and_true_ones_pass(guarded):
    statuses = []
    while 429 not in statuses and len(statuses) < 500:
        statuses.append(ask(guarded, "alice", unknown_token(guarded.alice.token), forwarded="198.51.100.1")[0])
    assert statuses[:20] == [403] * 20 and statuses[-1] == 429
    assert ask(guarded, "alice", guarded.alice.token, forwarded="198.51.100.1")[0] == 200
    assert ask(guarded, "alice", guarded.alice.password, forwarded="198.51.100.2")[0] == 200


def test_t13_names_that_exist_and_that_do_not_are_refused_in_the_same_bytes(guarded):
    def answers(name, address):
        found = {}
        while 429 not in found:
            status, headers, body = guess(guarded, name, forwarded=address)
            for header in ("Date", "X-Request-Id", "Retry-After"):
                headers.pop(header, None)
            found[status] = headers, body
        return found

    guarded.cli("user", "create", "bob", "--no-password")
    guarded.cli("user", "create", "carol", "--no-password")
    guarded.cli("user", "disable", "carol")
    present = answers("alice", "198.51.100.1")
    assert set(present) == {403, 429}
    for n, name in enumerate(["nobody", "bob", "carol", "carlos", "not a name", "x" * 3000]):
        assert answers(name, f"198.51.100.{n + 2}") == present


def test_t12_nothing_is_slowed_where_that_is_switched_off(fresh):
    registry = fresh({"login.free_attempts": "0"})
    assert {guess(registry, "nobody")[0] for _ in range(30)} == {403}


def test_t12_failed_and_delayed_logins_are_logged_and_counted(guarded):
    secret = f"wrong-{os.urandom(8).hex()}"
    guarded.secrets.append(secret)
    for _ in range(8):
        ask(guarded, "alice", secret, forwarded="198.51.100.9")
        ask(guarded, secret, RIGHT, forwarded="198.51.100.9")
    for words in ("login failed .*user=alice peer=198.51.100.9", "login delayed .*user=alice peer=198.51.100.9",
                  "login failed .*user=- peer=198.51.100.9"):
        wait_until(lambda: re.search(words, guarded.log_text()), f"not in the log: {words}")
    admin = guarded.user("root-admin", admin=True)
    metrics = guarded.basic(admin.name, admin.token).get("/metrics").text
    assert int(re.search(r"^staithe_login_failed_total (\d+)$", metrics, re.M)[1]) >= 10
    assert int(re.search(r"^staithe_login_delayed_total (\d+)$", metrics, re.M)[1]) >= 1


# Disabling ends uploads


def sessions(registry):
    with contextlib.closing(sqlite3.connect(f"file:{registry.data}/staithe.db?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM upload").fetchone()[0]


def wait_until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def leaver(fresh):
    """A server with a user who has pushed an image."""
    registry = fresh()
    registry.alice = registry.user("alice")
    registry.headers = [("Authorization", basic_header("alice", registry.alice.token))]
    registry.client(registry.alice).push_image("alice/app", "v1")
    return registry


def head(registry, method, target, length, *more):
    return raw.request(method, target, registry.host, [*registry.headers, ("Content-Length", str(length)), *more], close=False)


def send_all(connection, data):
    """Until the server no longer reads."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)


@pytest.mark.parametrize("method", ["PATCH", "PUT", "POST"])
def test_v72_a_body_under_way_is_refused_when_its_user_is_disabled(leaver, method):
    data = os.urandom(8_000_000)
    digest = images.digest_of(data)
    client = leaver.client(leaver.alice)
    target = "/v2/alice/app/blobs/uploads/" if method == "POST" else client.start_upload("alice/app")
    with raw.connect(leaver.address, 30) as connection:
        connection.sendall(head(leaver, method, target + ("" if method == "PATCH" else f"?digest={digest}"), len(data))
                           + data[:4_000_000])
        wait_until(leaver.staged_files, "no bytes arrive")
        leaver.cli("user", "disable", "alice")
        assert sessions(leaver) == 0
        send_all(connection, data[4_000_000:6_000_000])
        received, closed = raw.receive(connection, 10)
    (answer,) = raw.split_responses(received)
    assert answer.status == 401 and b"UNAUTHORIZED" in answer.body and closed
    wait_until(lambda: not leaver.staged_files(), "its bytes stay")
    leaver.cli("user", "enable", "alice")
    assert client.head_blob("alice/app", digest).status_code == 404
    if method != "POST":
        refused(client.put(target, params={"digest": digest}), 404, "BLOB_UPLOAD_UNKNOWN")
    assert leaver.problems() == 0


def test_v72_a_put_whose_last_bytes_come_after_its_user_was_disabled_publishes_nothing(leaver):
    data = os.urandom(200_000)
    digest = images.digest_of(data)
    location = leaver.client(leaver.alice).start_upload("alice/app")
    with raw.connect(leaver.address, 30) as connection:
        connection.sendall(head(leaver, "PUT", f"{location}?digest={digest}", len(data)) + data[:-1])
        wait_until(leaver.staged_files, "no bytes arrive")
        leaver.cli("user", "disable", "alice")
        connection.sendall(data[-1:])
        received, _ = raw.receive(connection, 3)
    assert raw.split_responses(received)[0].status == 401
    leaver.cli("user", "enable", "alice")
    assert leaver.client(leaver.alice).head_blob("alice/app", digest).status_code == 404
    assert leaver.problems() == 0


def test_v72_a_manifest_whose_last_bytes_come_after_its_user_was_disabled_sets_no_tag(leaver):
    client = leaver.client(leaver.alice)
    body = client.get_manifest("alice/app", "v1").content
    with raw.connect(leaver.address, 30) as connection:
        connection.sendall(head(leaver, "PUT", "/v2/alice/app/manifests/late", len(body),
                                ("Content-Type", images.OCI_MANIFEST), ("Expect", "100-continue")))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")  # it was let in
        connection.sendall(body[:-1])
        leaver.cli("user", "disable", "alice")
        connection.sendall(body[-1:])
        received, _ = raw.receive(connection, 3)
    assert raw.split_responses(received)[0].status == 401
    leaver.cli("user", "enable", "alice")
    assert client.tags("alice/app") == ["v1"]


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
def test_v72_sessions_that_wait_are_gone_with_their_bytes_when_their_user_is_disabled(leaver, restarted):
    bob = leaver.user("bob")
    own, other = leaver.client(leaver.alice), leaver.client(bob)
    locations = [own.start_upload("alice/app") for _ in range(3)]
    kept = other.start_upload("bob/app")
    for client, location in ((own, locations[0]), (own, locations[1]), (other, kept)):
        succeeded(client.patch(location, data=os.urandom(100_000)), 202)
    wait_until(lambda: len(leaver.staged_files()) == 3, "the bytes do not arrive")
    if restarted:
        leaver.restart()
    leaver.cli("user", "disable", "alice")
    assert sessions(leaver) == 1 and len(leaver.staged_files()) == 1
    leaver.cli("user", "enable", "alice")
    own, other = leaver.client(leaver.alice), leaver.client(bob)
    for location in locations:
        refused(own.get(location), 404, "BLOB_UPLOAD_UNKNOWN")
    assert other.get(kept).headers["Range"] == "0-99999"
    assert leaver.problems() == 0
