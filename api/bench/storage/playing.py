"""Playback by Range through the API, beside nginx that serves the plaintext from the same disk.

Ours: two HTTP processes, each range authorised, each window entered before its first byte, decrypted on its way. The
same players ask both for the same ranges over the same kind of connection, in turn (A B A B …). Before anything is
measured each side is played once with every byte held against the film's.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from api.bench.custodian import forget
from api.bench.custody import RunningCustody
from api.bench.errors import BenchError
from api.bench.random_file import make_random_file
from api.bench.rows import Row
from api.bench.search import percentile
from api.bench.storage.nginx_peer import running_nginx
from api.bench.storage.players import Order, Played
from api.bench.storage.shown_film import shown_film
from api.bench.storage.sizes import StorageSizes

WARM_BAR: Final = 1 / 0.7
COLD_BAR: Final = 1 / 0.5
FIRST_BYTE_BAR: Final = 3.0
LONGEST_SECONDS: Final = 900.0

Spans = Sequence[Sequence[int]]


def measure_playing(custody: RunningCustody, nginx: str, workplace: Path, sizes: StorageSizes) -> list[Row]:
    """Four rows: seeking in what is in the page cache, the first bytes of that, playing on, and all of it cold.

    Raises BenchError.
    """
    root, run = workplace / "film", workplace / "nginx"
    root.mkdir()
    run.mkdir()
    film = make_random_file(root / "film.mp4", sizes.film_bytes)
    with shown_film(custody, film, workplace, sizes.players) as ours, running_nginx(nginx, root, run) as port:
        everywhere, everything = _anywhere(sizes, sizes.range_bytes, sizes.ranges), _each_his_part(sizes)
        further = _anywhere(sizes, sizes.long_range_bytes, 1)
        one_each = [spans[:1] for spans in everywhere]
        mine = Order(
            ours.port, ours.path, ours.headers, one_each, sizes.range_bytes, str(film), sizes.film_bytes, checked=True
        )
        theirs = dataclasses.replace(mine, port=port, path="/film.mp4", headers=[""] * sizes.players)
        sides = mine, theirs
        for each in sides:
            _play(each)
        warm = _in_turn(sides, everywhere, sizes.pairs, lambda: None)
        long = tuple(dataclasses.replace(each, span_bytes=sizes.long_range_bytes) for each in sides)
        playing_on = _in_turn((long[0], long[1]), further, sizes.pairs, lambda: None)
        cold = _in_turn(sides, everything, sizes.pairs, lambda: _forget_both(film, ours.stored))
    film.unlink()
    name = f"播放，{sizes.players} 人 / {sizes.players} players"
    asked = f"{sizes.ranges} × {sizes.range_bytes / (1 << 20):g} MiB"
    return [
        _row(f"{name}, {asked}", warm, lambda played: played.seconds, WARM_BAR),
        _row(f"{name}：首字节 / first byte, p95", warm, _slow_first_byte, FIRST_BYTE_BAR),
        _row(f"{name}, 1 × {_mib(sizes.long_range_bytes)}", playing_on, lambda played: played.seconds, WARM_BAR),
        _row(f"{name}：冷缓存 / cold cache, {_mib(sizes.film_bytes)}", cold, lambda played: played.seconds, COLD_BAR),
    ]


def _in_turn(
    sides: tuple[Order, Order], spans: Spans, pairs: int, prepare: Callable[[], None]
) -> tuple[list[Played], list[Played]]:
    played: tuple[list[Played], list[Played]] = ([], [])
    for _ in range(pairs):
        for order, found in zip(sides, played, strict=True):
            os.sync()
            prepare()
            found.append(_play(dataclasses.replace(order, spans=spans, checked=False)))
    return played


def _play(order: Order) -> Played:
    """By a process of its own. Raises BenchError."""
    command = (sys.executable, "-P", "-m", "api.bench.storage.players")
    try:
        done = subprocess.run(
            command,
            input=json.dumps(dataclasses.asdict(order)),
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"the players did not end within {LONGEST_SECONDS:.0f} seconds") from error
    if done.returncode != 0:
        raise BenchError(f"the players ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    return Played(**json.loads(done.stdout))


def _anywhere(sizes: StorageSizes, span_bytes: int, spans: int) -> Spans:
    """Each player seeks `spans` times; the same in every run, and for both."""
    chance = random.Random(1)  # noqa: S311  places to seek, not a secret
    furthest = max(1, sizes.film_bytes - span_bytes)
    return [[chance.randrange(furthest) for _ in range(spans)] for _ in range(sizes.players)]


def _each_his_part(sizes: StorageSizes) -> Spans:
    """Every byte of the film once: nobody finds in the cache what another has just brought there."""
    firsts = list(range(0, sizes.film_bytes, sizes.range_bytes))
    return [firsts[number :: sizes.players] for number in range(sizes.players)]


def _forget_both(*paths: Path) -> None:
    for path in paths:
        forget(path)


def _slow_first_byte(played: Played) -> float:
    return percentile(sorted(played.first_byte_seconds), 0.95)


def _row(
    name: str, played: tuple[Sequence[Played], Sequence[Played]], of: Callable[[Played], float], bar: float
) -> Row:
    ours, peer = (statistics.median(map(of, side)) for side in played)
    return Row.beside_peer(name, "s", ours=ours, peer=peer, bar=bar)


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):g} GiB" if size_bytes >= 1 << 30 else f"{size_bytes / (1 << 20):g} MiB"
