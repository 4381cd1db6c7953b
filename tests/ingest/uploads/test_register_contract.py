"""The contract of an UploadRegister (ingest/uploads/contract.py), held against the catalog and against the file that
most tests of the tus server have in its place: what the one does, the other does.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ingest.stations.errors import CredentialRefused
from ingest.uploads.contract import Asked, Opening, StationIdentity, UploadRecord, UploadRegister
from ingest.uploads.errors import LongerThanQuota, QuotaExceeded, TooManyTerminated, TooManyUploads, UploadGone
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.register import CatalogRegister
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from tests.ingest.uploads.enrolled import DEFAULTS, LATER, enrol, proved, shown
from tests.ingest.uploads.openings import open_together, open_upload
from tests.ingest.uploads.serving import FileRegister, locked_register

SAID = UploadClaims(header="filename 5b2V", filename="张三的录像.mp4", sha256="ab" * 32)


@dataclass(frozen=True)
class Kept:
    """A register, and what others than the tus server do to what it keeps."""

    register: UploadRegister
    add_station: Callable[..., object]
    revoke: Callable[[StationIdentity], object]
    change: Callable[..., object]
    """Of an upload: `state` as custody changes it, `node` as a move does."""

    def station(self, token: str = "one", **limits: int) -> StationIdentity:
        self.add_station(token, **limits)
        return proved(self.register, f"Bearer {token}")

    def begin(self, station: StationIdentity, letter: str, length: int = 10, **about: Any) -> UploadRecord:
        opening = Opening(station, letter * 32, length, UploadClaims(), LATER)
        return open_upload(self.register, replace(opening, **about))

    def found(self, letter: str) -> UploadRecord:
        record = self.register.find_upload(letter * 32)
        assert record is not None
        return record


def of_catalog(database: Any) -> Kept:
    def change(model: Any, about: Any, **values: Any) -> None:
        with database.transaction() as session:
            session.execute(update(model).where(model.id == about).values(**values))

    return Kept(
        CatalogRegister(database, replace(DEFAULTS, max_terminated=3)),
        lambda token, **limits: enrol(database, token, **limits),
        lambda station: change(Station, station.station_id, revoked_at=datetime.now(UTC)),
        lambda letter, **values: change(Upload, letter * 32, **values),
    )


def of_file(path: Path) -> Kept:
    path.write_text(json.dumps({"stations": {}, "uploads": {}}))

    def add(token: str, **limits: int) -> None:
        usual = {"max_uploads": DEFAULTS.max_uploads, "max_waiting_bytes": DEFAULTS.max_waiting_bytes}
        with locked_register(path) as content:
            content["stations"][token] = {"id": str(uuid.uuid4()), **usual, **limits}

    def revoke(station: StationIdentity) -> None:
        with locked_register(path) as content:
            known = content["stations"].items()
            content["stations"] = {token: row for token, row in known if row["id"] != str(station.station_id)}

    def change(letter: str, **values: Any) -> None:
        with locked_register(path) as content:
            content["uploads"][letter * 32].update(values)

    return Kept(FileRegister(path, max_terminated=3), add, revoke, change)


@pytest.fixture(params=["catalog", "file"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    if request.param == "file":
        return of_file(tmp_path / "register.json")
    return of_catalog(request.getfixturevalue("database"))


@pytest.mark.parametrize("latest", [None, LATER + timedelta(days=27)])
def test_what_was_opened_is_found_as_it_was_opened(kept: Kept, latest: datetime | None) -> None:
    opening = Opening(kept.station(), "a" * 32, 10, SAID, LATER, False, "key", latest, "east")
    assert open_upload(kept.register, opening) == opening.record
    assert kept.register.find_upload(opening.upload_id) == opening.record
    assert kept.register.find_settled(opening.upload_id) == opening.record
    assert kept.register.states_of(["a" * 32, "b" * 32]) == {"a" * 32: "open"}
    assert kept.register.find_upload("b" * 32) is None


def test_who_is_asked_for_is_answered_each_for_himself(kept: Kept) -> None:
    one, two = kept.station("one", max_uploads=3, max_waiting_bytes=500), kept.station("two")
    kept.begin(two, "a")
    of_one, nobody, of_two = kept.register.admit(
        [Asked(shown("Bearer one"), "a" * 32), Asked(shown("Bearer guessed")), Asked(shown("Bearer two"), "b" * 32)]
    )
    assert not isinstance(of_one, Exception)
    assert not isinstance(of_two, Exception)
    assert (of_one.station, of_one.record) == (one, kept.found("a")), "whosoever's it is"
    assert (of_one.station.max_uploads, of_one.station.max_waiting_bytes) == (3, 500)
    assert (of_two.station, of_two.record) == (two, None)
    assert isinstance(nobody, CredentialRefused)


def test_a_revocation_counts_at_once(kept: Kept) -> None:
    station = kept.station()
    kept.revoke(station)
    for again in (False, True):
        (admitted,) = kept.register.admit([Asked(shown("Bearer one"))], again=again)
        assert isinstance(admitted, CredentialRefused)
    with pytest.raises(CredentialRefused):
        kept.begin(station, "a")
    assert kept.register.find_upload("a" * 32) is None


def test_a_stations_limits_hold_and_are_its_own(kept: Kept) -> None:
    one, two = kept.station("one", max_uploads=2, max_waiting_bytes=100), kept.station("two", max_waiting_bytes=100)
    kept.begin(one, "a", 40)
    with pytest.raises(QuotaExceeded) as caught:
        kept.begin(one, "b", 61)
    assert (caught.value.max_waiting_bytes, caught.value.waiting_bytes, caught.value.wanted_bytes) == (100, 40, 61)
    with pytest.raises(LongerThanQuota) as longer:
        kept.begin(one, "b", 101)
    assert (longer.value.allowed_bytes, longer.value.length_bytes) == (100, 101)
    kept.begin(one, "b", 60)
    with pytest.raises(TooManyUploads) as many:
        kept.begin(replace(one, max_uploads=1), "c", 1)
    assert (many.value.max_uploads, many.value.open_uploads) == (1, 2)
    kept.begin(two, "c", 100)


def test_of_several_that_are_opened_at_once_each_has_its_own_answer(kept: Kept) -> None:
    one, two = kept.station("one", max_waiting_bytes=100), kept.station("two", max_uploads=1)
    wanted = [(one, "a", 60), (two, "b", 5), (one, "c", 101), (one, "d", 60), (two, "e", 5), (one, "f", 40)]
    openings = [Opening(station, letter * 32, length, UploadClaims(), LATER) for station, letter, length in wanted]
    answers = open_together(kept.register, openings)
    assert [type(each) for each in answers] == [
        *(UploadRecord, UploadRecord, LongerThanQuota),
        *(QuotaExceeded, TooManyUploads, UploadRecord),
    ]
    assert set(kept.register.states_of([opening.upload_id for opening in openings])) == {"a" * 32, "b" * 32, "f" * 32}


def test_many_at_once_get_no_more_than_there_is(kept: Kept) -> None:
    station = kept.station(max_uploads=5)

    def begin(letter: str) -> bool:
        try:
            kept.begin(station, letter)
        except TooManyUploads:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(begin, "0123456789abcdef")).count(True) == 5


@pytest.mark.parametrize(("state", "takes_room"), [("finished", True), ("failed", True), ("sealed", False)])
def test_what_waits_takes_its_room_until_it_is_sealed(kept: Kept, state: str, takes_room: bool) -> None:
    station = kept.station(max_uploads=1, max_waiting_bytes=30)
    kept.begin(station, "a", 20)
    assert kept.register.finish_uploads([kept.found("a")]) == [True]
    kept.change("a", state=state)
    if takes_room:
        with pytest.raises(QuotaExceeded, match="20"):
            kept.begin(station, "b", 20)
    assert kept.begin(station, "b", 10 if takes_room else 30).is_open


def test_a_creation_key_opens_one_upload_while_it_lives(kept: Kept) -> None:
    one, two = kept.station("one", max_uploads=1), kept.station("two")
    first = kept.begin(one, "a", creation_key="key", node="east")
    assert kept.begin(one, "b", creation_key="key", node="west") == first, "at its limit, and at another node"
    assert kept.begin(two, "c", creation_key="key").upload_id == "c" * 32
    assert kept.register.finish_uploads([first]) == [True]
    assert kept.begin(one, "b", creation_key="key") == replace(first, state="finished")
    assert kept.register.find_upload("b" * 32) is None
    second = kept.begin(one, "d", creation_key="other")
    assert kept.register.terminate_upload(second)
    assert kept.begin(one, "e", creation_key="other").upload_id == "e" * 32


def test_of_many_that_bring_one_key_one_opens(kept: Kept) -> None:
    station = kept.station()
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda letter: kept.begin(station, letter, creation_key="key"), "0123456789abcdef"))
    assert len({record.upload_id for record in opened}) == 1
    assert len(list(kept.register.list_open(""))) == 1


def end(kept: Kept, how: str, record: UploadRecord) -> bool:
    if how == "finished":
        return kept.register.finish_uploads([record])[0]
    return (kept.register.terminate_upload if how == "terminated" else kept.register.expire_upload)(record)


@pytest.mark.parametrize("how", ["finished", "terminated", "expired"])
def test_an_open_upload_ends_once(kept: Kept, how: str) -> None:
    record = kept.begin(kept.station(), "a")
    assert end(kept, how, record)
    for again in ("finished", "terminated", "expired"):
        assert not end(kept, again, record)
    assert kept.found("a") == replace(record, state=how)
    assert not end(kept, how, replace(record, upload_id="f" * 32)), "there is none"


def test_of_many_who_end_it_one_does(kept: Kept) -> None:
    record = kept.begin(kept.station(), "a")
    with ThreadPoolExecutor(8) as pool:
        ended = list(
            pool.map(lambda number: end(kept, ("finished", "terminated", "expired")[number % 3], record), range(24))
        )
    assert ended.count(True) == 1


def test_of_several_that_finish_each_is_answered_for_itself(kept: Kept) -> None:
    station = kept.station()
    records = [kept.begin(station, letter) for letter in "abc"]
    assert kept.register.expire_upload(records[1])
    assert list(kept.register.finish_uploads([*records, records[0]]))[1:3] == [False, True]
    assert kept.register.states_of([record.upload_id for record in records]) == {
        "a" * 32: "finished",
        "b" * 32: "expired",
        "c" * 32: "finished",
    }


def test_what_is_given_up_frees_its_room(kept: Kept) -> None:
    station = kept.station(max_uploads=1, max_waiting_bytes=10)
    for letter, how in (("a", "terminated"), ("b", "expired")):
        assert end(kept, how, kept.begin(station, letter))
    assert kept.begin(station, "c").is_open


def test_a_station_that_terminates_over_and_over_is_told_to_wait(kept: Kept) -> None:
    station, other = kept.station("one"), kept.station("two")
    for letter in "abc":
        assert kept.register.terminate_upload(kept.begin(station, letter))
    with pytest.raises(TooManyTerminated) as caught:
        kept.begin(station, "d")
    assert caught.value.terminated >= caught.value.max_terminated
    assert 0 < caught.value.retry_after_seconds <= 3600
    assert kept.begin(other, "d").is_open


def test_nothing_is_ended_where_it_is_no_more(kept: Kept) -> None:
    """Of one that was moved the bytes here are none."""
    before = kept.begin(kept.station(), "a")
    kept.change("a", node="other")
    for how in ("finished", "terminated", "expired"):
        assert not end(kept, how, before)
    assert end(kept, "finished", kept.found("a"))


def test_nobody_hears_of_an_end_before_the_bytes_are_durable(kept: Kept) -> None:
    record = kept.begin(kept.station(), "a")
    seen: list[str] = []

    def fail() -> None:
        seen.append(kept.found("a").state)
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        kept.register.finish_uploads([record], fail)
    assert (seen, kept.found("a").state) == (["open"], "open")
    assert kept.register.finish_uploads([record], lambda: seen.append(kept.found("a").state)) == [True]
    assert seen == ["open", "open"]


def test_a_deferred_length_is_declared_once_within_the_stations_room(kept: Kept) -> None:
    station, other = kept.station("one", max_waiting_bytes=100), kept.station("two")
    kept.begin(other, "f", 5000)
    first, second = (kept.begin(station, letter, 40, length_is_deferred=True) for letter in "ab")
    with pytest.raises(QuotaExceeded) as caught:
        kept.register.declare_length(first, station, 61)
    assert caught.value.waiting_bytes == 80
    with pytest.raises(LongerThanQuota):
        kept.register.declare_length(first, station, 101)
    assert kept.found("a") == first, "a refusal leaves it as it was"
    kept.register.declare_length(first, station, 60)
    kept.register.declare_length(second, station, 7)
    assert kept.found("a") == replace(first, declared_length=60, length_is_deferred=False)
    kept.begin(station, "c", 33)
    with pytest.raises(UploadGone):
        kept.register.declare_length(first, station, 5)


def test_no_length_is_declared_of_what_ended_or_never_was(kept: Kept) -> None:
    station = kept.station()
    record = kept.begin(station, "a", 40, length_is_deferred=True)
    assert kept.register.expire_upload(record)
    for gone in (record, replace(record, upload_id="f" * 32)):
        with pytest.raises(UploadGone):
            kept.register.declare_length(gone, station, 5)


def test_less_than_was_reserved_fits_though_the_limit_came_down(kept: Kept) -> None:
    station = kept.station(max_waiting_bytes=100)
    record = kept.begin(station, "a", 90, length_is_deferred=True)
    kept.register.declare_length(record, replace(station, max_waiting_bytes=50), 40)
    assert kept.found("a").declared_length == 40


def test_open_uploads_of_a_node_are_listed_the_oldest_first(kept: Kept) -> None:
    one, two = kept.station("one"), kept.station("two")
    for letter, station, days, node in (("a", one, 3, ""), ("b", two, 1, ""), ("c", one, 2, ""), ("d", one, 1, "east")):
        kept.begin(station, letter, expires_at=LATER + timedelta(days=days), node=node)
    kept.begin(two, "e")
    assert kept.register.finish_uploads([kept.found("e")]) == [True]

    def listed(*about: Any) -> str:
        return "".join(record.upload_id[0] for record in kept.register.list_open(*about))

    assert (listed(""), listed("east"), listed("west")) == ("abc", "d", "")
    assert listed("", LATER + timedelta(days=2)) == "bc"


def test_that_a_station_is_sending_changes_nothing_of_its_upload(kept: Kept) -> None:
    record = kept.begin(kept.station(), "a")
    kept.register.note_seen(record)
    kept.register.note_seen(record)
    kept.register.keep_promises()
    assert kept.found("a") == record
