"""`liuhen bench`: our own speed beside a peer's in the same run, on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def bench(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="只测此项，如 seal / only this measure")] = None,
    size: Annotated[str, typer.Option(help="文件大小，如 1GiB / size of the file")] = "1GiB",
    memory_size: Annotated[
        str, typer.Option(help="测内存所用文件的大小 / size of the file for the memory row")
    ] = "4GiB",
    pairs: Annotated[int, typer.Option(min=1, help="成对运行次数，取中位数 / pairs of runs; medians count")] = 3,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="上传、存储：小规模试跑 / upload, storage: small sizes, to try; no bar counts"),
    ] = False,
    recordings: Annotated[int, typer.Option(min=1000, help="检索：记录数 / search: how many recordings")] = 1_000_000,
    cases: Annotated[int, typer.Option(min=500, help="检索：案件数 / search: how many cases")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="检索：随机种子 / search: the same one, the same rows")] = 1,
    folder: Annotated[
        Path, typer.Option(help="被测磁盘上的目录 / a folder on the disk to measure", file_okay=False, exists=True)
    ] = Path("/var/tmp"),  # noqa: S108  what is made there has names of its own and is removed
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")] = False,
    check: Annotated[bool, typer.Option("--check", help="未达标则退出码 1 / exit 1 where a bar is missed")] = False,
) -> None:
    """测速，与对照程序交替运行取中位数 / Measure beside a peer, in turn, and give the medians."""
    from api.bench.archive_rows import ArchiveSize
    from api.bench.registry import MEASURES, Options
    from api.bench.rows import describe_machine, print_table
    from api.errors import UsageRefused

    if name is not None and name not in MEASURES:
        known = ", ".join(MEASURES)
        raise UsageRefused(f"没有测量项 {name}；可用：{known}", f"there is no measure {name}: choose one of {known}")
    archive = ArchiveSize(recordings, cases, seed)
    options = Options(folder.resolve(), _parse_size(size), _parse_size(memory_size), pairs, quick, archive)
    chosen = MEASURES if name is None else {name: MEASURES[name]}
    rows = [row for measure in chosen.values() for row in measure.run(options)]
    machine = describe_machine()
    if as_json:
        facts = {"machine": machine, "rows": [row.to_json() for row in rows]}
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        print_table(rows, machine)
    raise typer.Exit(1 if check and not all(row.holds for row in rows) else 0)


def _parse_size(text: str) -> int:
    """Of `64MiB`, `1G`, `1048576`. Raises UsageRefused."""
    from api.errors import UsageRefused

    number = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = number[-1:] if number[-1:] in _UNITS and not number[-1:].isdigit() else ""
    digits = number.removesuffix(unit).strip() if unit else number
    if not digits.isdecimal() or int(digits) == 0:
        raise UsageRefused(f"大小 {text} 无效，应如 1GiB", f"{text} is no size: write one such as 1GiB")
    return int(digits) * _UNITS[unit]
