"""Configuration: file, environment and flags, and what the messages say."""

import json

import pytest

from harness import Registry, images
from harness.server import LAYER_MAX, TOKEN_TTL


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    """The command line without a server."""
    registry = Registry(tmp_path_factory.mktemp("config"))
    registry.directory.mkdir(exist_ok=True)
    return registry


def checked(tool, text):
    """config check of a file with that text."""
    path = tool.directory / "staithe.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path, tool.plain("config", "check", str(path))


@pytest.mark.parametrize("text", ["", "# nothing\n", "listen: 127.0.0.1:5001\n", "gc:\n  grace: 2h\n  upload_ttl: 1d\n",
                                  "limits: {layer: 10GiB}\n", "http:\n  trusted_proxies: [192.0.2.7, \"2001:db8::7\"]\n",
                                  "forges: [" + ", ".join(["https://git.example.com/"] * 64) + "]\n", "forges: []\n",
                                  "log:\n  format: json\n  level: debug\n"])
def test_sound_files_are_accepted(tool, text):
    _, done = checked(tool, text)
    assert done.returncode == 0 and done.stderr == ""


@pytest.mark.parametrize("text, line, words", [
    ("listne: 127.0.0.1:1\n", 1, ["listne", "listen"]),
    ("listen: 127.0.0.1:5000\ngc:\n  graec: 1h\n", 3, ["gc.graec", "gc.grace"]),
    ("a: 1\n", 1, ["a"]),
    ("listen: 127.0.0.1\n", 1, ["listen", "127.0.0.1"]),
    ("listen: localhost:5000\n", 1, ["listen"]),
    ("gc:\n  grace: soon\n", 2, ["gc.grace", "soon"]),
    ("gc:\n  grace: -1h\n", 2, ["gc.grace"]),
    ("gc:\n  grace: 0s\n", 2, ["gc.grace", "1s"]),
    ("limits:\n\n  layer: lots\n", 3, ["limits.layer", "lots"]),
    ("limits:\n  manifest: 8MiB\n", 2, ["limits.manifest", "4MiB"]),
    ("log:\n  level: loud\n", 2, ["log.level", "debug|info|warn|error"]),
    ("insecure_listen: maybe\n", 1, ["insecure_listen", "maybe"]),
    ("workers: many\n", 1, ["workers"]),
    ("public_url: registry.example.com\n", 1, ["public_url"]),
    ("public_url: https://registry.example.com/path\n", 1, ["public_url"]),
    ("gc: 1h\n", 1, ["gc"]),
    ("listen:\n  a: b\n", 2, ["listen"]),
    ("listen: [a, b]\n", 1, ["listen"]),
    ("http:\n  trusted_proxies: [proxy.example.com]\n", 2, ["http.trusted_proxies", "proxy.example.com"]),
    ("forges: [https://git.example.com]\n", 1, ["forges", "https://git.example.com"]),
    ("forges: [git.example.com/]\n", 1, ["forges", "git.example.com/"]),
    ("forges: [" + ", ".join(["https://git.example.com/"] * 65) + "]\n", 1, ["forges", "64"]),
    ("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", 2, ["listen", "line 1"]),
    ("listen: 'open\n", 2, []),
    ("\tlisten: x\n", 1, []),
    ("- listen\n", 1, []),
    ("just text\n", 1, []),
    ("listen: &a 127.0.0.1:1\n", 1, ["listen"]),
    ("listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n", 2, []),
])
def test_each_mistake_is_named_with_its_line(tool, text, line, words):
    """O2"""
    path, done = checked(tool, text)
    assert done.returncode == 1
    assert done.stderr.startswith("staithe: ") and f"{path}:{line}:" in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("text", [b"\x00", b"\xff\xff", b"listen: \xff\n", b"a" * 300_000, b"[" * 10_000, b"a: " * 10_000],
                         ids=["NUL", "no UTF-8", "no UTF-8 in a value", "long", "deep", "deep mappings"])
def test_garbage_is_refused_politely(tool, text):
    _, done = checked(tool, text)
    assert done.returncode == 1 and done.stderr.startswith("staithe: ") and len(done.stderr) < 2000


def test_a_good_file_is_told_as_json_too(tool):
    path = tool.directory / "good.yaml"
    path.write_text("gc:\n  grace: 4h\n")
    assert json.loads(tool.plain("config", "check", str(path), "--json").stdout) == {"file": "ok"}


def test_a_file_that_is_not_there_is_named(tool):
    done = tool.plain("config", "check", "/nowhere/staithe.yaml")
    assert done.returncode == 1 and "/nowhere/staithe.yaml" in done.stderr


def shown(tool, *arguments, env=None):
    """config show as {name: entry}."""
    done = tool.plain("config", "show", "--json", *arguments, env=env)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    entries = answer.get("options", answer) if isinstance(answer, dict) else answer
    if isinstance(entries, list):
        entries = {entry["name"]: entry for entry in entries}
    return entries


def value(entry):
    """As a flag has it; items of a list with commas between them."""
    found = entry["value"] if isinstance(entry, dict) else entry
    return ",".join(found) if isinstance(found, list) else str(found)


def test_flags_win_over_the_environment_that_over_the_file_that_over_the_default(tool):
    path = tool.directory / "order.yaml"
    path.write_text("gc:\n  grace: 2h\n  upload_ttl: 2h\n  interval: 2m\n")
    env = {"STAITHE_GC_GRACE": "3h", "STAITHE_GC_UPLOAD_TTL": "3h"}
    entries = shown(tool, "--config", str(path), "--gc-grace", "4h", env=env)
    assert value(entries["gc.grace"]) in ("4h", "14400")
    assert value(entries["gc.upload_ttl"]) in ("3h", "10800")
    assert value(entries["gc.interval"]) in ("2m", "120")
    assert value(entries["token.ttl"]) in ("5m", "300")


def test_show_tells_where_each_value_comes_from(tool):
    path = tool.directory / "origin.yaml"
    path.write_text("\ngc:\n  interval: 2m\n")
    done = tool.plain("config", "show", "--config", str(path), "--gc-grace", "4h", env={"STAITHE_GC_UPLOAD_TTL": "3h"})
    lines = {line.split()[0].rstrip(":="): line for line in done.stdout.splitlines() if line.strip()}
    assert "origin.yaml:3" in lines["gc.interval"]
    assert "STAITHE_GC_UPLOAD_TTL" in lines["gc.upload_ttl"]
    assert "--gc-grace" in lines["gc.grace"]
    assert "default" in lines["token.ttl"]


def test_every_option_has_its_variable_and_its_flag(tool):
    """O2: each option that is shown can be set to the shown value both ways."""
    for name, entry in shown(tool).items():
        text = value(entry)
        if text in ("", "None"):
            continue
        text = text.lower() if text in ("True", "False") else text
        variable, flag = "STAITHE_" + name.upper().replace(".", "_"), "--" + name.replace(".", "-").replace("_", "-")
        done = tool.plain("config", "show", env={variable: text})
        assert done.returncode == 0, (variable, done.stderr)
        if text in ("true", "false"):
            continue
        done = tool.plain("config", "show", flag, text)
        assert done.returncode == 0, (flag, done.stderr)


@pytest.mark.parametrize("env, words", [
    ({"STAITHE_GC_GRAEC": "1h"}, ["STAITHE_GC_GRAEC", "STAITHE_GC_GRACE"]),
    ({"STAITHE_GC_GRACE": "soon"}, ["STAITHE_GC_GRACE", "soon"]),
    ({"STAITHE_NONSENSE": "1"}, ["STAITHE_NONSENSE"]),
    ({"STAITHE_TLS_KEY": "/x"}, ["tls.certificate"]),
])
def test_mistakes_in_the_environment_stop_the_start(tool, env, words):
    done = tool.plain("serve", "--data", str(tool.directory / "never"), "--listen", "127.0.0.1:0", env=env)
    assert done.returncode in (1, 2) and done.stderr.startswith("staithe: ")
    for word in words:
        assert word in done.stderr
    assert not (tool.directory / "never" / "staithe.db").exists()


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_listening_beyond_this_machine_needs_a_word(tool, listen):
    """O3: only on loopback until told otherwise."""
    done = tool.plain("serve", "--data", str(tool.directory / "never"), "--listen", listen)
    assert done.returncode in (1, 2) and "insecure" in done.stderr


@pytest.mark.parametrize("arguments", [
    ("--listen", "x"), ("--listen", "127.0.0.1:99999"), ("--gc-grace", "soon"), ("--nonsense", "1"), ("--listen",),
    ("--config", "/nowhere.yaml")])
def test_mistakes_in_flags_stop_the_start(tool, arguments):
    done = tool.plain("serve", "--data", str(tool.directory / "never"), *arguments)
    assert done.returncode in (1, 2) and done.stderr.startswith("staithe: ")


def test_a_server_takes_its_options_from_the_file(fresh, tmp_path):
    path = tmp_path / "staithe.yaml"
    path.write_text("limits:\n  layer: 1000\ntoken:\n  ttl: 77s\n")
    registry = fresh(arguments=["--config", str(path)])
    client = registry.client(registry.user("alice"))
    assert client.ask_token(None, registry.host).json()["expires_in"] == 77
    response = client.post("/v2/alice/app/blobs/uploads/", params={"digest": images.random_digest()}, data=b"x" * 1001)
    assert response.status_code == 413


def test_a_server_takes_its_options_from_the_environment(fresh):
    registry = fresh({TOKEN_TTL: "78s", LAYER_MAX: "1000"})
    client = registry.client(registry.user("alice"))
    assert client.ask_token(None, registry.host).json()["expires_in"] == 78


def test_v94_v109_t22_public_url_is_what_clients_are_sent_to(fresh):
    """V109"""
    registry = fresh(arguments=["--public-url", "https://registry.example.com"])
    challenge = registry.bare().get("/v2/").headers["WWW-Authenticate"]
    assert challenge == 'Bearer realm="https://registry.example.com/token",service="registry.example.com"'
    spoofed = registry.bare().get("/v2/", headers={"Host": "evil.example"})
    assert "evil.example" not in str(spoofed.headers)
