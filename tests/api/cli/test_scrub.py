"""`liuhen scrub`: what it prints, how it ends, and how it is gone on with."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from api.cli.scrub_order import read_order
from api.cli.scrub_run import ScrubRun
from api.cli.scrub_shown import JsonLines, shown
from api.errors import UsageRefused
from api.verification import verify_archive
from ingest.scrub.conclusion import Seen

CONTENT = b"no picture, but evidence\n" * 1000


def object_path(sealing: Any, recording: Any) -> Path:
    return Path(sealing.settings.data / "objects" / recording.object_name)


def rot(path: Path) -> bytes:
    """What stood there before."""
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    return content


def test_what_is_damaged_is_named_until_it_is_put_back(sealing: Any, commands: Any, capsys: Any) -> None:
    first, second = sealing.seal(CONTENT), sealing.seal(CONTENT + b"2")
    sealing.end_sequencing()  # the command has its own

    def scrub(*words: str) -> tuple[int, list[dict[str, Any]]]:
        code = commands("scrub", *words)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    code, said = scrub("--all", "--rate", "unthrottled")
    assert code == 0
    assert [each["event"] for each in said] == ["begun", "ended"]
    assert (said[0]["objects"], said[1]["objects"], said[1]["finished"]) == (2, 2, True)
    assert said[1]["read_bytes"] == said[0]["size_bytes"] == first.ciphertext_size_bytes + second.ciphertext_size_bytes
    assert scrub("--since", said[0]["since"])[1][0]["objects"] == 0, "all was looked at since then"
    before = rot(object_path(sealing, first))
    assert scrub()[0] == 0, "it is not its turn"
    code, said = scrub("--recording", str(first.id))
    assert code == 1
    facts = {"kind": "recording", "id": str(first.id), "object": first.object_name}
    assert said[1] == {"event": "lost", **facts, "found": "differs", "why": None}
    assert scrub("--recording", str(second.id))[0] == 0, "of that one nothing is lost"
    assert verify_archive(sealing.archive).findings_by_code == {"object_differs": 1}
    object_path(sealing, first).write_bytes(before)
    code, said = scrub()
    assert code == 0
    assert said[1] == {"event": "whole_again", **facts}
    assert verify_archive(sealing.archive).findings == ()
    assert sealing.entries("recording.object_lost") == sealing.entries("recording.object_restored") == 1


def test_broken_off_it_keeps_what_it_has_seen_and_says_so(sealing: Any, capsys: Any) -> None:
    for number in range(3):
        sealing.seal(CONTENT + bytes([number]))
    order = read_order(everything=True, since=None, recording=None, rate="64KiB")
    waited: list[float] = []

    def interrupted(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ScrubRun(sealing.archive, order, JsonLines(), interrupted).run()
    begun, ended = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (ended["finished"], ended["objects"]) == (False, 2)
    rest = read_order(everything=False, since=begun["since"], recording=None, rate="unthrottled")
    ScrubRun(sealing.archive, rest, JsonLines()).run()
    begun, ended = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (begun["objects"], ended["objects"]) == (1, 1)


def test_a_person_reads_it_in_two_languages(sealing: Any, capsys: Any) -> None:
    recording = sealing.seal(CONTENT)
    object_path(sealing, recording).unlink()
    order = read_order(everything=True, since=None, recording=None, rate="unthrottled")
    with shown(as_json=False) as screen:
        assert ScrubRun(sealing.archive, order, screen).run() == 1
    said = capsys.readouterr().out
    assert f"缺失 / missing: 原件 / original {recording.id} {recording.object_name}" in said
    assert "docs/scrub.md" in said


@pytest.mark.parametrize(
    "order",
    [
        {"everything": True, "recording": str(uuid.UUID(int=1))},
        {"since": "2026-12-01"},
        {"since": "yesterday"},
        {"since": "2999-01-01T00:00:00Z"},
        {"recording": "7"},
        {"rate": "fast"},
        {"rate": "0"},
        {"rate": "-1MiB"},
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(order: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"everything": False, "since": None, "recording": None, "rate": None}
    with pytest.raises(UsageRefused) as refused:
        read_order(**asked | order)
    assert refused.value.exit_code == 2


def test_a_recording_that_there_is_not_is_refused(sealing: Any) -> None:
    order = read_order(everything=False, since=None, recording=str(uuid.uuid4()), rate=None)
    with pytest.raises(UsageRefused):
        ScrubRun(sealing.archive, order, JsonLines()).run()


def test_everything_that_an_archive_seals_is_looked_at(sealing: Any, tmp_path: Path) -> None:
    sealing.seal(sealing.clip(tmp_path))
    sealing.render()
    looked_at: list[Seen] = []

    class Noting(JsonLines):
        def seen(self, each: Seen) -> None:
            looked_at.append(each)

    order = read_order(everything=True, since=None, recording=None, rate="unthrottled")
    assert ScrubRun(sealing.archive, order, Noting()).run() == 0
    kept = {name for name in sealing.archive.store.list() if not name.startswith("ledger/")}
    assert {each.stated.object_name for each in looked_at} == kept
    assert {each.due.kind for each in looked_at} == {"recording", "rendition"}
