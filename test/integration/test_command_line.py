"""What people see who use the command line: tables, prompts on a terminal, and what is wrong with an order."""

import contextlib
import fcntl
import json
import os
import pty
import select
import socket
import sqlite3
import subprocess
import termios

import pytest

from harness.server import BINARY

ANSWER_S = 30


class Terminal:
    """A command that runs on a terminal of its own."""

    def __init__(self, registry, *arguments):
        self.said = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execve(BINARY, [BINARY, *arguments, "--data", str(registry.data)], registry.env)
            finally:
                os._exit(127)

    def read(self):
        """False at the end."""
        ready, _, _ = select.select([self.fd], [], [], ANSWER_S)
        assert ready, f"no answer: {self.said!r}"
        try:
            more = os.read(self.fd, 4096)
        except OSError:  # nobody has the other end any more
            return False
        self.said += more.decode()
        return more != b""

    def type(self, prompt, text):
        while prompt not in self.said:
            assert self.read(), self.said
        os.write(self.fd, text.encode())

    def shows_what_is_typed(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """The exit status, and all that was on the screen."""
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        shown = self.shows_what_is_typed()
        os.close(self.fd)
        assert shown, "the terminal stays silent"
        return os.waitstatus_to_exitcode(status), self.said.replace("\r\n", "\n")


def ask_server(registry, operation, arguments):
    """The last line of the answer from the control socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(registry.data / "control.sock"))
        connection.sendall(json.dumps({"op": operation, "args": arguments}).encode() + b"\n")
        return json.loads(connection.makefile().read().splitlines()[-1])


@pytest.fixture
def carol(registry):
    return registry.user("carol" + os.urandom(4).hex())


def enters(registry, user, password):
    return registry.basic(user.name, password).get("/v2/").status_code == 200


def test_a_password_is_asked_for_twice_and_never_shown(registry, carol):
    terminal = Terminal(registry, "user", "set-password", carol.name)
    terminal.type("Password: ", "quite some new words\n")
    terminal.type("Again: ", "quite some new words\n")
    assert terminal.end() == (0, f"Password: \nAgain: \nuser {carol.name} has a new password\n")
    assert enters(registry, carol, "quite some new words")


def test_two_different_passwords_change_nothing(registry, carol):
    terminal = Terminal(registry, "user", "set-password", carol.name)
    terminal.type("Password: ", "quite some new words\n")
    terminal.type("Again: ", "quite some old words\n")
    status, screen = terminal.end()
    assert status == 1 and "the two passwords differ" in screen
    assert enters(registry, carol, carol.password) and not enters(registry, carol, "quite some new words")


@pytest.mark.parametrize("typed", ["", "half of a pass"])
def test_an_interrupt_gives_up_and_puts_the_terminal_right(registry, carol, typed):
    terminal = Terminal(registry, "user", "set-password", carol.name)
    terminal.type("Password: ", typed + "\x03")
    status, screen = terminal.end()
    assert status == 1 and "half" not in screen
    assert enters(registry, carol, carol.password)


def visibility(registry, package):
    return registry.packages()[package]["visibility"]


def test_a_change_of_visibility_asks_for_the_name_again(registry, owner, package):
    owner.push_image(package, "v1")
    terminal = Terminal(registry, "package", "set", package, "--visibility", "public")
    terminal.type("Type its name again: ", package + "\n")
    status, screen = terminal.end()
    assert status == 0 and screen.endswith(f"package {package} is public\n")
    assert f"{package} becomes public: everybody may pull it, also without signing in." in screen
    assert visibility(registry, package) == "public"


@pytest.mark.parametrize("typed", ["", "yes", "alice", "PACKAGEx", " PACKAGE"])
def test_another_name_changes_nothing(registry, owner, package, typed):
    owner.push_image(package, "v1")
    terminal = Terminal(registry, "package", "set", package, "--visibility", "public")
    terminal.type("Type its name again: ", typed.replace("PACKAGE", package) + "\n")
    status, screen = terminal.end()
    assert status == 1 and "confirm" in screen
    done = registry.run("package", "set", package, "--visibility", "public", "--confirm", typed.replace("PACKAGE", package))
    assert done.returncode == 1 and "confirm" in done.stderr
    assert visibility(registry, package) == "private"


def test_an_interrupt_in_place_of_the_name_changes_nothing(registry, owner, package):
    owner.push_image(package, "v1")
    terminal = Terminal(registry, "package", "set", package, "--visibility", "public")
    terminal.type("Type its name again: ", package + "\x03")
    status, screen = terminal.end()
    assert status != 0 and "is public" not in screen
    assert visibility(registry, package) == "private"


def test_the_server_itself_asks_for_the_confirmation(registry, owner, package):
    """Whoever talks to its socket has to give the name too."""
    owner.push_image(package, "v1")
    arguments = {"name": package, "visibility": "public"}
    for more in ({}, {"confirm": ""}, {"confirm": "alice"}):
        assert ask_server(registry, "package.set", {**arguments, **more})["error"]["code"] == "invalid"
    assert visibility(registry, package) == "private"


@pytest.mark.parametrize("given, problem", [
    ("", "empty"), ("\n", "empty"), ("\r\n", "empty"), ("a fine\0long password\n", "NUL"), ("x" * 5000 + "\n", "longer than"),
])
def test_a_password_that_cannot_be_one_is_refused(registry, carol, given, problem):
    done = registry.run("user", "set-password", carol.name, "--password-stdin", input=given)
    assert done.returncode == 1 and problem in done.stderr
    assert enters(registry, carol, carol.password)


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_the_end_of_the_line_is_no_part_of_a_password(registry, carol, end):
    registry.cli("user", "set-password", carol.name, "--password-stdin", input="a fine long password" + end)
    assert enters(registry, carol, "a fine long password")


def table(registry, *arguments):
    """The titles, and each line's cells by title; columns begin where the titles do."""
    head, *lines = registry.cli(*arguments).splitlines()
    titles = head.split()
    starts = [head.index(title) for title in titles] + [None]
    return titles, [{title: line[a:b].strip() for title, a, b in zip(titles, starts, starts[1:])} for line in lines]


def test_users_are_shown_as_a_table(registry, carol):
    titles, rows = table(registry, "user", "list")
    assert titles == ["NAME", "ADMIN", "DISABLED", "CREATED"]
    (row,) = [row for row in rows if row["NAME"] == carol.name]
    assert (row["ADMIN"], row["DISABLED"]) == ("no", "no")


def test_packages_are_shown_as_a_table(registry, owner, package, alice):
    owner.push_image(package, "v1")
    titles, rows = table(registry, "package", "list", alice.name)
    assert titles == ["NAME", "VISIBILITY", "VERSIONS", "TAGS", "BYTES", "UPDATED"]
    (row,) = [row for row in rows if row["NAME"] == package]
    assert (row["VISIBILITY"], row["VERSIONS"], row["TAGS"]) == ("private", "1", "1")
    assert int(row["BYTES"]) == registry.packages()[package]["bytes"]


def test_tokens_are_shown_as_a_table_without_their_secrets(registry, carol):
    secret = registry.token(carol.name, "read:packages", name="robot")
    titles, rows = table(registry, "token", "list", carol.name)
    assert titles == ["ID", "USER", "NAME", "SCOPES", "CREATED", "EXPIRES", "USED", "REVOKED", "PACKAGES", "ADDRESSES"]
    (row,) = [row for row in rows if row["NAME"] == "robot"]
    assert (row["USER"], row["SCOPES"], row["REVOKED"]) == (carol.name, "read:packages", "no")
    assert secret not in registry.cli("token", "list", carol.name)


@pytest.mark.parametrize("more", [499, 500, 1100])
def test_a_long_list_of_packages_is_complete(fresh, more):
    """The server is asked for 500 at a time."""
    registry = fresh()
    for name in ("alice", "bob"):
        registry.client(registry.user(name)).push_image(f"{name}/app", "v1")
    registry.stop()
    with contextlib.closing(sqlite3.connect(registry.data / "staithe.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO package (namespace_id, name, visibility, published, created, updated)"
            " SELECT namespace_id, ?, visibility, published, created, updated FROM package WHERE name = 'alice/app'",
            [(f"alice/more{number}",) for number in range(more)])
    alices = sorted(["alice/app", *(f"alice/more{number}" for number in range(more))])
    assert [row["name"] for row in registry.cli_json("package", "list", "alice")["packages"]] == alices
    assert [row["name"] for row in registry.cli_json("package", "list")["packages"]] == [*alices, "bob/app"]


def test_tokens_of_everybody_are_listed_without_a_name(registry, carol, alice):
    rows = table(registry, "token", "list")[1]
    assert {carol.name, alice.name} <= {row["USER"] for row in rows}


def test_what_drives_a_terminal_is_never_shown(fresh):
    """Whatever is stored: here behind the program's back."""
    registry = fresh()
    registry.user("alice")
    registry.stop()
    with contextlib.closing(sqlite3.connect(registry.data / "staithe.db")) as connection, connection:
        connection.execute("UPDATE token SET name = ?", ("a\x1b[2J\nb\x7f",))
    shown = registry.cli("token", "list")
    assert "a?[2J?b?" in shown and "\x1b" not in shown and len(shown.splitlines()) == 2


def test_a_token_is_given_as_json_too(registry, carol):
    made = json.loads(registry.cli("token", "create", carol.name, "--scopes", "read:packages", "--json"))
    registry.secrets.append(made["token"])
    assert registry.basic(carol.name, made["token"]).get("/v2/").status_code == 200
    assert isinstance(json.loads(registry.cli("token", "revoke", str(made["id"]), "--json")), dict)
    assert registry.basic(carol.name, made["token"]).get("/v2/").status_code == 401


def test_a_result_that_cannot_be_written_is_a_failure(registry):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, "version"], stdout=full, stderr=subprocess.PIPE, text=True, env=registry.env)
    assert done.returncode == 1 and done.stderr.startswith("staithe: ")


def test_a_directory_that_stays_in_use_is_not_waited_for_for_ever(fresh):
    registry = fresh()
    registry.stop()
    with open(registry.data / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = registry.run("user", "list")
    assert done.returncode == 1 and "in use by another command" in done.stderr
    assert registry.run("user", "list").returncode == 0


@pytest.mark.parametrize("arguments, sentence", [
    (("user", "create", "NAME", "--no-password"), "user NAME created"),
    (("user", "disable", "CAROL"), "user CAROL disabled"),
    (("package", "set", "PACKAGE", "--visibility", "public", "--confirm", "PACKAGE"), "package PACKAGE is public"),
    (("package", "delete", "PACKAGE"), "package PACKAGE deleted"),
])
def test_what_was_done_is_said_in_a_sentence_or_as_json(registry, carol, owner, package, arguments, sentence):
    def order(name):
        return [{"NAME": name, "CAROL": carol.name, "PACKAGE": package}.get(word, word) for word in arguments]

    owner.push_image(package, "v1")
    name = "n" + os.urandom(5).hex()
    said = sentence.replace("NAME", name).replace("CAROL", carol.name).replace("PACKAGE", package)
    assert registry.cli(*order(name)) == said + "\n"
    owner.push_image(package, "v1")
    assert isinstance(json.loads(registry.cli(*order(name + "x"), "--json")), dict)


def test_a_deleted_package_is_restored_with_its_tags(registry, owner, package):
    pushed = owner.push_image(package, "v1")
    registry.cli("package", "delete", package)
    assert owner.get(f"/v2/{package}/manifests/v1").status_code == 404
    assert registry.cli("package", "restore", package) == f"package {package} restored\n"
    assert owner.get_manifest(package, "v1").content == pushed.body
    done = registry.run("package", "restore", package)
    assert done.returncode == 1 and "Package not found" in done.stderr


@pytest.mark.parametrize("arguments, problem", [
    (("package", "set", "alice/app"), "nothing to set"),
    (("package", "set", "alice/app", "--visibility", "public"), "use --confirm alice/app"),
    (("user", "create", "dave", "--no-password", "--password-stdin"), "contradict"),
    (("token", "create", "alice", "--user", "bob", "--scopes", "read:packages"), "given twice"),
    (("token", "create", "--user", "alice"), "--scopes"),
    (("token", "create", "--scopes", "read:packages"), "--user"),
    (("token", "revoke", "eleven"), "not the number of a token"),
    (("user", "create", "dave"), "no terminal"),
])
def test_wrong_usage_says_what_is_wrong(registry, arguments, problem):
    done = subprocess.run([BINARY, *arguments, "--data", str(registry.data)], capture_output=True, text=True,
                          env=registry.env, start_new_session=True)  # without a terminal
    assert (done.returncode, done.stdout) == (2, "") and problem in done.stderr


@pytest.mark.parametrize("arguments", [
    (b"user", b"disable", b"b\xf6b"), (b"token", b"create", b"alice", b"--scopes", b"read:packages", b"--name", b"\xff"),
    (b"team", b"create", b"acme/devs", b"--description", b"caf\xe9"),
])
def test_what_is_not_utf8_is_wrong_usage(registry, arguments):
    done = subprocess.run([BINARY.encode(), *arguments, b"--data", os.fsencode(registry.data)], capture_output=True,
                          env=registry.env)
    assert (done.returncode, done.stdout) == (2, b"") and b"is not valid UTF-8" in done.stderr


@pytest.mark.parametrize("command", ["serve", "user create", "gc"])
def test_help_for_a_command_is_its_help(registry, command):
    assert registry.plain("help", *command.split()).stdout == registry.plain(*command.split(), "--help").stdout != ""


def test_there_is_no_help_for_what_is_no_command(registry):
    done = registry.plain("help", "nonsense")
    assert (done.returncode, done.stdout) == (2, "") and "there is no command 'nonsense'" in done.stderr


def test_a_directory_that_holds_something_else_is_left_alone(registry, tmp_path):
    (tmp_path / "letter").write_text("dear")
    done = registry.plain("user", "list", "--data", str(tmp_path))
    assert done.returncode == 1 and "holds no registry" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "lock"] == ["letter"]
