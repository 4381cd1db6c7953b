"""What is said of an archive that does not answer: never, or not any more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from ingest.dock import errors
from ingest.dock.connection import Connection


def test_a_connection_that_was_cut_is_told_apart_from_one_that_never_came(archive: Any) -> None:
    url, connection = archive.url, Connection(archive.url, archive.token)
    try:
        connection.ask("GET", "/api/v1/keys/receipt")
        archive.stop()
        with pytest.raises(errors.TryAgain) as cut:
            connection.ask("GET", "/api/v1/keys/receipt")
    finally:
        connection.close()
    assert cut.value.words.zh.startswith(f"与档案系统 {url} 的连接中断：")
    assert f"the connection to the archive at {url} was cut (" in cut.value.words.en
    assert "请核对地址" not in cut.value.words.zh


@pytest.fixture
def silence() -> Iterator[str]:
    """An address where whoever says something is cut off."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    peer = listener.accept()[0]
                    with peer:
                        peer.recv(65536)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def _ask(url: str) -> errors.DockError:
    with closing(Connection(url, None)) as connection, pytest.raises(errors.DockError) as met:
        connection.ask("GET", "/api/v1/keys/receipt")
    return met.value


def test_https_where_plain_http_is_spoken_says_so_and_ends_the_run(archive: Any) -> None:
    met = _ask(archive.url.replace("http:", "https:"))
    assert isinstance(met, errors.NoArchiveThere)
    assert "该端口不是 https，应答的是明文；线路可信时，地址改以 http:// 开头" in met.words.zh
    assert "未开机" not in met.words.zh


def test_where_the_line_is_cut_at_once_it_may_be_the_other_protocol(silence: str) -> None:
    for scheme, zh in (("http", "也可能只接受 https"), ("https", "也可能该端口不是 https")):
        met = _ask(f"{scheme}://{silence}")
        assert isinstance(met, errors.TryAgain)
        assert zh in met.words.zh


@pytest.mark.parametrize(
    ("answer", "zh"),
    [
        ((404, {}, b"no such page"), "HTTP 404"),
        ((400, {}, b"plain http on an https port"), "HTTP 400，可能只接受 https"),
        ((403, {}, b"as long as a key: thirty-two now"), "HTTP 403"),
        ((200, {}, b"<html>a portal</html>"), "应答的是别的内容"),
        (
            (308, {"location": "https://archive.example/api/v1/keys/receipt"}, b""),
            "它转到 https://archive.example：请改填该地址",
        ),
    ],
)
def test_what_answers_as_no_archive_is_a_wrong_address_and_no_impostor(
    archive: Any, docking: Any, answer: tuple[int, dict[str, str], bytes], zh: str
) -> None:
    docking.write("a.mp4", b"x")
    archive.before = lambda *_: answer
    with pytest.raises(errors.NoArchiveThere) as met:
        docking.run()
    assert met.value.words.zh.startswith(f"{archive.url} 有应答，但不是留痕档案系统（{zh}）：没有发出任何录像或代码。")
    assert "冒充" not in met.value.words.zh
