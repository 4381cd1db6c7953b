"""Files that make ffmpeg read others: stopped by the demuxer policy, and by the walls when the policy is forgotten."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.media import findings as code
from ingest.media.probe import probe_media
from ingest.media.renditions import NothingToShow, make_poster, make_proxy, make_sprite
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Job

VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")


class Listener:
    """Counts whoever connects."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        self.callers = 0
        threading.Thread(target=self.count, daemon=True).start()

    def count(self) -> None:
        while True:
            try:
                caller, _ = self.server.accept()
            except OSError:
                return
            self.callers += 1
            caller.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.server.close()


@pytest.fixture
def neighbour(make_clip: Callable[..., Path]) -> Path:
    return make_clip(*VIDEO, "-metadata", "comment=NEIGHBOUR-SECRET", "-f", "mpegts", "neighbour")


def hostile_texts(neighbour: Path, port: int) -> dict[str, str]:
    header = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    return {
        "ffconcat beside": f"ffconcat version 1.0\nfile {neighbour.name}\n",
        "ffconcat absolute": f"ffconcat version 1.0\nfile 'file:{neighbour}'\n",
        "playlist beside": f"{header}{neighbour.name}\n#EXT-X-ENDLIST\n",
        "playlist absolute": f"{header}file://{neighbour}\n#EXT-X-ENDLIST\n",
        "playlist network": f"{header}http://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
        "dash network": f'<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>',
    }


HOSTILE = [
    "ffconcat beside",
    "ffconcat absolute",
    "playlist beside",
    "playlist absolute",
    "playlist network",
    "dash network",
]


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest, neighbour: Path, listener: Listener) -> Path:
    path = neighbour.parent / "AB00001_000123_20260101093000.MP4"
    path.write_text(hostile_texts(neighbour, listener.port)[request.param])
    return path


def test_it_is_unreadable_and_gives_no_copy(
    any_runner: MediaRunner, hostile: Path, out: Path, listener: Listener
) -> None:
    found = probe_media(hostile, any_runner)
    assert found.state == "unreadable"
    assert found.reasons[0].code in (code.FORMAT_REFUSED, code.NOT_MEDIA)
    assert found.streams == ()
    for make in (make_proxy, make_poster, make_sprite):
        assert isinstance(make(hostile, found, out, any_runner), NothingToShow)
    assert list(out.iterdir()) == []
    assert listener.callers == 0


def test_even_without_the_policy_the_walls_hide_the_neighbour(
    any_runner: MediaRunner, hostile: Path, out: Path, listener: Listener
) -> None:
    """The same files, handed to a bare ffmpeg that is told to follow everything."""
    program = any_runner.tools.ffmpeg.program
    follow = ("-safe", "0", "-protocol_whitelist", "file,http,tcp,crypto,data")
    for demuxer in ("concat", "hls"):
        only = follow if demuxer == "concat" else (*follow[2:], "-extension_picky", "0", "-allowed_extensions", "ALL")
        words = ("-nostdin", "-v", "error", "-f", demuxer, *only, "-i", "file:/in/media", "-c", "copy", "/out/a.ts")
        result = any_runner.sandbox.run(Job(program, words, media=hostile, out=out))
        assert not result.succeeded
    secret = b"NEIGHBOUR-SECRET"
    assert all(secret not in path.read_bytes() for path in out.iterdir())
    assert listener.callers == 0


def test_the_attack_is_real(any_runner: MediaRunner, neighbour: Path, out: Path) -> None:
    """Were the neighbour inside, the script would copy it: so what the tests above see is the walls' doing."""
    (neighbour.parent / "media").write_text(f"ffconcat version 1.0\nfile {neighbour.name}\n")
    program = any_runner.tools.ffmpeg.program
    words = (
        "-nostdin",
        "-v",
        "error",
        "-f",
        "concat",
        "-i",
        "file:/out/media",
        "-c",
        "copy",
        "-f",
        "mpegts",
        "/out/a.ts",
    )
    assert any_runner.sandbox.run(Job(program, words, out=neighbour.parent)).succeeded
    assert (neighbour.parent / "a.ts").stat().st_size > 1000
