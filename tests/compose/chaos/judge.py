"""The archive after everything was killed, held against what was sent to it; and playback against what was away."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.commands import Ran
from tests.compose.chaos.observed import Observed, ReadBack, Sent
from tests.compose.chaos.outages import excused
from tests.torture.judge import Judgement, judge_verification
from tests.torture.rows import Content, RecordingRow, judge_read_rows


@dataclass
class Verdict(Judgement):
    """`outside`: playback errors at moments at which all that playback needs was there."""

    playbacks: int = 0
    outside: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return super().holds and not self.outside

    def last_line(self) -> str:
        counted = f"lost {len(self.lost)}, doubled {len(self.doubled)}, wrong {len(self.wrong)}"
        errors = f"playback errors outside an outage {len(self.outside)}"
        return f"{counted}, {errors} of {self.files} files and {self.playbacks} playbacks"


def judge(observed: Observed) -> Verdict:
    found = Verdict(files=len(observed.sent), playbacks=len(observed.playbacks))
    found.wrong += observed.complaints
    found.lost += [f"{file.name} was never received" for file in observed.sent if not file.gone]
    docked = _by_content(observed)
    judge_read_rows(observed.rows, docked, found)
    _judge_kept(observed, found)
    for row in observed.rows.recordings:
        _judge_read_back(row, docked.get(row.content, []), observed.read_back.get(row.recording_id), found)
    _judge_playbacks(observed, found)
    judge_verification(observed.verified, False, found)
    for node, ran in observed.reconciled.items():
        _judge_reconciled(node, ran, found)
    return found


def _by_content(observed: Observed) -> dict[Content, list[Sent]]:
    docked: dict[Content, list[Sent]] = defaultdict(list)
    for file in observed.sent:
        if file.gone:
            docked[file.unit, file.sha256].append(file)
    return docked


def _judge_kept(observed: Observed, found: Verdict) -> None:
    """One receipt a file, each true; two for one upload are none for another."""
    owed = Counter((file.station, file.sha256) for file in observed.sent if file.gone)
    for kept in observed.kept:
        if kept.refused:
            found.wrong.append(f"station {kept.station} keeps a receipt that does not hold: {kept.refused}")
        owed[kept.station, kept.sha256] -= 1
    for (station, digest), count in owed.items():
        if count > 0:
            found.lost.append(f"station {station} removed {digest} and holds {count} receipts too few")
        elif count < 0:
            found.doubled.append(f"station {station} holds {-count} receipts too many for {digest}")
    known = {row.recording_id for row in observed.rows.recordings}
    for kept in observed.kept:
        if kept.recording_id not in known:
            found.lost.append(f"station {kept.station} holds a receipt of {kept.recording_id}, which is no recording")
    for upload_id, count in Counter(kept.upload_id for kept in observed.kept).items():
        if count > 1:
            found.doubled.append(f"{count} receipts are of the upload {upload_id}")


def _judge_read_back(row: RecordingRow, files: list[Sent], read: ReadBack | None, found: Verdict) -> None:
    if read is None:
        found.lost.append(f"recording {row.recording_id} was not read back")
    elif read.error:
        found.lost.append(f"recording {row.recording_id} does not play: {read.error}")
    elif read.sha256 != row.content[1] or any(read.size_bytes != file.size_bytes for file in files):
        found.wrong.append(f"recording {row.recording_id} plays other bytes")


def _judge_playbacks(observed: Observed, found: Verdict) -> None:
    for each in observed.playbacks:
        where = f"{each.recording_id} from byte {each.first_byte} at {each.asked_at:.1f} s"
        if each.wrong_bytes:
            found.wrong.append(f"{each.wrong_bytes} wrong bytes of {where}")
        if each.refused:
            found.outside.append(f"{where}: {each.error}, which no outage excuses")
        elif each.error and not excused(observed.outages, each.asked_at, each.ended_at):
            found.outside.append(f"{where} to {each.ended_at:.1f} s: {each.error}")


def _judge_reconciled(node: str, ran: Ran, found: Verdict) -> None:
    """Nothing at all: also what it calls a notice would have to be gone by now."""
    try:
        told = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        (ended,) = [each for each in told if each["event"] == "ended"]
        kinds = dict(ended["kinds"])
    except (ValueError, KeyError):
        found.wrong.append(f"liuhen reconcile on {node}: {ran.stdout[:1000]}{ran.stderr[:1000]}")
        return
    for name in kinds:
        subjects = [each.get("subject") for each in told if each.get("code") == name]
        found.wrong.append(f"liuhen reconcile on {node}: {kinds[name]['count']} {name}, such as {subjects[:3]}")
    if ran.code and not kinds:
        found.wrong.append(f"liuhen reconcile on {node} ends with {ran.code}: {ran.stderr[:1000]}")
