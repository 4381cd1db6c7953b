"""What was found is signed by a digest that is the same before the database has kept it and after."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import text

from ingest.media.findings import Missing, Reason, not_understood
from ingest.metadata.claims import Claim, Claims
from ingest.sealing.contents_claim import contents_of, digest_of_findings, state_contents
from integrity.canonical import canonical_json
from storage.database import Database

ODD: dict[str, Any] = {
    "whole": 12.0,
    "large": 1e16,
    "larger": 1e300,
    "least": 5e-324,
    "small": 1e-07,
    "nothing": -0.0,
    "past": 2**63,
    "words": ["\u4f60", '"\\', {"none": None, "yes": True}],
    "third": 1 / 3,
}


def test_the_digest_survives_the_database(database: Database) -> None:
    with database.reading() as session:
        kept = session.scalar(text("SELECT (:odd)::jsonb"), {"odd": json.dumps(ODD)})
    assert kept != json.loads(json.dumps(ODD)), "the database keeps some of them otherwise"
    assert digest_of_findings(kept) == digest_of_findings(ODD)


@pytest.mark.parametrize("name", sorted(ODD))
def test_every_change_is_another_digest(name: str) -> None:
    assert digest_of_findings({**ODD, name: 0.5}) != digest_of_findings(ODD)
    assert digest_of_findings({key: value for key, value in ODD.items() if key != name}) != digest_of_findings(ODD)


def test_it_is_stated_once_and_in_our_own_words() -> None:
    found = not_understood(ValueError())
    liar = Claim("contents", {"kind": "video", "seconds": 9.5}, "track:gpmf", "stated")
    said = state_contents(Claims((liar, Claim("device", "XY00009", "station", "stated"))), found)
    (claim,) = said.of("contents")
    assert claim.value == {"kind": "none", "findings_sha256": digest_of_findings(found.as_facts())}
    assert len(said.stated) == 2
    canonical_json(claim.as_facts())


def test_a_length_is_stated_as_it_is_kept() -> None:
    assert contents_of({"kind": "audio", "duration_seconds": 1.5})["seconds"] == 1.5
    assert "seconds" not in contents_of({"kind": "audio", "duration_seconds": None})


def test_reasons_and_what_is_missing_are_part_of_it() -> None:
    found = not_understood(ValueError()).as_facts()
    for change in ({"reasons": [Reason("zero_filled").code]}, {"missing": asdict(Missing())}):
        assert digest_of_findings({**found, **change}) != digest_of_findings(found)
