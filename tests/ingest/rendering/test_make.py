"""What is made of a film without its index, and when: of what was recovered, and not before that is settled."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from api.media_tools import media_runner
from api.tasks.media import copy_next, open_rendering, render_next
from ingest.media.errors import RenditionFailed
from ingest.media.findings import photograph_of_facts
from ingest.media.probe import probe_media
from ingest.media.sandbox import Limits
from ingest.media.tiles import SpriteLayout, sprite_layout
from ingest.rendering import make, shown
from ingest.rendering.facts import digest_of_facts
from integrity.ledger_entry import parse_entry
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import MediaJob, Recording, Rendition
from storage.catalog.redaction import Box, RedactedCopy
from tests.api.test_verification_redaction import ask_for, hide

Fail = Callable[..., Any]


def film(sealing: Any, folder: Path, *options: str) -> bytes:
    """It carries its parameter sets, so that it needs no other."""
    program, path = media_runner(sealing.settings).tools.ffmpeg.program.path, folder / "film.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2,noise=alls=20")
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x264-params", "repeat-headers=1")
    subprocess.run([program, "-v", "error", *source, *encode, *options, path], check=True)
    return path.read_bytes()


def without_index(content: bytes) -> bytes:
    return content[: int(content.index(b"moov") * 0.9)]


@pytest.fixture
def torn(sealing: Any, tmp_path: Path) -> Recording:
    """Sealed without its index, and handed over by whoever makes what is quick."""
    recording: Recording = sealing.seal(without_index(film(sealing, tmp_path)))
    while render_next(open_rendering(sealing.archive), "test"):
        pass
    return recording


def jobs_of(sealing: Any) -> dict[str, tuple[str, int, str]]:
    """State, attempts, and the first word of the outcome."""
    with sealing.archive.database.reading() as session:
        jobs = session.scalars(select(MediaJob).where(MediaJob.kind != "decode"))
        return {job.kind: (job.state, job.attempts, (job.outcome or "").partition(":")[0]) for job in jobs}


def settings_of(sealing: Any) -> dict[str, str]:
    """The first of each copy's."""
    with sealing.archive.database.reading() as session:
        return {row.name: row.settings[0] for row in session.scalars(select(Rendition))}


def end_pauses(sealing: Any) -> None:
    with sealing.archive.database.transaction() as session:
        for table in (MediaJob, RedactedCopy):
            session.execute(update(table).values(leased_until=None))


def failing(reason: str) -> Fail:
    def fail(*_: object) -> None:
        raise RenditionFailed("recovery", reason, "said the tool")

    return fail


WAITING = dict.fromkeys(("poster", "sprite", "proxy"), ("due", 0, "recovery"))
MADE = dict.fromkeys(("recovery", "poster", "sprite", "proxy"), ("done", 1, ""))
ALL_OF_IT = {"recovery": "liuhen-salvage/1", "poster": "of=recovery", "sprite": "of=recovery", "proxy": "of=recovery"}


@pytest.mark.parametrize(("reason", "attempts"), [("deadline", 0), ("exit code 1", 1)])
def test_nothing_is_made_of_what_has_no_index_while_it_may_still_be_recovered(
    sealing: Any, torn: Recording, monkeypatch: pytest.MonkeyPatch, reason: str, attempts: int
) -> None:
    rendering = open_rendering(sealing.archive)
    monkeypatch.setattr(make, "make_recovery", failing(reason))
    assert render_next(rendering, "test", "slow")
    assert jobs_of(sealing) == {"recovery": ("due", attempts, reason), **WAITING}
    monkeypatch.undo()
    end_pauses(sealing)
    assert render_next(rendering, "test", "slow")
    assert {kind: state for kind, (state, _, _) in jobs_of(sealing).items()} == dict.fromkeys(MADE, "done")
    assert settings_of(sealing) == ALL_OF_IT


def test_what_it_takes_to_show_each_copy_is_kept_with_it_and_its_digest_entered(sealing: Any, torn: Recording) -> None:
    assert render_next(open_rendering(sealing.archive), "test", "slow")
    with sealing.archive.database.reading() as session:
        rows = {row.name: row for row in session.scalars(select(Rendition))}
        entries = session.scalars(select(LedgerEntryRow.entry).where(LedgerEntryRow.action == "rendition.made")).all()
    assert set(rows) == set(MADE)
    facts = {name: row.facts or {} for name, row in rows.items()}
    assert facts["recovery"]["by"] == "picked out"
    assert (facts["proxy"]["width"], facts["proxy"]["height"]) == (320, 180)
    assert facts["proxy"]["frames"] == facts["recovery"]["frames"] > 20
    assert facts["poster"] == {"at_seconds": 0.0}
    assert SpriteLayout.of(facts["sprite"]) == sprite_layout(facts["recovery"]["duration_seconds"])
    stated = {entry.data["rendition"]: entry.data["facts_sha256"] for entry in map(parse_entry, entries)}
    assert stated == {str(row.id): digest_of_facts(row.facts) for row in rows.values()}


def test_what_breaks_a_limit_is_recovered_by_nobody_and_nothing_else_of_it_is_tried(
    sealing: Any, torn: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "make_recovery", failing("processor"))
    assert render_next(open_rendering(sealing.archive), "test", "slow")
    over = dict.fromkeys(("poster", "sprite", "proxy"), ("failed", 1, "limit_broken"))
    assert jobs_of(sealing) == {"recovery": ("failed", 1, "processor"), **over}


def test_a_recovery_that_was_stored_is_used_and_not_made_again(
    sealing: Any, torn: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine had no time to look at the copy; the recovery itself is kept."""
    rendering, look_at = open_rendering(sealing.archive), shown.look_at

    def too_late(media: Path, *rest: Any, **more: Any) -> Any:
        if media.name == "recovery.mp4":
            monkeypatch.setattr(shown, "PROBE_LIMITS", Limits(deadline_seconds=0.0))
        return look_at(media, *rest, **more)

    monkeypatch.setattr(make, "look_at", too_late)
    assert render_next(rendering, "test", "slow")
    later = dict.fromkeys(("poster", "sprite", "proxy"), ("due", 0, "deadline"))
    assert jobs_of(sealing) == {"recovery": MADE["recovery"], **later}
    monkeypatch.undo()
    end_pauses(sealing)
    monkeypatch.setattr(make, "make_recovery", failing("it was made before"))
    assert render_next(rendering, "test", "slow")
    assert jobs_of(sealing) == MADE
    assert settings_of(sealing) == ALL_OF_IT


def test_a_film_of_which_nobody_knew_that_it_has_no_index_is_recovered_as_well(sealing: Any, tmp_path: Path) -> None:
    """It was not looked at in time when it came."""
    runner = media_runner(sealing.settings)
    sealing.custody = replace(sealing.custody, probe=lambda path: probe_media(path, runner, Limits(deadline_seconds=0)))
    sealing.seal(without_index(film(sealing, tmp_path)))
    assert set(jobs_of(sealing)) == {"poster", "sprite", "proxy"}
    for _ in range(2):
        end_pauses(sealing)
        sealing.render()
    assert {kind: state for kind, (state, _, _) in jobs_of(sealing).items()} == dict.fromkeys(MADE, "done")
    assert settings_of(sealing) == ALL_OF_IT


def test_copies_of_a_film_with_a_hole_between_its_fragments_have_what_follows_it(sealing: Any, tmp_path: Path) -> None:
    """A demuxer given the original itself stops at the hole."""
    content = bytearray(film(sealing, tmp_path, "-g", "10", "-movflags", "frag_keyframe+empty_moov"))
    heads = [found.start() - 4 for found in re.finditer(b"moof", content)]
    content[heads[1] : heads[1] + 2000] = bytes(2000)
    sealing.seal(bytes(content))
    for _ in range(2):
        end_pauses(sealing)
        sealing.render()
    assert {kind: state for kind, (state, _, _) in jobs_of(sealing).items()} == dict.fromkeys(MADE, "done")
    assert settings_of(sealing) == {**ALL_OF_IT, "recovery": "liuhen-bridge/1"}
    with sealing.archive.database.reading() as session:
        proxy = session.scalars(select(Rendition).where(Rendition.name == "proxy")).one()
    assert (proxy.facts or {})["frames"] == 40


def test_a_photograph_that_was_decoded_whole_is_looked_at_once(
    sealing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten thousand small pictures the second look would cost as much as all that is made of them."""
    exif, path = Image.Exif(), tmp_path / "photograph.jpg"
    exif[274] = 6
    Image.effect_noise((320, 180), 80).save(path, exif=exif)
    found = probe_media(path, media_runner(sealing.settings))
    sealing.seal(path.read_bytes())
    with sealing.archive.database.reading() as session:
        kept = photograph_of_facts(session.scalars(select(Recording)).one().findings)
    assert kept == replace(found, contents={})
    monkeypatch.setattr(shown, "probe_media", failing("it was looked at before"))
    sealing.render()
    said = {kind: state for kind, (state, _, _) in jobs_of(sealing).items()}
    assert said == {"poster": "done", "proxy": "nothing", "sprite": "nothing"}
    with sealing.archive.database.reading() as session:
        poster = session.scalars(select(Rendition)).one()
    assert "transpose" in " ".join(poster.settings)


@pytest.mark.parametrize(("state", "kind"), [("opens", "still"), ("damaged", "still"), ("opens", "video")])
def test_of_anything_else_a_second_look_may_find_more(state: str, kind: str) -> None:
    assert photograph_of_facts({"state": state, "kind": kind}) is None


def test_a_redacted_copy_is_made_of_the_recovery_that_was_stored(sealing: Any, torn: Recording) -> None:
    sealing.render()
    sealing.link(torn)
    hide(sealing, torn, Box(0, 0, 0.5, 1, 0.5, 1.0))
    ask_for(sealing, sealing.grant("copy"))
    assert copy_next(open_rendering(sealing.archive), "test")
    with sealing.archive.database.reading() as session:
        row = session.scalars(select(RedactedCopy)).one()
    assert (row.state, row.outcome, (row.settings or [""])[0]) == ("done", None, "of=recovery")
    assert sealing.entries("copy.failed") == 0
