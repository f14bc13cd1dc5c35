"""bench/run works: what it says is compared by people, not by tests."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.server import BINARY, EXTERNAL, ROOT, clean_environment

BUILD = Path(BINARY).resolve().parent
LOAD = BUILD / "bench" / "load"
RUN = [sys.executable, "-B", str(ROOT / "bench" / "run"), "--quick", "--servers", "Staithe", "--build", str(BUILD)]

pytestmark = pytest.mark.skipif(bool(EXTERNAL) or not LOAD.exists(), reason=f"needs {LOAD} and a server of its own")


def bench(folder, *arguments):
    return [*RUN, "--data", str(folder / "data"), "--output", str(folder / "out.json"), *arguments]


def test_quick_run_measures_every_workload_without_an_error(tmp_path):
    done = subprocess.run(bench(tmp_path), capture_output=True, text=True, timeout=120, env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    runs = json.loads((tmp_path / "out.json").read_text())["runs"]
    measured = {run["group"] for run in runs if run["server"] == "Staithe" and run["figures"]["errors"] == 0}
    assert measured == {"V1", "V2", "V3", "V4", "V5", "V6", "V9", "V10"}
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["lock"]


def command_of(pid):
    """Empty when the process has ended since it was listed."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def servers_of(pid):
    """Processes of our program that the runner started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = children.read_text().split() if children.exists() else []
    return [child for child in found if b"serve\0" in command_of(child)]


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_servers_end_with_the_runner(tmp_path, number):
    with subprocess.Popen(bench(tmp_path, "--only", "V1", "--rounds", "1000"), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env=clean_environment()) as runner:
        server = until(lambda: servers_of(runner.pid))[0]
        os.kill(runner.pid, number)
        runner.wait(30)
    until(lambda: not Path(f"/proc/{server}").exists())


def serve_with_a_stall(listener, seconds):
    """Answers at once, but for one stall that every connection feels."""
    stall = threading.Lock()
    began = time.monotonic()
    stalled = []

    def answer(connection):
        with connection:
            while connection.recv(4096):
                with stall:
                    if not stalled and time.monotonic() > began + 0.3:
                        stalled.append(True)
                        time.sleep(seconds)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def test_probe_counts_a_stall_for_every_request_that_was_due_in_it():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve_with_a_stall, args=(listener, 1.0), daemon=True).start()
        done = subprocess.run([LOAD, "probe", "--address", f"127.0.0.1:{listener.getsockname()[1]}", "--path", "/", "--rate",
                               "100", "--seconds", "2", "--connections", "2"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        listener.shutdown(socket.SHUT_RDWR)
    report = json.loads(done.stdout)
    assert report["errors"]["total"] == 0 and report["requests"] == 200
    # 100 of 200 requests were due in the second of the stall; only two of them had a connection.
    assert report["latency_ms"]["p90"] > 500


def tables():
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        import table
        return table
    finally:
        sys.path.remove(str(ROOT / "bench"))


def results(ours, theirs, workload="push 200 small images, 8 clients"):
    runs = [{"group": "V4", "workload": workload, "round": n, "server": server, "figures": {"per_s": value, "errors": 0}}
            for server, values in (("Staithe", ours), ("zot", theirs)) for n, value in enumerate(values)]
    server = {"version": "1", "durability": "synced", "config": ""}
    return {"runs": runs, "servers": {"Staithe": server, "zot": server}, "facts": tables().facts(ROOT, False), "commands": {}}


@pytest.mark.parametrize("ours, verdict", [((500, 510, 490), "met"), ((499, 499, 499), "**missed**")])
def test_table_judges_the_median_of_paired_ratios(ours, verdict):
    text = tables().render(results(ours, (100, 100, 100)))
    assert re.search(rf"\| V4 \| push 200 .* at least 5 x \| .* \| {re.escape(verdict)} \|", text)


def test_table_names_neither_machine_nor_its_paths():
    text = tables().render(results((5,), (1,)))
    assert socket.gethostname() not in text and str(ROOT) not in text


def test_written_tables_replace_those_between_the_markers(tmp_path):
    document = tmp_path / "PERFORMANCE.md"
    document.write_text(f"before\n{tables().BEGIN}\nold\n{tables().END}\nafter\n")
    tables().write(document, "new\n")
    assert document.read_text() == f"before\n{tables().BEGIN}\n\nnew\n\n{tables().END}\nafter\n"
