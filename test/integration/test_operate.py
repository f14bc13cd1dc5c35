"""Operation: health, metrics, logs, signals, TLS."""

import datetime
import json
import os
import re
import resource
import signal
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import images, raw, refused
from harness.client import succeeded
from harness.server import basic_header

# Health and metrics


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_answers_without_credentials_and_tells_nothing_else(registry, path):
    response = registry.bare().get(path)
    assert response.status_code == 200 and len(response.content) < 500
    assert registry.bare().head(path).status_code == 200


def metrics(registry):
    """{"name{labels}": value}"""
    text = succeeded(registry.bare().get("/metrics"), 200).text
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in text.splitlines() if line and not line.startswith("#")}


def test_metrics_are_in_prometheus_text_form(registry, alice):
    response = registry.bare().get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    described = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram|summary)$", response.text, re.M))
    assert described and set(re.findall(r"^# HELP (\S+) ", response.text, re.M)) == described
    for series in metrics(registry):
        name = re.sub(r"_(bucket|sum|count)$", "", series.split("{")[0])
        assert re.fullmatch(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})?', series), series
        assert name in described or series.split("{")[0] in described, series
        assert name.startswith(("staithe_", "process_"))


def test_metrics_count_requests(registry, alice):
    def total():
        return sum(value for series, value in metrics(registry).items() if re.match(r"staithe_\w*requests_total", series))

    before = total()
    for _ in range(10):
        registry.bare().get("/v2/")
    assert total() >= before + 10


def test_t35_strange_requests_make_no_new_series(registry, alice, owner, package):
    """T35"""
    owner.push_image(package, "v1")
    for _ in range(2):
        for method in ("GET", "PUT", "BREW"):
            registry.bare().request(method, f"/v2/x{os.urandom(4).hex()}/y/manifests/{os.urandom(4).hex()}")
            registry.bare().request(method, f"/{os.urandom(4).hex()}", headers={"User-Agent": os.urandom(8).hex()})
        registry.bare().get("/metrics")
    before = set(metrics(registry))
    for method in ("GET", "PUT", "BREW", "BREWS"):
        registry.bare().request(method, f"/v2/x{os.urandom(4).hex()}/y/manifests/{os.urandom(4).hex()}")
        registry.bare().request(method, f"/{os.urandom(4).hex()}", headers={"User-Agent": os.urandom(8).hex()})
    assert set(metrics(registry)) == before


def test_metrics_name_no_package_and_no_user(registry, owner, package, alice):
    owner.push_image(package, "v1")
    text = registry.bare().get("/metrics").text
    assert package not in text and "alice" not in text


# Logs


@pytest.fixture
def logged(fresh):
    """A server that logs JSON."""
    registry = fresh({"log.format": "json"})
    registry.account = registry.user("alice")
    registry.alice = registry.client(registry.account)
    return registry


def line_of(registry, request_id, seconds=5):
    """The log line of a request; it may come a moment after the answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        lines = [line for line in registry.log_lines() if request_id in line.values()]
        if lines:
            return lines[0]
        time.sleep(0.01)
    raise AssertionError(f"no line of {request_id}:\n{registry.log_text()[-2000:]}")


def test_each_request_is_one_json_line_with_id_user_route_and_status(logged):
    """O4"""
    logged.alice.push_image("alice/app", "v1")
    response = logged.alice.get_manifest("alice/app", "v1")
    line = line_of(logged, response.headers["X-Request-Id"])
    values = [str(value) for value in line.values()]
    assert {"time", "level", "msg"} <= set(line)
    assert "200" in values and "alice" in values and "GET" in values
    assert any("manifests" in value for value in values)
    assert "127.0.0.1" in values
    assert sum(response.headers["X-Request-Id"] in entry.values() for entry in logged.log_lines()) == 1


def test_every_line_of_the_log_is_json(logged):
    logged.alice.push_image("alice/app", "v1")
    logged.bare().get("/v2/")
    logged.stop()
    for line in logged.log_text().splitlines():
        entry = json.loads(line)
        assert entry["level"] in ("debug", "info", "warn", "error") and entry["msg"]
        datetime.datetime.fromisoformat(entry["time"].replace("Z", "+00:00"))


def test_refused_requests_are_logged_too(logged):
    response = logged.bare().get("/v2/alice/app/manifests/v1")
    line = line_of(logged, response.headers["X-Request-Id"])
    assert "401" in [str(value) for value in line.values()]


def test_t21_nothing_that_a_caller_sends_starts_a_line_of_its_own(logged):
    """T21: control characters in paths, user names and agents."""
    canary = "injected" + os.urandom(4).hex()
    for target in (f"/v2/%0a{canary}/x/tags/list", f"/{canary}%0d%0a%7B%22level%22", f"/v2/a/b/manifests/%22%7D%0a{canary}"):
        raw.exchange(logged.address, raw.request("GET", target, logged.host, [("User-Agent", f"x\x1b[31m{canary}")]))
    logged.basic(f"u\n{canary}", "x").get("/v2/")
    logged.alice.get("/v2/")
    logged.stop()
    for line in logged.log_text().splitlines():
        assert json.loads(line)
        assert not line.startswith(canary) and "\x1b" not in line


def test_v12_v15_t16_no_secret_is_ever_logged(fresh):
    """O4, V12, V15: every way to send one; the harness looks for them when the server stops."""
    for level in ("debug", "info"):
        registry = fresh({"log.format": "json", "log.level": level})
        user = registry.user("alice")
        client = registry.client(user)
        client.push_image("alice/app", "v1")
        registry.secrets.append(client.token("repository:alice/app:pull"))
        refresh = registry.bare().post("/token", data={
            "grant_type": "password", "username": "alice", "password": user.token,
            "access_type": "offline"}).json()["refresh_token"]
        registry.secrets.append(refresh)
        registry.basic("alice", user.password).get("/v2/")
        registry.basic(user.token, "x").get("/v2/")
        registry.bearer(user.token).get("/v2/alice/app/tags/list")
        registry.bare().get(f"/v2/?access_token={user.token}")
        registry.bare().get(f"/token?account=alice&password={user.password}")
        registry.bare().post("/token", data={"grant_type": "password", "username": "alice", "password": user.password,
                                             "service": registry.host, "client_id": "t"})
        registry.bare().post("/token", data={"grant_type": "refresh_token", "refresh_token": refresh,
                                             "service": registry.host, "client_id": "t"})
        registry.cli("fsck")
        registry.stop()


# Signals


def test_sigterm_finishes_what_is_in_progress(fresh):
    """O7: a slow download and a slow upload that have begun end well; then the process ends with 0."""
    registry = fresh()
    account = registry.user("alice")
    client = registry.client(account)
    data = os.urandom(20 << 20)
    digest = client.push_blob("alice/app", data)
    location = client.start_upload("alice/app")
    headers = [("Authorization", basic_header(account.name, account.token))]
    with raw.connect(registry.address) as reader, raw.connect(registry.address) as writer:
        reader.sendall(raw.request("GET", f"/v2/alice/app/blobs/{digest}", registry.host, headers))
        received = reader.recv(100_000)
        writer.sendall(raw.request("PATCH", location, registry.host, [*headers, ("Content-Length", "200000")]))
        writer.sendall(data[:100_000])
        time.sleep(0.1)
        registry.process.send_signal(signal.SIGTERM)
        writer.sendall(data[100_000:200_000])
        rest, _ = raw.receive(reader, 10)
        answer, _ = raw.receive(writer, 10)
        assert raw.split_responses(received + rest)[0].body == data
        assert raw.split_responses(answer)[0].status == 202
    registry.wait_stopped()


def test_sigterm_does_not_wait_for_idle_connections(fresh):
    registry = fresh()
    idle = [raw.connect(registry.address) for _ in range(20)]
    idle[0].sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n")
    registry.bare().get("/v2/")
    started = time.monotonic()
    registry.stop()
    assert time.monotonic() - started < 5
    for connection in idle:
        connection.close()


def test_sigint_ends_cleanly_too(fresh):
    registry = fresh()
    registry.process.send_signal(signal.SIGINT)
    assert registry.process.wait(10) == 0


def test_after_a_stop_everything_is_still_there(fresh):
    registry = fresh()
    user = registry.user("alice")
    client = registry.client(user)
    pushed = client.push_image("alice/app", "v1", layer_sizes=(100, 100_000))
    bearer = client.token("repository:alice/app:pull")
    registry.restart()
    assert registry.bearer(bearer).get_manifest("alice/app", "v1").content == pushed.body
    for layer in pushed.json["layers"]:
        assert images.digest_of(client.get_blob("alice/app", layer["digest"]).content) == layer["digest"]
    assert registry.problems() == 0


def test_a_taken_port_is_an_error_and_not_a_silence(registry, fresh, tmp_path):
    done = registry.plain("serve", "--data", str(tmp_path / "other"), "--listen", "%s:%d" % registry.address)
    assert done.returncode == 1 and done.stderr


# TLS


def certificate(directory, name):
    """A self-signed certificate for 127.0.0.1; returns its bytes on the wire."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256()))
    (directory / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (directory / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return made.public_bytes(serialization.Encoding.DER)


def shown_certificate(registry):
    with raw.connect_tls(registry.address) as connection:
        return connection.getpeercert(binary_form=True)


@pytest.fixture
def secure(fresh, tmp_path):
    first = certificate(tmp_path, "first.example")
    registry = fresh({"tls.certificate": str(tmp_path / "cert.pem"), "tls.key": str(tmp_path / "key.pem")})
    registry.certificate, registry.files = first, tmp_path
    return registry


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_push_and_pull_over_tls(secure):
    assert secure.url.startswith("https://")
    client = secure.client(secure.user("alice"))
    pushed = client.push_image("alice/app", "v1", layer_sizes=(100, 3_000_000))
    assert client.get_manifest("alice/app", "v1").content == pushed.body
    layer = pushed.json["layers"][1]["digest"]
    assert images.digest_of(client.get_blob("alice/app", layer).content) == layer
    assert client.get_blob("alice/app", layer, headers={"Range": "bytes=100-199"}).status_code == 206
    assert secure.bare().get("/v2/").headers["WWW-Authenticate"].startswith('Bearer realm="https://')


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_sighup_takes_a_new_certificate_and_breaks_no_connection(secure):
    """O3"""
    assert shown_certificate(secure) == secure.certificate
    session = secure.bare()
    assert session.get("/v2/").status_code == 401
    second = certificate(secure.files, "second.example")
    secure.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while shown_certificate(secure) != second:
        assert time.monotonic() < deadline, "still the first certificate"
        time.sleep(0.02)
    assert session.get("/v2/").status_code == 401


def test_sighup_with_a_broken_certificate_keeps_the_old_one(secure):
    (secure.files / "cert.pem").write_text("broken")
    before = len(secure.log_text())
    secure.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while "cert" not in secure.log_text()[before:]:
        assert time.monotonic() < deadline, "nothing in the log"
        time.sleep(0.02)
    assert shown_certificate(secure) == secure.certificate


def reloaded(registry, message):
    """SIGHUP; what the log says until the message."""
    before = len(registry.log_text())
    registry.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while message not in registry.log_text()[before:]:
        assert time.monotonic() < deadline, registry.log_text()[before:]
        time.sleep(0.02)
    return registry.log_text()[before:]


def test_the_number_of_workers_is_the_option_s(fresh):
    registry = fresh({"workers": "3"})
    names = [path.read_text() for path in Path(f"/proc/{registry.pid}/task").glob("*/comm")]
    assert sum(name.startswith("worker") for name in names) == 3


def test_a_low_limit_on_files_is_raised_as_far_as_allowed(fresh):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard // 2, hard))
    try:
        registry = fresh()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = Path(f"/proc/{registry.pid}/limits").read_text()
    assert re.search(rf"^Max open files\s+{hard}\s+{hard}\s", limits, re.M), limits


def test_sighup_without_tls_changes_nothing(fresh):
    registry = fresh()
    reloaded(registry, "reloaded")
    assert registry.bare().get("/v2/").status_code == 401


@pytest.fixture
def configured(fresh, tmp_path):
    """A server whose configuration is registry.file."""
    file = tmp_path / "staithe.yaml"
    file.write_text("log:\n  level: info\n")
    registry = fresh(arguments=["--config", str(file)])
    registry.file = file
    return registry


def test_sighup_takes_a_new_level_of_the_log(configured):
    configured.file.write_text("log:\n  level: debug\n")
    reloaded(configured, "reloaded")
    configured.file.write_text("log:\n  level: error\n")
    configured.process.send_signal(signal.SIGHUP)  # without a line
    configured.bare().get("/v2/")
    configured.stop()
    assert "stopping" not in configured.log_text()


def test_sighup_with_a_broken_configuration_keeps_the_old_one(configured):
    configured.file.write_text("log: [")
    said = reloaded(configured, "configuration not reloaded")
    assert str(configured.file) in said
    assert configured.bare().get("/v2/").status_code == 401


def test_sighup_names_the_options_that_count_after_a_restart(configured):
    configured.file.write_text("log:\n  level: info\ngc:\n  grace: 4h\n")
    said = reloaded(configured, "reloaded")
    (line,) = [line for line in said.splitlines() if "after a restart" in line]
    assert "gc.grace" in line


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(secure, version):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(secure.address, 5))


def test_v94_plain_http_on_the_tls_port_is_not_served(secure):
    result = raw.exchange(secure.address, raw.request("GET", "/v2/", secure.host))
    assert not [response for response in result.responses if response.status in (200, 401)]


@pytest.mark.parametrize("broken", ["cert.pem", "key.pem"])
def test_a_broken_certificate_stops_the_start(tmp_path, registry, broken):
    certificate(tmp_path, "x.example")
    (tmp_path / broken).write_text("broken")
    done = registry.plain("serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", "--tls-certificate",
                          str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    assert done.returncode == 1 and done.stderr


# Speed that does not depend on the machine: no request waits for another


def test_a_slow_command_does_not_hold_up_requests(registry, alice, owner, package):
    """fsck --content beside requests."""
    owner.push_image(package, "v1", layer_sizes=(5_000_000,))
    worker = threading.Thread(target=registry.fsck, args=("--content",))
    worker.start()
    while worker.is_alive():
        assert owner.get_manifest(package, "v1").status_code == 200
    worker.join()


def test_readyz_turns_away_during_the_stop(fresh):
    """A balancer sees 503, or nobody there, as soon as the stop has begun."""
    registry = fresh()
    account = registry.user("alice")
    client = registry.client(account)
    location = client.start_upload("alice/app")
    with raw.connect(registry.address) as writer:
        headers = [("Authorization", basic_header(account.name, account.token)), ("Content-Length", "2000")]
        writer.sendall(raw.request("PATCH", location, registry.host, headers) + b"x" * 1000)
        time.sleep(0.1)
        registry.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        try:
            assert registry.bare().get("/readyz").status_code == 503
        except requests.ConnectionError:
            pass
        writer.sendall(b"x" * 1000)
        raw.receive(writer, 10)
    registry.wait_stopped()


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"])
def test_v26_t51_metrics_are_not_open_through_a_proxy_on_the_same_machine(registry, alice, header):
    """V: every request of such a proxy comes from loopback."""
    assert registry.bare().get("/metrics").status_code == 200
    refused(registry.bare().get("/metrics", headers={header: "x"}), 401, "UNAUTHORIZED")
    refused(registry.basic(alice.name, alice.token).get("/metrics", headers={header: "x"}), 403, "DENIED")
