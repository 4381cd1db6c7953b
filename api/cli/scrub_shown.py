"""A run of `liuhen scrub` on a terminal, with a bar and lines for a person; or as JSON, one object a line."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from api.cli.printed import print_json, print_line
from api.cli.scrub_run import Screen, Tally
from ingest.scrub.conclusion import Seen
from ingest.scrub.due import Extent
from ingest.scrub.standing import Standing
from integrity.fields import format_instant

KINDS: Final[Mapping[str, str]] = {
    "recording": "原件 / original",
    "rendition": "播放副本 / rendition",
    "redacted_copy": "遮蔽副本 / redacted copy",
    "request_attachment": "申请附件 / attachment",
}
FOUND: Final[Mapping[str, str]] = {
    "missing": "缺失 / missing",
    "truncated": "被截短 / truncated",
    "too_long": "多出内容 / too long",
    "differs": "内容不符 / other bytes",
    "unreadable": "无法读取 / unreadable",
    "unsigned": "封存清单无效 / no valid manifest",
}
_PROGRESS_SECONDS: Final = 10.0


@contextmanager
def shown(as_json: bool) -> Iterator[Screen]:
    """Where a run shows itself."""
    if as_json:
        yield JsonLines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Terminal(bar)


class Terminal:
    """See Screen. `bar`: rich's."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def begun(self, since: datetime, extent: Extent) -> None:
        self._bar.update(self._task, total=extent.size_bytes)
        size = _size(extent.size_bytes)
        self._print(f"待巡检 {extent.objects} 个对象，{size} / {extent.objects} objects to be looked at, {size}")
        self._print(f"如中断，可以此继续 / to go on where it breaks off: liuhen scrub --since {format_instant(since)}")

    def read(self, size_bytes: int) -> None:
        self._bar.advance(self._task, size_bytes)

    def seen(self, each: Seen) -> None:
        where = f"{KINDS[each.due.kind]} {each.due.id} {each.stated.object_name}"
        if not each.is_whole:
            self._print(f"{FOUND[each.found]}: {where}" + (f" ({each.why})" if each.why else ""))
        elif each.healed:
            self._print(f"已用副本存储修复 / healed from the replica: {where}")
        elif each.is_whole_again:
            self._print(f"已恢复完好 / whole again: {where}")

    def ended(self, whole_run: Tally, standing: Standing) -> None:
        size, rate = _size(whole_run.read_bytes), _size(int(whole_run.read_bytes / max(whole_run.seconds, 0.001)))
        objects, lost, again = whole_run.objects, whole_run.lost, whole_run.whole_again
        self._bar.stop()
        self._print(f"已巡检 {objects} 个对象，{size}，{rate}/s / {objects} objects looked at, {size}, {rate}/s")
        self._print(f"其中损坏 {lost}，恢复完好 {again} / of these {lost} lost, {again} whole again")
        if whole_run.healed:
            self._print(f"由副本存储修复 {whole_run.healed} / {whole_run.healed} healed from the replica")
        self._print(f"全部对象中损坏 {standing.lost_objects} / {standing.lost_objects} lost of all that is stored")
        if not whole_run.finished:
            self._print("未全部完成，已完成的有效 / broken off; what was looked at counts")
        if standing.lost_objects:
            self._print("处理办法见 / what to do: docs/scrub.md")

    def _print(self, line: str) -> None:
        print_line(line)


class JsonLines:
    """See Screen. Sizes in bytes, instants in UTC."""

    def __init__(self) -> None:
        self._read_bytes = self._objects = 0
        self._said_at = time.monotonic()

    def begun(self, since: datetime, extent: Extent) -> None:
        _say(event="begun", since=format_instant(since), objects=extent.objects, size_bytes=extent.size_bytes)

    def read(self, size_bytes: int) -> None:
        self._read_bytes += size_bytes
        if time.monotonic() - self._said_at >= _PROGRESS_SECONDS:
            self._said_at = time.monotonic()
            _say(event="progress", objects=self._objects, read_bytes=self._read_bytes)

    def seen(self, each: Seen) -> None:
        self._objects += 1
        if each.is_whole and not each.is_whole_again:
            return
        facts = {"kind": each.due.kind, "id": str(each.due.id), "object": each.stated.object_name}
        if each.is_whole:
            _say(event="healed" if each.healed else "whole_again", **facts)
        else:
            _say(event="lost", **facts, found=each.found, why=each.why)

    def ended(self, whole_run: Tally, standing: Standing) -> None:
        _say(
            event="ended",
            finished=whole_run.finished,
            objects=whole_run.objects,
            read_bytes=whole_run.read_bytes,
            seconds=round(whole_run.seconds, 3),
            lost=whole_run.lost,
            whole_again=whole_run.whole_again,
            healed=whole_run.healed,
            lost_of_all=standing.lost_objects,
            oldest_look=None if standing.oldest_look is None else format_instant(standing.oldest_look),
        )


def _say(**facts: object) -> None:
    print_json(facts)


def _size(size_bytes: int) -> str:
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:.4g} TiB"
