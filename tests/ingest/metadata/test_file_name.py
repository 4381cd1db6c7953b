from __future__ import annotations

from datetime import UTC

import pytest

from ingest.metadata.clock import CLOCK_UNSET, NO_SUCH_TIME
from ingest.metadata.file_name import PATTERNS, claims_from_name


def test_the_standard_s_name_gives_device_officer_and_start_in_shanghai_time() -> None:
    claims = claims_from_name("AB00001_000123_20260101093000.MP4")
    device, officer, started = claims.stated
    assert (device.kind, device.value) == ("device", "AB00001")
    assert (officer.kind, officer.value) == ("officer", "000123")
    assert started.value == {"time": "2026-01-01T01:30:00Z", "zone": "Asia/Shanghai"}
    assert (started.kind, started.confidence, started.source) == ("started_at", "assumed", "name:ga/t-947")
    assert "supposed" in started.notes[0]


def test_another_zone_may_be_supposed() -> None:
    started = claims_from_name("20260101093000.mp4", UTC).best("started_at")
    assert started is not None
    assert started.value == {"time": "2026-01-01T09:30:00Z", "zone": "UTC"}


@pytest.mark.parametrize("known", PATTERNS, ids=lambda known: known.source)
def test_every_pattern_reads_its_own_example(known: object) -> None:
    claims = claims_from_name(known.example)  # type: ignore[attr-defined]
    assert {claim.source for claim in claims.stated} == {known.source}  # type: ignore[attr-defined]
    started = claims.best("started_at")
    assert started is not None
    assert started.value["time"] == "2026-01-01T01:30:00Z"  # type: ignore[index]


@pytest.mark.parametrize(
    "name",
    [
        "holiday.mp4",
        "",
        "AB00001_000123_2026010109300.MP4",
        "x" * 5000,
        "AB00001_000123_20260101093000",
        "AB00001_000123_٢٠٢٦٠١٠١٠٩٣٠٠٠.MP4",
    ],
)
def test_other_names_claim_nothing(name: str) -> None:
    assert claims_from_name(name).stated == ()


def test_folders_before_the_name_do_not_matter() -> None:
    assert claims_from_name("DCIM\\100\\AB00001_000123_20260101093000.MP4").of("officer")[0].value == "000123"
    assert claims_from_name("a/b/AB00001_000123_20260101093000.MP4").of("device")[0].value == "AB00001"


@pytest.mark.parametrize(
    ("time", "reason"),
    [("20261301093000", NO_SUCH_TIME), ("20260230093000", NO_SUCH_TIME), ("19700101000012", CLOCK_UNSET)],
)
def test_a_time_that_cannot_be_is_withheld_with_its_reason(time: str, reason: str) -> None:
    claims = claims_from_name(f"AB00001_000123_{time}.MP4")
    assert claims.of("started_at") == ()
    assert [(w.raw.replace("-", ""), w.reason) for w in claims.withheld] == [(time, reason)]
    assert claims.of("device")[0].value == "AB00001"
