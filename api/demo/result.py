"""What a run of the demo saw, as one table for people and one file for programs. Nothing in it is assumed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.demo.agent import Event
from api.demo.client import Facts
from api.demo.errors import require
from api.demo.narration import Narrator
from api.demo.uploading import Uploaded
from api.shown import show_instant

HEADINGS = (
    "记录\nrecording",
    "SHA-256",
    "时间戳（北京时间）\ntoken time, UTC+8",
    "账本序号\nledger index",
    "案件\ncase",
    "可播放\nplayable",
    "已核验\nverified",
)


@dataclass(frozen=True)
class SeenRecording:
    """One recording. `name` is the file's path below the folder; of files with the same bytes, the first one's."""

    name: str
    sha256: str
    sm3: str
    token_time: str
    ledger_index: int
    case: str
    playable: bool
    verified: bool

    def cells(self) -> tuple[str, ...]:
        yes_no = {True: "是 / yes", False: "否 / no"}
        stamped = show_instant(datetime.fromisoformat(self.token_time))
        plain = (self.name, self.sha256, stamped, str(self.ledger_index), self.case)
        return (*plain, yes_no[self.playable], yes_no[self.verified])


def join_recording(
    name: str, digest: str, receipt: Event, known: Facts, reported: Mapping[str, Facts], playable: bool
) -> SeenRecording:
    """One recording from its four witnesses: our own digest, the receipt, the archive, and the package's verifier.

    Raises CheckFailed where two of them do not say the same.
    """
    verified = reported.get(str(known["id"]))
    for what, values in _testimonies(digest, receipt, known, verified).items():
        require(
            len(set(map(str, values))) == 1,
            f"{name} 的 {what} 各处一致：{values}",
            f"the {what} of {name} is the same everywhere: {values}",
        )
    return SeenRecording(
        name=name,
        sha256=digest,
        sm3=str(known["sm3"]),
        token_time=str(known["token_time"]),
        ledger_index=int(known["ledger_index"]),
        case=", ".join(sorted({str(link["case"]["number"]) for link in known["links"] if link["ended_at"] is None})),
        playable=playable,
        verified=verified is not None,
    )


def _testimonies(digest: str, receipt: Event, known: Facts, verified: Facts | None) -> dict[str, list[object]]:
    package = [] if verified is None else [verified]
    return {
        "SHA-256": [digest, *(each["sha256"] for each in (receipt, known, *package))],
        "SM3": [each["sm3"] for each in (receipt, known, *package)],
        "ledger index": [each["ledger_index"] for each in (receipt, known, *package)],
    }


@dataclass(frozen=True)
class Result:
    """The whole run. `repeats` are files whose bytes another one had brought already: name → that one's name."""

    recordings: Sequence[SeenRecording]
    refused_without_grant: bool
    tampering_found: str
    uploaded: Uploaded
    repeats: Mapping[str, str]
    empty: Sequence[str]
    skipped: Sequence[str]
    seconds: float

    def form(self) -> dict[str, Any]:
        """What result.json holds."""
        return {
            "recordings": [asdict(each) for each in self.recordings],
            "refused_without_grant": self.refused_without_grant,
            "tampering_found": self.tampering_found,
            "kills_survived": len(self.uploaded.kills),
            "kills": [asdict(each) for each in self.uploaded.kills],
            "repeats": dict(self.repeats),
            "empty_files": list(self.empty),
            "skipped_files": list(self.skipped),
            "seconds": round(self.seconds, 1),
        }


def show_result(result: Result, narrator: Narrator) -> None:
    narrator.table(HEADINGS, [each.cells() for each in result.recordings])
    for name, same in result.repeats.items():
        narrator.say(f"{name} 与 {same} 内容相同，是同一条记录", "the same bytes, the same recording")
    for name in result.empty[:12]:
        narrator.say(f"{name} 是空文件，未取，留在原处", "an empty file, left where it is")
    for name in result.skipped[:12]:
        narrator.say(f"{name} 不是影像（链接、隐藏或临时文件），未取", "no footage: a link, hidden or temporary")


def write_result(path: Path, result: Result) -> None:
    """Names may hold bytes that are no text: they come back from JSON as Python and the docking agent know them."""
    text = json.dumps(result.form(), ensure_ascii=False, indent=2) + "\n"
    path.write_bytes(text.encode("utf-8", "backslashreplace"))
