"""A track that was moved, shortened or taken away is found and named, and so is a place changed in the row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from api.tasks.housekeeping import attach_all_sidecars
from api.verification import VerificationReport, verify_archive
from ingest.metadata.track_facts import claims_of_tracks
from tests.api.tampering import as_superuser, put_back, set_aside
from tests.ingest.metadata.telemetry_written import rmc

LOG = "".join(rmc(31.2304, 121.4737 + n / 10_000, n) for n in range(5)).encode()
LIES = "positions_differ"


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    with as_superuser(server, addresses) as connection:
        yield connection


def audit(archive: Any) -> VerificationReport:
    return verify_archive(archive.archive, 0)


def test_what_became_of_a_track_is_found(sealing: Any, superuser: psycopg.Connection[Any]) -> None:
    recording = sealing.seal(LOG, "AB00001_000123_20260101093000.nmea")
    sealing.settle()
    assert (recording.latitude, recording.longitude, recording.place_source) == (31.2304, 121.4737, "track:nmea")
    assert (recording.started_at_source, recording.started_at_uncertainty_seconds) == ("track:nmea", 2.0)
    sound = audit(sealing)
    assert sound.findings == ()
    assert sound.counts["positions"] == 1
    subject = f"recording {recording.id}: positions"
    for change in (
        "UPDATE position_track SET points = jsonb_set(points, '{2,1}', '312304001')",
        "UPDATE position_track SET points = points - 4, point_count = 4",
        "UPDATE position_track SET point_count = 4",
        "UPDATE position_track SET sha256 = '\\x00'",
        "UPDATE position_track SET source = 'gpmf'",
        "DELETE FROM position_track",
    ):
        superuser.execute("CREATE TEMP TABLE saved AS SELECT * FROM position_track")
        superuser.execute(change.encode())
        found = audit(sealing).findings
        assert {finding.code for finding in found} == {"positions_differ"}, change
        assert found[0].subject.startswith(subject)
        superuser.execute("DELETE FROM position_track")
        superuser.execute("INSERT INTO position_track SELECT * FROM saved")
        superuser.execute("DROP TABLE saved")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("latitude = 39.9", "latitude"),
        ("place_source = 'station'", "place_source"),
        ("started_at_uncertainty_seconds = 0", "started_at_uncertainty_seconds"),
        ("started_at_source = 'station'", "started_at_source"),
        ("started_at = started_at + interval '1 hour'", "started_at"),
    ],
)
def test_a_place_or_time_changed_in_the_row_is_found(
    sealing: Any, superuser: psycopg.Connection[Any], change: str, column: str
) -> None:
    recording = sealing.seal(LOG, "a.nmea")
    sealing.settle()
    superuser.execute(f"UPDATE recording SET {change}".encode())
    (found,) = audit(sealing).findings
    assert (found.code, found.subject) == ("recording_differs", f"recording {recording.id}: {column}")


def test_an_attached_track_is_accounted_for(sealing: Any, superuser: psycopg.Connection[Any], tmp_path: Any) -> None:
    """Its place is the sidecar's; a track or place that no entry brought is found, and so is one taken away."""
    clip = sealing.seal(sealing.clip(tmp_path), "AB00001_000123_20260101093000.MP4")
    sealing.seal(LOG, "AB00001_000123_20260101093000.nmea")
    assert attach_all_sidecars(sealing.archive, datetime.now(UTC)) == 1
    sealing.settle()
    sound = audit(sealing)
    assert sound.findings == ()
    assert sound.counts["positions"] == 2
    subject = f"recording {clip.id}: positions (nmea)"
    attached = f"recording_id = '{clip.id}'"
    for change, code, named in (
        (f"UPDATE recording SET latitude = 39.9 WHERE id = '{clip.id}'", "recording_differs", f"recording {clip.id}"),
        (
            f"UPDATE recording SET latitude = NULL, longitude = NULL, place_source = NULL WHERE id = '{clip.id}'",
            "recording_differs",
            f"recording {clip.id}: place_source",
        ),
        (f"UPDATE position_track SET points = points - 4, point_count = 4 WHERE {attached}", LIES, subject),
        (f"DELETE FROM position_track WHERE {attached}", LIES, subject),
    ):
        set_aside(superuser, "position_track")
        set_aside(superuser, "recording")
        superuser.execute(change.encode())
        found = {(finding.code, finding.subject) for finding in audit(sealing).findings}
        assert any(kind == code and named in about for kind, about in found), (change, found)
        put_back(superuser, "recording")
        put_back(superuser, "position_track")
        superuser.execute("DROP TABLE saved_position_track, saved_recording")
    other = sealing.seal(b"another file " * 100, "AB00001_000123_20260101094500.MP4")
    superuser.execute(
        f"INSERT INTO position_track SELECT gen_random_uuid(), '{other.id}', read_from, unit_id, source, point_count, "
        f"points, sha256, now() FROM position_track WHERE {attached}".encode()
    )
    sealing.settle()
    (finding,) = audit(sealing).findings
    assert (finding.code, finding.subject) == ("row_unaccounted", f"recording {other.id}: positions (nmea)")


def test_one_of_several_tracks_that_is_taken_away_is_missed(sealing: Any, superuser: psycopg.Connection[Any]) -> None:
    points = [[0, 312_304_000, 1_214_737_000, None, None, None], [1000, 312_304_100, 1_214_737_000, None, None, None]]
    said = claims_of_tracks([{"source": source, "points": points} for source in ("nmea", "gpmf")])
    sealing.custody = replace(sealing.custody, read_claims=lambda upload, findings: said)
    recording = sealing.seal(LOG, "a.bin")
    sealing.settle()
    assert audit(sealing).findings == ()
    superuser.execute("DELETE FROM position_track WHERE source = 'gpmf'")
    (found,) = audit(sealing).findings
    assert (found.code, found.subject) == (LIES, f"recording {recording.id}: positions (gpmf)")


def test_a_log_brings_no_place_to_a_film_that_names_two(
    sealing: Any, superuser: psycopg.Connection[Any], tmp_path: Any
) -> None:
    places = ("location=+31.2304+121.4737/", "com.apple.quicktime.location.ISO6709=+39.9000+116.4000/")
    clip = sealing.seal(sealing.clip(tmp_path, *places), "AB00001_000123_20260101093000.MP4")
    sealing.seal(LOG, "AB00001_000123_20260101093000.nmea")
    assert attach_all_sidecars(sealing.archive, datetime.now(UTC)) == 1
    sealing.settle()
    assert audit(sealing).findings == ()
    taken = f"latitude = 31.2304, longitude = 121.4737, place_source = 'sidecar:nmea' WHERE id = '{clip.id}'"
    superuser.execute(f"UPDATE recording SET {taken}".encode())
    found = {(finding.code, finding.subject) for finding in audit(sealing).findings}
    assert ("recording_differs", f"recording {clip.id}: place_source") in found
