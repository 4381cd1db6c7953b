"""`liuhen admin station` beyond enrolling with a token: codes, other tokens, certificates, and how stations are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.tasks.housekeeping import look_after_stations
from ingest.stations.codes import enrol_with_code
from ingest.stations.credential import hash_station_token
from ingest.stations.reports import Report, take_report
from ingest.uploads.register import CatalogRegister, StationDefaults
from integrity.keys import SigningKey
from integrity.local_time import show_in_china
from storage.catalog.stations import Station
from tests.ingest.uploads.enrolled import proved


@pytest.fixture
def station(commands: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """`liuhen admin station …`: its JSON, or its last line when it refuses."""

    def run(*words: str, code: int = 0) -> Any:
        assert commands("admin", "station", *words, "--json") == code
        out, err = capsys.readouterr()
        return json.loads(out) if code == 0 else err

    return run


def test_a_code_is_shown_once_and_enrols_a_key_in_the_place_of_a_token(sealing: Any, station: Any) -> None:
    code = station("code", "三楼一号站")
    assert code["receipt_key"] == sealing.archive.keyring.public_key("receipt").key_id
    until = datetime.fromisoformat(code["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < until <= timedelta(hours=24)
    (listed,) = [each for each in station("list")["items"] if each["name"] == "三楼一号站"]
    assert (listed["condition"], listed["credential"]) == ("unenrolled", "none")

    token = station("token", "三楼一号站")["token"]
    key, now = SigningKey.generate(), datetime.now(UTC)
    with sealing.archive.database.transaction() as session:
        enrol_with_code(session, code["code"], key.public, now)
    with sealing.archive.database.reading() as session:
        row = session.get_one(Station, code["station_id"])
        assert row.token_hash is None, "the token counts no more"
    (listed,) = [each for each in station("list")["items"] if each["name"] == "三楼一号站"]
    assert (listed["credential"], listed["key_id"]) == ("key", key.key_id)

    token = station("token", "三楼一号站")["token"]
    with sealing.archive.database.reading() as session:
        assert session.get_one(Station, code["station_id"]).token_hash == hash_station_token(token)
    assert "没有名为" in station("token", "四楼", code=2)


def test_a_station_has_limits_of_its_own_until_it_goes_by_the_settings_again(sealing: Any, station: Any) -> None:
    token = station("enrol", "大站")["token"]
    register = CatalogRegister(sealing.archive.database, StationDefaults(64, 16 << 30))

    def held_to() -> tuple[int, int]:
        seen = proved(register, f"Bearer {token}")
        return seen.max_uploads, seen.max_waiting_bytes

    assert held_to() == (64, 16 << 30)
    facts = station("limits", "大站", "--uploads", "256", "--waiting", "256GiB")
    assert (facts["max_uploads"], facts["max_waiting_bytes"]) == (256, 256 << 30) == held_to()
    station("limits", "大站", "--uploads", "2")
    assert held_to() == (2, 256 << 30)
    station("limits", "大站", "--waiting", "default")
    assert held_to() == (2, 16 << 30)
    (listed,) = [each for each in station("list")["items"] if each["name"] == "大站"]
    assert (listed["max_uploads"], listed["max_waiting_bytes"]) == (2, None)
    for words in ((), ("--uploads", "0"), ("--uploads", "2.5"), ("--waiting", "-1"), ("--waiting", "lots")):
        assert "--" in station("limits", "大站", *words, code=2)
    assert held_to() == (2, 16 << 30)
    assert sealing.entries("station.limits_set") == 3


def test_a_certificate_is_bound_by_its_digest_and_let_go(station: Any) -> None:
    station("enrol", "一号")
    digits = "AB:" * 31 + "AB"
    assert station("certificate", "一号", digits)["certificate_sha256"] == "ab" * 32
    station("enrol", "二号")
    assert "另一台" in station("certificate", "二号", "ab" * 32, code=1)
    assert station("certificate", "一号", "none")["certificate_sha256"] is None
    assert "64" in station("certificate", "一号", "abc", code=2)


def test_the_list_says_how_stations_are_and_which_are_silent(
    sealing: Any, station: Any, commands: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made, now = station("enrol", "一号"), datetime.now(UTC)
    said = Report("0.1.0", free_bytes=5 << 30, waiting_files=2, reported_at=now, clock_offset_seconds=-1.5)
    with sealing.archive.database.transaction() as session:
        row = session.get_one(Station, made["station_id"])
        take_report(session, row.id, row.unit_id, said, now, timedelta(seconds=60))
    listed = {each["name"]: each for each in station("list")["items"]}["一号"]
    shown = {name: listed[name] for name in ("condition", "agent_version", "free_bytes", "waiting_files")}
    assert shown == {"condition": "online", "agent_version": "0.1.0", "free_bytes": 5 << 30, "waiting_files": 2}
    assert listed["clock_offset_seconds"] == -1.5
    look_after_stations(sealing.archive, now + timedelta(hours=25))
    assert commands("admin", "station", "list") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("一号 ")]
    assert "失联 / silent" in line
    assert f"最近消息 / last heard {show_in_china(now)}" in line
    assert "时钟 / clock 慢 1.5 秒 / 1.5 s slow  " in line


def test_the_list_says_which_way_a_clock_is_off_and_that_it_is_to_be_set(
    sealing: Any, station: Any, commands: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made, now = station("enrol", "一号"), datetime.now(UTC)
    station("enrol", "二号")
    said = Report("0.1.0", free_bytes=5 << 30, waiting_files=2, reported_at=now, clock_offset_seconds=10_800.0)
    with sealing.archive.database.transaction() as session:
        row = session.get_one(Station, made["station_id"])
        take_report(session, row.id, row.unit_id, said, now, timedelta(seconds=60))
    assert commands("admin", "station", "list") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "时钟 / clock 快 3 小时，请校准 / 3 h fast: set it  " in lines["一号"]
    assert "时钟 / clock —" in lines["二号"]


def test_what_is_shown_once_says_what_it_is_and_what_to_do_with_it(
    sealing: Any, commands: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands("admin", "station", "enrol", "一号") == 0
    out, err = capsys.readouterr()
    assert out.startswith("lhs1."), "the token alone: a script may take it"
    assert len(out.splitlines()) == 1
    assert "采集工作站 一号" in err
    assert "只显示这一次" in err
    assert "--station-token-file" in err

    assert commands("admin", "station", "enrol", "一号") == 1
    assert "liuhen admin station token 一号 更换其凭证" in capsys.readouterr().err
    assert commands("admin", "station", "token", "一号") == 0
    assert capsys.readouterr().out.startswith("lhs1.")

    assert commands("admin", "station", "code", "一号") == 0
    code, *said = capsys.readouterr().out.splitlines()
    assert len(code.replace("-", "")) == 20
    receipt_key = sealing.archive.keyring.public_key("receipt").key_id
    assert said[2].endswith(f": {receipt_key}")
    assert said[-1].endswith(f" --receipt-key {receipt_key}")
    assert "（北京时间 / UTC+8）" in said[1]
