"""What can be found of the cold place; see codes.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

Made = TypeVar("Made")

_RECALL_OR_SCRUB = (
    "运行 liuhen scrub --all：有副本存储的自动修复；否则按 docs/scrub.md 从备份放回冷存储原名之下",
    "run `liuhen scrub --all`: it is healed from the replica; without one, put it back from a backup under its name in "
    "the cold place, as docs/scrub.md says",
)


def cold_mismatches(
    code: Callable[[str, str, str, tuple[str, str]], Made], never_remove: tuple[str, str]
) -> Iterator[Made]:
    yield code(
        "cold_missing",
        "应在冷存储中的原件不在其中",
        "an original that was moved is not in the cold place",
        _RECALL_OR_SCRUB,
    )
    yield code(
        "cold_size_differs",
        "冷存储中原件的大小与封存时不同",
        "an original in the cold place has another size than it was sealed with",
        _RECALL_OR_SCRUB,
    )
    yield code(
        "cold_version_differs",
        "冷存储中的版本不是移入时的，且不是修复所致",
        "an original in the cold place has another version than was put there, and not by being mended",
        ("查明谁能写入冷存储；巡检会整件核对", "find out who can write to the cold place; scrubbing reads it whole"),
    )
    yield code(
        "cold_several_versions",
        "冷存储中同一名称之上另有无人读取的版本",
        "versions that nobody reads lie over an original in the cold place",
        ("查明谁能写入冷存储", "find out who can write to the cold place"),
    )
    yield code(
        "cold_unknown",
        "冷存储中有对象，没有任何行指向它，来历不明",
        "an object in the cold place that no row names, of unknown origin",
        never_remove,
    )
    yield code(
        "cold_absent",
        "冷存储未接上：没有设置、没有标记，或不应答；未比较其内容",
        "the cold place is not there: it is not named, has no mark, or does not answer; nothing of it was compared",
        (
            "挂载磁盘，或核对 LIUHEN_COLD_ 设置，再对账",
            "mount its disk, or check the LIUHEN_COLD_ settings, and reconcile again",
        ),
    )
