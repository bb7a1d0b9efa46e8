"""Downloads go on where they stopped, are checked, and name each mirror's failure."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tatami.vision.datasets import download
from tatami.vision.datasets.download import download_file

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serve one file in several good and bad ways."""

    requests: list[tuple[str, str | None]]
    cut: bool

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.requests.append((self.path, asked))
        if self.path == "/missing":
            self.send_error(404)
            return
        start = 0
        if asked is not None and self.path != "/whole":
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[start:] if self.path != "/other" else b"something else"
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).cut:
            type(self).cut = False
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any]]:
    """Give the address of a server, and its handler."""
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    handler = type("Own", (Handler,), {"requests": [], "cut": False})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", handler
    http.shutdown()
    http.server_close()
    thread.join()


def test_second_mirror_and_no_second_download(tmp_path: Path, server: Any) -> None:
    address, handler = server
    target = tmp_path / "new" / "file.gz"
    urls = [f"{address}/missing", f"{address}/good"]
    download_file(urls, target, MD5)
    assert target.read_bytes() == CONTENT
    assert [path for path, _ in handler.requests] == ["/missing"] * 3 + ["/good"]
    download_file(urls, target, MD5)
    assert len(handler.requests) == 4
    assert [path.name for path in target.parent.iterdir()] == ["file.gz"]


def test_goes_on_where_the_connection_broke(tmp_path: Path, server: Any) -> None:
    address, handler = server
    handler.cut = True
    download_file([f"{address}/good"], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    half = f"bytes={len(CONTENT) // 2}-"
    assert handler.requests == [("/good", None), ("/good", half)]


@pytest.mark.parametrize("kept", [CONTENT[:999], CONTENT, CONTENT + b"x", b"wrong"])
@pytest.mark.parametrize("path", ["/good", "/whole"])
def test_goes_on_from_an_old_part(
    tmp_path: Path, server: Any, kept: bytes, path: str
) -> None:
    (tmp_path / "file.part").write_bytes(kept)
    download_file([server[0] + path], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert not (tmp_path / "file.part").exists()


def test_every_failure_is_named(tmp_path: Path, server: Any) -> None:
    address, _ = server
    urls = [f"{address}/missing", f"{address}/other", "ftp://host/file"]
    with pytest.raises(RuntimeError) as caught:
        download_file(urls, tmp_path / "file", MD5)
    lines = str(caught.value).splitlines()
    assert lines[0] == "Error downloading file:"
    assert f"{address}/missing: HTTP Error 404" in lines[1]
    assert f"{address}/other: " in lines[2]
    assert f"expected a file with MD5 sum {MD5}, found" in lines[2]
    assert "only http and https" in lines[3]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written_is_no_mirror_s_fault(
    tmp_path: Path, server: Any
) -> None:
    (tmp_path / "file.part").mkdir()
    with pytest.raises(IsADirectoryError):
        download_file([f"{server[0]}/good"], tmp_path / "file", MD5)
