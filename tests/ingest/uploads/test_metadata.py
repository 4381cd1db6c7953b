"""Upload-Metadata as claims."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.uploads.errors import RequestMalformed
from ingest.uploads.metadata import UploadClaims, parse_metadata


def header(**values: bytes) -> str:
    return ", ".join(f"{key} {base64.b64encode(value).decode()}" for key, value in values.items())


def test_known_keys_are_claims_and_unknown_ones_are_kept():
    digest = hashlib.sha256(b"").hexdigest()
    claims = parse_metadata(
        header(
            filename="录像.mp4".encode(),
            device=b"AB00001",
            officer=b"000123",
            started_at=b"2026-01-01T09:30:00+08:00",
            sha256=digest.upper().encode(),
            colour=b"red",
        )
        + ", flag"
    )
    assert claims.filename == "录像.mp4"
    assert (claims.device, claims.officer, claims.started_at) == ("AB00001", "000123", "2026-01-01T09:30:00+08:00")
    assert claims.sha256 == digest
    assert claims.others == {"colour": "red", "flag": ""}


def test_what_the_agent_says_of_a_file_is_known():
    claims = parse_metadata(header(marked=b"1", act=b"seizure", group=b"g" * 99))
    assert (claims.marked, claims.act, claims.group) == ("1", "seizure", "g" * 64)
    assert parse_metadata(header(marked=b"yes")).marked is None
    assert UploadClaims.from_json(claims.to_json()) == claims


def test_a_name_in_gbk_is_read_and_one_in_nothing_known_still_gives_a_claim():
    assert parse_metadata(header(filename="执法记录.mp4".encode("gbk"))).filename == "执法记录.mp4"
    assert "\N{REPLACEMENT CHARACTER}" in parse_metadata(header(filename=b"a\xff\xffb")).filename


def test_characters_that_deceive_or_cannot_be_stored_are_replaced():
    claims = parse_metadata(header(filename="a\0b\nc\u202egpm.exe".encode(), device=b"\x1b[2J"))
    assert claims.filename == "a\ufffdb\ufffdc\ufffdgpm.exe"
    assert claims.device == "\ufffd[2J"


def test_no_metadata_is_no_error():
    assert parse_metadata("") == UploadClaims()


def test_claims_come_back_from_json_as_they_went():
    claims = parse_metadata(header(filename=b"a", officer=b"b", x=b"y"))
    assert UploadClaims.from_json(claims.to_json()) == claims


@pytest.mark.parametrize("stated", ["a b c", "a QQ", "\xe9 QQ==", "a QQ==,,b QQ==", "sha256 " + "QUFB" * 3])
def test_what_is_malformed_names_the_header(stated):
    with pytest.raises(RequestMalformed) as caught:
        parse_metadata(stated)
    assert caught.value.header == "Upload-Metadata"


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=200))
def test_any_header_is_claims_or_a_clear_refusal(stated):
    try:
        claims = parse_metadata(stated)
    except RequestMalformed:
        return
    assert claims.header == stated


@given(st.binary(max_size=100))
def test_any_value_gives_a_claim_that_a_database_can_hold(value):
    claims = parse_metadata(header(filename=value))
    assert "\0" not in claims.filename
    claims.filename.encode("utf-8")
