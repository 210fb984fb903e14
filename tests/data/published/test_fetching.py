"""Downloads from a server of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.data.sources import fetching
from harness.data.sources.fetching import fetch
from harness.errors import UserError

CONTENT = bytes(range(256)) * 40


class Server(ThreadingHTTPServer):
    """Serves one file; may know ranges, may end early, and counts the bytes that it sends."""

    ranges = True
    stop_after: int | None = None
    content = CONTENT
    sent = 0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if not self.path.endswith("file.bin"):
            self.send_error(404)
            return
        content, asked = self.server.content, self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:][: self.server.stop_after]
        self.server.sent += len(body)
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def entry(server: Server, make_entry):
    return make_entry({"file.bin": CONTENT}, url=f"http://127.0.0.1:{server.server_port}")


def files(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*") if path.is_file())


def test_a_file_is_downloaded_to_its_place(home: Path, entry):
    place = fetch(entry, entry.files[0], progress=False)

    assert place.read_bytes() == CONTENT
    assert place == home / "sources/toy/file.bin"
    assert files(home) == ["file.bin"]


@pytest.mark.parametrize("ranges", [True, False])
def test_half_a_download_goes_on_where_it_stopped(
    home: Path, server: Server, entry, ranges: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetching, "_BLOCK", 1000)
    server.stop_after = 4000
    with pytest.raises(UserError, match="4,000 bytes are kept, run it again") as caught:
        fetch(entry, entry.files[0], progress=False)
    assert "\n" not in str(caught.value)
    assert files(home) == ["file.bin.half"]

    server.stop_after, server.ranges, server.sent = None, ranges, 0
    place = fetch(entry, entry.files[0], progress=False)

    assert place.read_bytes() == CONTENT
    assert server.sent == len(CONTENT) - (4000 if ranges else 0)
    assert files(home) == ["file.bin"]


def test_a_half_that_is_whole_is_taken(home: Path, server: Server, entry):
    (home / "sources/toy").mkdir(parents=True)
    (home / "sources/toy/file.bin.half").write_bytes(CONTENT)

    assert fetch(entry, entry.files[0], progress=False).read_bytes() == CONTENT
    assert server.sent == 0


def test_a_file_of_another_digest_leaves_nothing(home: Path, server: Server, entry):
    server.content = CONTENT[:-1] + b"x"

    with pytest.raises(UserError, match=r"is not file\.bin as published") as caught:
        fetch(entry, entry.files[0], progress=False)

    assert "\n" not in str(caught.value)
    assert files(home) == []


def test_a_dead_link_is_one_line(server: Server, make_entry):
    dead = make_entry({"gone.bin": b"x"}, url=f"http://127.0.0.1:{server.server_port}")

    with pytest.raises(UserError, match=r"gone\.bin: cannot be downloaded \(404") as caught:
        fetch(dead, dead.files[0], progress=False)

    assert "\n" not in str(caught.value)


def test_a_file_without_address_says_how_to_get_it(make_entry):
    entry = make_entry({"file.bin": CONTENT}, obtain="its page gives them")

    with pytest.raises(UserError, match=r"file\.bin: has no address to download from; its page"):
        fetch(entry, entry.files[0])
