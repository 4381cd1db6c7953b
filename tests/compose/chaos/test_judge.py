"""Each fault that the judge of chaos is there for, planted in what a sound run would have seen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.commands import Ran
from tests.compose.chaos.judge import Verdict, judge
from tests.compose.chaos.observed import Kept, Observed, Playback, ReadBack, Sent
from tests.compose.chaos.outages import AT_THE_KILL_SECONDS, GRACE_SECONDS, Outage
from tests.torture.rows import ArchiveRows, RecordingRow

FIRST, SECOND = "1" * 64, "2" * 64
VERIFIED = Ran(0, json.dumps({"findings": []}), "")
RECONCILED = Ran(0, json.dumps({"event": "ended", "mismatches": 0, "kinds": {}}), "")
ONE = RecordingRow("r1", ("JIA", FIRST), receipts=2, repeats=1, sealed=1, again=1, issued=2, uploads=2)
OTHER = RecordingRow("r2", ("YI", SECOND), receipts=1, repeats=0, sealed=1, again=0, issued=1, uploads=1)
SENT = (
    Sent("1.mp4", 0, "JIA", FIRST, 10),
    Sent("2.mp4", 2, "YI", SECOND, 20),
    Sent("3_DUP.mp4", 1, "JIA", FIRST, 10),
)
KEPT = (Kept(0, FIRST, "r1", "u1"), Kept(2, SECOND, "r2", "u2"), Kept(1, FIRST, "r1", "u3"))
OUTAGES = (
    Outage("postgres", "postgres", 100.0, 101.0, 110.0),
    Outage("broker", "valkey", 200.0, 201.0, 210.0),
    Outage("api", "api-a", 300.0, 301.0, 310.0),
    Outage("rgw", "rgw", 400.0, 401.0, None),
)
SOUND = Observed(
    sent=SENT,
    kept=KEPT,
    rows=ArchiveRows((ONE, OTHER)),
    read_back={"r1": ReadBack(FIRST, 10), "r2": ReadBack(SECOND, 20)},
    verified=VERIFIED,
    reconciled={"a": RECONCILED, "b": RECONCILED},
    playbacks=(Playback(50.0, 51.0, "r1", 0, 10),),
    outages=OUTAGES,
)


def failing(asked_at: float, ended_at: float, **more: Any) -> dict[str, Any]:
    return {"playbacks": (Playback(asked_at, ended_at, "r1", 0, 10, **{"error": "HTTP 503", **more}),)}


def of_rows(*recordings: RecordingRow, left: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"rows": ArchiveRows(recordings, left)}


def test_a_sound_run_is_found_sound() -> None:
    found = judge(SOUND)
    assert found == Verdict(files=3, playbacks=1)
    assert found.holds
    assert found.last_line() == (
        "lost 0, doubled 0, wrong 0, playback errors outside an outage 0 of 3 files and 1 playbacks"
    )


PLANTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a file that stays on its card": ("lost", "never received", {"sent": (*SENT, Sent("4", 0, "JIA", "4", 1, False))}),
    "a removed file that is no recording": ("lost", "is no recording", {"sent": (*SENT, Sent("4", 0, "JIA", "4", 1))}),
    "a recording that is gone": ("lost", "is no recording", of_rows(ONE)),
    "two recordings of the same bytes": ("doubled", "2 recordings of", of_rows(ONE, OTHER, replace(ONE))),
    "a recording of bytes that nobody sent": (
        "wrong",
        "nobody docked",
        of_rows(ONE, OTHER, replace(OTHER, recording_id="r3", content=("JIA", SECOND))),
    ),
    "a receipt too few": ("lost", "1 receipts", of_rows(replace(ONE, receipts=1), OTHER)),
    "a receipt too many": ("doubled", "3 receipts", of_rows(replace(ONE, receipts=3), OTHER)),
    "an entry recording.sealed that is gone": ("lost", "0 recording.sealed", of_rows(replace(ONE, sealed=0), OTHER)),
    "two entries recording.sealed": ("doubled", "2 recording.sealed", of_rows(replace(ONE, sealed=2), OTHER)),
    "an entry of a receipt too few": ("lost", "1 receipt.issued", of_rows(replace(ONE, issued=1), OTHER)),
    "a further file whose entry is gone": ("lost", "0 recording.received", of_rows(replace(ONE, again=0), OTHER)),
    "an upload too many": ("doubled", "2 uploads", of_rows(ONE, replace(OTHER, uploads=2))),
    "an upload without an end": ("wrong", "without an end", of_rows(ONE, OTHER, left=("upload without an end: u",))),
    "a kept receipt that is gone": ("lost", "1 receipts too few", {"kept": KEPT[:2]}),
    "a kept receipt too many": ("doubled", "1 receipts too many", {"kept": (*KEPT, replace(KEPT[0], upload_id="u4"))}),
    "two receipts of one upload": (
        "doubled",
        "of the upload u1",
        {"kept": (*KEPT[:2], replace(KEPT[2], upload_id="u1"))},
    ),
    "a kept receipt of no recording": (
        "lost",
        "no recording",
        {"kept": (*KEPT[:2], replace(KEPT[2], recording_id="r9"))},
    ),
    "a kept receipt that does not hold": (
        "wrong",
        "does not hold",
        {"kept": (*KEPT[:2], replace(KEPT[2], refused="x"))},
    ),
    "a recording that was not read back": ("lost", "not read back", {"read_back": {"r1": ReadBack(FIRST, 10)}}),
    "a recording that does not play": (
        "lost",
        "does not play",
        {"read_back": {"r1": ReadBack(FIRST, 10), "r2": ReadBack(error="HTTP 503")}},
    ),
    "a recording that plays other bytes": (
        "wrong",
        "plays other bytes",
        {"read_back": {"r1": ReadBack(FIRST, 10), "r2": ReadBack(FIRST, 20)}},
    ),
    "a recording that plays too few bytes": (
        "wrong",
        "plays other bytes",
        {"read_back": {"r1": ReadBack(FIRST, 10), "r2": ReadBack(SECOND, 19)}},
    ),
    "a finding of verify": (
        "wrong",
        "liuhen verify",
        {"verified": Ran(1, json.dumps({"findings": [{"code": "object_differs", "subject": "x"}]}), "")},
    ),
    "verify that breaks": ("wrong", "liuhen verify", {"verified": Ran(2, "", "no database")}),
    "a mismatch of reconcile": (
        "wrong",
        "1 object_unknown",
        {
            "reconciled": {
                "a": Ran(
                    1,
                    json.dumps({"event": "found", "code": "object_unknown", "subject": "originals/x"})
                    + "\n"
                    + json.dumps({"event": "ended", "mismatches": 1, "kinds": {"object_unknown": {"count": 1}}}),
                    "",
                )
            }
        },
    ),
    "reconcile that breaks": (
        "wrong",
        "liuhen reconcile on b",
        {"reconciled": {"a": RECONCILED, "b": Ran(2, "", "x")}},
    ),
    "work that stood still": ("wrong", "stands still", {"complaints": ("station 2 stands still",)}),
    "wrong bytes in playback": ("wrong", "3 wrong bytes", failing(50.0, 51.0, error="", wrong_bytes=3)),
    "wrong bytes before an excused error": ("wrong", "3 wrong bytes", failing(105.0, 106.0, wrong_bytes=3)),
    "an error when nothing was away": ("outside", "HTTP 503", failing(50.0, 51.0)),
    "an error that ended before the kill": ("outside", "HTTP 503", failing(98.0, 99.9)),
    "an error long after all was well": ("outside", "HTTP 503", failing(110.1 + GRACE_SECONDS, 120.0)),
    "an error while the broker was away": ("outside", "HTTP 503", failing(202.0, 203.0)),
    "an error while a node was away, of a request made later": (
        "outside",
        "HTTP 503",
        failing(300.1 + AT_THE_KILL_SECONDS, 305.0),
    ),
    "a refusal while the database was away": (
        "outside",
        "HTTP 403",
        failing(105.0, 106.0, error="HTTP 403", refused=True),
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_is_counted(fault: str) -> None:
    counted_as, words, changes = PLANTED[fault]
    found = judge(replace(SOUND, **changes))
    assert any(words in line for line in getattr(found, counted_as)), found
    assert not found.holds


EXCUSED = {
    "the database was away": (105.0, 106.0),
    "it went away meanwhile": (99.0, 100.1),
    "it was only just back": (110.0 + GRACE_SECONDS, 120.0),
    "the request was under way on the node that was killed": (299.0, 301.0),
    "the store is still away": (500.0, 530.0),
}


@pytest.mark.parametrize("why", EXCUSED)
def test_an_error_is_excused_while_what_it_needs_is_away(why: str) -> None:
    assert judge(replace(SOUND, **failing(*EXCUSED[why]))).holds
