"""The players, on real nginx: what is played is what was asked for, or it is no measurement."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.bench.errors import PeerFailed, PeerMissing
from api.bench.storage import nginx_peer
from api.bench.storage.nginx_peer import find_nginx, running_nginx
from api.bench.storage.players import Order, play

FILM_BYTES = 300_000


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film" / "film.mp4"
    path.parent.mkdir()
    path.write_bytes(os.urandom(FILM_BYTES))
    return path


@pytest.fixture
def order(film: Path, tmp_path: Path) -> Iterator[Order]:
    """Three players, of whom one asks for nothing, and the last for what reaches beyond the end."""
    run = tmp_path / "nginx"
    run.mkdir()
    with running_nginx(find_nginx(), film.parent, run) as port:
        spans = [[0, 200_000, 0], [], [100, FILM_BYTES - 50]]
        yield Order(port, "/film.mp4", ["", "", "Cookie: a=b\r\n"], spans, 70_000, str(film), FILM_BYTES, checked=True)


def test_each_player_plays_what_he_asked_for_and_every_first_byte_is_timed(order: Order) -> None:
    played = play(order)
    assert len(played.first_byte_seconds) == 5
    assert 0 < min(played.first_byte_seconds) <= max(played.first_byte_seconds) <= played.seconds


def test_other_bytes_than_the_films_are_no_measurement(order: Order, film: Path) -> None:
    other = film.with_name("other.mp4")
    content = bytearray(film.read_bytes())
    content[250_000] ^= 1
    other.write_bytes(content)
    assert hashlib.sha256(content).digest() != hashlib.sha256(film.read_bytes()).digest()
    with pytest.raises(RuntimeError, match="not those of the film"):
        play(replace(order, path="/other.mp4"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda order: replace(order, path="/none.mp4"), "404"),
        (lambda order: replace(order, film_bytes=FILM_BYTES - 1), "was asked for"),
        (lambda order: replace(order, headers=["If-None-Match: *\r\n"] * 3), "was asked for"),
    ],
)
def test_another_answer_than_the_range_is_no_measurement(
    order: Order, change: Callable[[Order], Order], said: str
) -> None:
    with pytest.raises(RuntimeError, match=said):
        play(change(order))


def test_who_closes_the_connection_has_not_been_measured(order: Order) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closing = threading.Thread(target=lambda: [server.accept()[0].close() for _ in range(2)], daemon=True)
        closing.start()
        with pytest.raises((RuntimeError, OSError), match=r"closed|reset|[Bb]roken"):
            play(replace(order, port=server.getsockname()[1]))
        closing.join()


def test_without_nginx_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(nginx_peer, "_ALSO", str(tmp_path))
    with pytest.raises(PeerMissing, match="apt install nginx"):
        find_nginx()


def test_an_nginx_that_does_not_start_is_told_with_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    with pytest.raises(PeerFailed, match="nginx"), running_nginx("/bin/false", tmp_path / "film", tmp_path):
        pass
