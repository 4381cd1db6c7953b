"""A run of `liuhen reconcile` on a terminal, for a person; or as JSON, one object a line."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from api.cli.printed import print_json, print_line
from api.reconciling.codes import CODES, NOTICE
from api.reconciling.run import Reconciled
from api.reconciling.scene import Told

PARTS: Final[Mapping[str, str]] = {
    "objects": "对象 / objects",
    "rows": "行 / rows",
    "copies": "副本存储中的对象 / objects in the replica",
    "cold": "冷存储中的原件 / originals in the cold place",
    "entries": "账本条目 / ledger entries",
    "staged": "暂存的上传 / staged uploads",
    "again": "再看一次 / looked at again",
}
_PROGRESS_SECONDS: Final = 10.0


class Screen(Protocol):
    def tell(self, told: Told) -> None: ...

    def progress(self, part: str, done: int) -> None: ...

    def ended(self, done: Reconciled) -> None: ...


@contextmanager
def shown(as_json: bool, named: int) -> Iterator[Screen]:
    """Where a run shows itself. `named`: so many of each kind a person is shown."""
    if as_json:
        yield JsonLines()
        return
    from rich.console import Console

    with Console(stderr=True).status("对账 / reconciling") as status:
        yield Terminal(named, status)


class Terminal:
    """See Screen. `status`: rich's line that changes."""

    def __init__(self, named: int, status: Any) -> None:
        self._named, self._status = named, status
        self._kept: dict[str, list[Told]] = defaultdict(list)

    def tell(self, told: Told) -> None:
        kept = self._kept[told.code.name]
        if len(kept) < self._named:
            kept.append(told)

    def progress(self, part: str, done: int) -> None:
        self._status.update(f"{PARTS[part]} {done}")

    def ended(self, done: Reconciled) -> None:
        self._status.stop()
        for name, code in CODES.items():
            if name in done.counts:
                mark = "注意 / notice" if code.severity == NOTICE else "不符 / mismatch"
                self._print(f"{mark} [{name}] × {done.counts[name]}: {code.chinese} / {code.english}")
                self._print(f"    处理 / what to do: {code.do_chinese} / {code.do_english}")
                self._print_named(self._kept[name], done.counts[name])
        for part, title in PARTS.items():
            if part in done.looked_at:
                self._print(f"{title}: {done.looked_at[part]}")
        if done.mismatches:
            self._print(f"不符 {done.mismatches} 处，详见 docs/reconcile.md / {done.mismatches} mismatches")
        else:
            self._print("三方一致，没有不符 / no mismatch: objects, rows and ledger are about the same things")

    def _print_named(self, kept: list[Told], count: int) -> None:
        for each in kept:
            facts = " ".join(f"{word}={value}" for word, value in each.facts.items())
            self._print(f"    {each.subject}  {facts}".rstrip())
        if count > len(kept):
            self._print(f"    …另 {count - len(kept)} 个，--json 列出全部 / {count - len(kept)} more: --json names all")

    def _print(self, line: str) -> None:
        print_line(line)


class JsonLines:
    """See Screen. Each finding as it becomes certain; sizes in bytes."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def tell(self, told: Told) -> None:
        code = told.code
        _say(event="found", code=code.name, severity=code.severity, subject=told.subject, **told.facts)

    def progress(self, part: str, done: int) -> None:
        if time.monotonic() - self._said_at >= _PROGRESS_SECONDS:
            self._said_at = time.monotonic()
            _say(event="progress", part=part, done=done)

    def ended(self, done: Reconciled) -> None:
        means = {
            name: {"count": count, "severity": code.severity, "zh": code.chinese, "en": code.english}
            | {"do_zh": code.do_chinese, "do_en": code.do_english}
            for name, count in done.counts.items()
            for code in [CODES[name]]
        }
        seconds = round(done.seconds, 3)
        _say(event="ended", mismatches=done.mismatches, kinds=means, looked_at=done.looked_at, seconds=seconds)


def _say(**facts: object) -> None:
    print_json(facts)
