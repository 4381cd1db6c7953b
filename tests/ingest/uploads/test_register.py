"""The register on a real catalog: each change with its ledger entry, limits exact, and every turn at most once."""

from __future__ import annotations

import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.errors import IntegrityError
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from ingest.stations.credential import PresentedCredential
from ingest.stations.errors import CredentialRefused, CredentialRevoked, SignatureOutOfDate
from ingest.stations.signature import sign_request
from ingest.uploads.contract import Asked, Opening
from ingest.uploads.errors import (
    LongerThanQuota,
    QuotaExceeded,
    RegisterUnavailable,
    TooManyTerminated,
    TooManyUploads,
    UploadGone,
)
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.register import CatalogRegister
from integrity.keys import SigningKey
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Unit
from storage.catalog.stations import Station, StationKey
from storage.catalog.uploads import StationLoad, Upload
from storage.database import Database
from tests.ingest.uploads.enrolled import DEFAULTS, LATER, TOKEN, enrol, proved, shown
from tests.ingest.uploads.openings import open_together, open_upload


@pytest.fixture
def register(database) -> CatalogRegister:
    return CatalogRegister(database, DEFAULTS)


@pytest.fixture
def station_row(database) -> Station:
    return enrol(database, TOKEN)


@pytest.fixture
def station(register, station_row):
    return proved(register, f"Bearer {TOKEN}")


def entries(database) -> list[dict]:
    with database.reading() as session:
        rows = session.scalars(select(LedgerEntryRow).order_by(LedgerEntryRow.serial)).all()
    return [json.loads(row.entry) for row in rows]


def test_a_station_is_known_by_its_token_with_its_own_limits_or_the_defaults(register, database, station_row):
    seen = proved(register, f"bearer  {TOKEN} ")
    assert (seen.station_id, seen.unit_id) == (station_row.id, station_row.unit_id)
    assert (seen.max_uploads, seen.max_waiting_bytes) == (64, 16 << 30)
    enrol(database, "other", max_uploads=3, max_waiting_bytes=500)
    other = proved(register, "Bearer other")
    assert (other.max_uploads, other.max_waiting_bytes) == (3, 500)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic eA==", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"]
)
def test_anything_else_is_refused(register, station_row, header):
    with pytest.raises(CredentialRefused):
        proved(register, header)


def test_bodies_under_way_are_proved_again_in_one_question_whatever_proves_them(
    register, database, station_row, monkeypatch
):
    """A signature may be too old to begin with by then; a revocation counts all the same."""
    key = SigningKey.generate()
    keyed_station = enrol(database, "unused")
    with database.transaction() as session:
        session.execute(update(Station).where(Station.id == keyed_station.id).values(token_hash=None))
        about = {"station_id": keyed_station.id, "unit_id": keyed_station.unit_id}
        session.add(StationKey(id=key.key_id, public_key=key.public.raw, **about))
    headers = {
        "host": "archive.test",
        "content-length": "5",
        "content-type": "application/offset+octet-stream",
        "upload-checksum": "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        "upload-offset": "0",
    }
    unsigned = PresentedCredential("PATCH", "/uploads/" + "a" * 32, "archive.test", headers)
    made = sign_request(unsigned, key, datetime.now(UTC) - timedelta(hours=1))
    signed = replace(unsigned, headers=headers | {name.lower(): value for name, value in made.items()})
    asked = [Asked(signed), Asked(shown(f"Bearer {TOKEN}")), Asked(shown("Bearer guessed"))] * 3
    (late,) = register.admit([Asked(signed)])
    assert isinstance(late, SignatureOutOfDate)

    questions: list[str] = []
    run = register._run
    monkeypatch.setattr(
        register, "_run", lambda statement, about: (questions.append(statement), run(statement, about))[1]
    )
    of_key, of_token, of_nobody = register.admit(asked, again=True)[3:6]
    assert (of_key.station.station_id, of_token.station.station_id) == (keyed_station.id, station_row.id)
    assert isinstance(of_nobody, CredentialRefused)
    assert len(questions) == 1

    with database.transaction() as session:
        session.execute(update(Station).where(Station.id == keyed_station.id).values(revoked_at=datetime.now(UTC)))
    of_key, of_token, _ = register.admit(asked[:3], again=True)
    assert isinstance(of_key, CredentialRefused)
    assert of_token.station.station_id == station_row.id


def test_a_revocation_counts_at_once_for_opening_too(register, database, station, station_row):
    with database.transaction() as session:
        session.execute(update(Station).where(Station.id == station_row.id).values(revoked_at=datetime.now(UTC)))
    with pytest.raises(CredentialRevoked):
        proved(register, f"Bearer {TOKEN}")
    with pytest.raises(CredentialRevoked):
        open_upload(register, Opening(station, "a" * 32, 10, UploadClaims(), LATER))
    assert register.find_upload("a" * 32) is None
    assert entries(database) == []


def test_creation_and_each_end_are_a_row_and_an_entry_together(register, database, station):
    claims = UploadClaims(header="filename 5b2V", filename="张三的录像.mp4", sha256="ab" * 32)
    ends = {
        "a": lambda record: register.finish_uploads([record])[0],
        "b": register.terminate_upload,
        "c": register.expire_upload,
    }
    for letter, end in ends.items():
        upload_id = letter * 32
        open_upload(register, Opening(station, upload_id, 10, claims, LATER))
        found = register.find_upload(upload_id)
        assert (found.station_id, found.declared_length, found.claims, found.state, found.expires_at) == (
            station.station_id, 10, claims, "open", LATER,
        )  # fmt: skip
        assert [record.upload_id for record in register.list_open("")] == [upload_id]
        assert end(found) is True
        assert [other(found) for other in ends.values()] == [False] * 3
    written = [(entry["action"], entry["subject"]["id"][0], entry["actor"]["kind"]) for entry in entries(database)]
    assert written == [
        ("upload.created", "a", "station"), ("upload.finished", "a", "station"),
        ("upload.created", "b", "station"), ("upload.terminated", "b", "station"),
        ("upload.created", "c", "station"), ("upload.expired", "c", "system"),
    ]  # fmt: skip
    created = entries(database)[0]
    assert created["data"] == {"declared_length": 10, "claimed_sha256": "ab" * 32}
    assert "张三" not in json.dumps(entries(database), ensure_ascii=False)
    with database.reading() as session:
        assert session.get(Upload, "a" * 32).finished_at is not None


def test_an_unknown_upload_ends_in_nothing(register, database, station):
    assert register.find_upload("f" * 32) is None
    unknown = Opening(station, "f" * 32, 10, UploadClaims(), LATER).record
    assert register.finish_uploads([unknown]) == [False]
    assert entries(database) == []


def test_the_limits_hold_exactly_when_many_ask_at_once(database):
    enrol(database, "busy", max_uploads=5, max_waiting_bytes=70)
    register = CatalogRegister(database, DEFAULTS)
    station = proved(register, "Bearer busy")

    def ask(number: int) -> str:
        try:
            open_upload(register, Opening(station, uuid.uuid4().hex, 10 if number % 2 else 20, UploadClaims(), LATER))
        except (TooManyUploads, QuotaExceeded) as error:
            return type(error).__name__
        return "opened"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(24)))
    held = list(register.list_open(""))
    assert outcomes.count("opened") == len(held) <= 5
    assert sum(record.declared_length for record in held) <= 70
    assert len(held) == 5 or sum(record.declared_length for record in held) > 50
    assert len(entries(database)) == len(held)


def test_open_uploads_are_listed_in_portions_and_those_that_are_due_by_themselves(register, station, monkeypatch):
    monkeypatch.setattr("ingest.uploads.register._LISTED_AT_ONCE", 2)
    soon = LATER - timedelta(hours=1)
    for letter in "edcba":
        expires_at = soon if letter in "ab" else LATER
        open_upload(register, Opening(station, letter * 32, 1, UploadClaims(), expires_at))
    assert [record.upload_id[0] for record in register.list_open("")] == list("edcba")
    assert [record.upload_id[0] for record in register.list_open("", soon)] == list("ba")
    assert list(register.list_open("", soon - timedelta(seconds=1))) == []
    assert list(register.list_open("elsewhere")) == []
    # Each portion is asked for as it is wanted, and what ended meanwhile is in none that comes after.
    listed = register.list_open("")
    first = next(listed)
    register.terminate_upload(register.find_upload("a" * 32))
    assert [first.upload_id[0], *(record.upload_id[0] for record in listed)] == list("edcb")


def test_a_station_that_terminates_over_and_over_creates_none_until_the_next_hour(database, station):
    """And no other station is held up by it. Each would leave a row and two entries for good."""
    if datetime.now(UTC).minute == 59:  # all of it within one hour
        time.sleep(max(0.0, datetime.now(UTC).second - 50))
    enrol(database, "other")
    register = CatalogRegister(database, replace(DEFAULTS, max_terminated=3))
    for name in "abc":
        register.terminate_upload(open_upload(register, Opening(station, name * 32, 5, UploadClaims(), LATER)))
    for _ in range(2):
        with pytest.raises(TooManyTerminated) as caught:
            open_upload(register, Opening(station, "d" * 32, 5, UploadClaims(), LATER))
        assert caught.value.max_terminated == 3
        assert 0 < caught.value.retry_after_seconds <= 3600
    assert register.find_upload("d" * 32) is None
    open_upload(register, Opening(proved(register, "Bearer other"), "e" * 32, 5, UploadClaims(), LATER))
    with database.transaction() as session:
        session.execute(update(StationLoad).values(terminated_hour=StationLoad.terminated_hour - timedelta(hours=1)))
    again = open_upload(register, Opening(station, "d" * 32, 5, UploadClaims(), LATER))
    register.finish_uploads([again])
    last = open_upload(register, Opening(station, "f" * 32, 5, UploadClaims(), LATER))
    register.terminate_upload(last)
    with database.reading() as session:
        load = session.get_one(StationLoad, station.station_id)
    assert (load.terminated_uploads, load.open_uploads) == (1, 0)


def test_finished_bytes_wait_until_they_are_sealed_but_are_no_open_uploads(database):
    enrol(database, "small", max_uploads=1, max_waiting_bytes=30)
    register = CatalogRegister(database, DEFAULTS)
    station = proved(register, "Bearer small")
    open_upload(register, Opening(station, "a" * 32, 20, UploadClaims(), LATER))
    with pytest.raises(TooManyUploads):
        open_upload(register, Opening(station, "b" * 32, 5, UploadClaims(), LATER))
    register.finish_uploads([register.find_upload("a" * 32)])
    with pytest.raises(QuotaExceeded) as caught:
        open_upload(register, Opening(station, "b" * 32, 20, UploadClaims(), LATER))
    assert caught.value.waiting_bytes == 20
    with database.transaction() as session:
        session.execute(update(Upload).where(Upload.id == "a" * 32).values(state="sealed"))
    open_upload(register, Opening(station, "b" * 32, 30, UploadClaims(), LATER))


def begin_deferred(register, station, letter: str, reserved: int):
    open_upload(register, Opening(station, letter * 32, reserved, UploadClaims(), LATER, length_is_deferred=True))
    return register.find_upload(letter * 32)


def test_a_deferred_length_takes_what_is_reserved_until_it_is_declared_once(database):
    enrol(database, "small", max_waiting_bytes=100)
    register = CatalogRegister(database, DEFAULTS)
    station = proved(register, "Bearer small")
    first, second = (begin_deferred(register, station, letter, 40) for letter in "ab")
    assert (first.length_is_deferred, first.declared_length) == (True, 40)
    with pytest.raises(QuotaExceeded):
        begin_deferred(register, station, "c", 40)
    with pytest.raises(QuotaExceeded) as caught:
        register.declare_length(first, station, 61)
    assert caught.value.waiting_bytes == 80
    with pytest.raises(LongerThanQuota):
        register.declare_length(first, station, 101)
    register.declare_length(first, station, 60)
    register.declare_length(second, station, 7)
    found = register.find_upload(first.upload_id)
    assert (found.length_is_deferred, found.declared_length) == (False, 60)
    with pytest.raises(UploadGone):
        register.declare_length(first, station, 61)
    with pytest.raises(DatabaseError, match="is declared"), database.transaction() as session:
        session.execute(update(Upload).where(Upload.id == first.upload_id).values(declared_length=61))
    begin_deferred(register, station, "d", 33)
    made = [(entry["action"], entry["data"]) for entry in entries(database)]
    assert made[0] == ("upload.created", {"reserved_length": 40})
    assert made[2:4] == [("upload.length_declared", {"length": 60}), ("upload.length_declared", {"length": 7})]


def test_an_upload_without_a_length_is_never_handed_on(database, register, station):
    record = begin_deferred(register, station, "a", 40)
    with pytest.raises(IntegrityError):
        register.finish_uploads([record])
    assert register.find_upload(record.upload_id).is_open


def test_one_of_many_declares_the_length(database, register, station):
    record = begin_deferred(register, station, "a", 40)

    def declare(length: int) -> bool:
        try:
            register.declare_length(record, station, length)
        except UploadGone:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(declare, range(1, 17))).count(True) == 1
    assert [entry["action"] for entry in entries(database)].count("upload.length_declared") == 1


def test_what_a_station_could_never_have_waiting_is_too_long(register, station):
    with pytest.raises(LongerThanQuota):
        open_upload(register, Opening(station, "a" * 32, (16 << 30) + 1, UploadClaims(), LATER))


def test_whoever_begins_anew_waits_for_an_end_that_is_being_written(database, register, station):
    """By a process that was killed, say: its statement is with PostgreSQL, and its lock of the bytes is free."""
    open_upload(register, Opening(station, "a" * 32, 10, UploadClaims(), LATER))
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(update(Upload).where(Upload.id == "a" * 32).values(state="expired"))
            found = pool.submit(register.find_settled, "a" * 32)
            with pytest.raises(TimeoutError):
                found.result(timeout=0.3)
            assert register.find_upload("a" * 32).is_open
        assert found.result().state == "expired"
    assert register.find_settled("b" * 32) is None


def test_nothing_is_finished_by_a_node_that_it_was_moved_away_from(database, register, station):
    open_upload(register, Opening(station, "a" * 32, 10, UploadClaims(), LATER))
    before = register.find_upload("a" * 32)
    with database.transaction() as session:
        session.execute(update(Upload).where(Upload.id == before.upload_id).values(node="other"))
    assert register.finish_uploads([before]) == [False]
    assert register.finish_uploads([register.find_upload(before.upload_id)]) == [True]


def test_what_is_not_durable_is_not_handed_on(database, register, station):
    open_upload(register, Opening(station, "a" * 32, 10, UploadClaims(), LATER))
    record = register.find_upload("a" * 32)
    seen = []

    def fail() -> None:
        seen.append(register.find_upload("a" * 32).state)
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        register.finish_uploads([record], fail)
    assert seen == ["open"]
    assert register.find_settled("a" * 32).is_open
    assert [entry["action"] for entry in entries(database)] == ["upload.created"]
    assert register.finish_uploads([record], lambda: seen.append("durable")) == [True]
    assert seen == ["open", "durable"]
    assert register.find_upload("a" * 32).state == "finished"


def test_exactly_one_of_many_finishes(register, station):
    open_upload(register, Opening(station, "a" * 32, 10, UploadClaims(), LATER))
    record = register.find_upload("a" * 32)
    start = threading.Barrier(6)

    def finish(_: int) -> bool:
        start.wait()
        return register.finish_uploads([record])[0]

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(finish, range(6))) == [False] * 5 + [True]


def test_one_station_never_waits_for_another(database):
    enrol(database, "first")
    enrol(database, "second")
    register = CatalogRegister(database, DEFAULTS)
    first, second = proved(register, "Bearer first"), proved(register, "Bearer second")
    with database.transaction() as session:
        session.scalar(select(Station).where(Station.id == first.station_id).with_for_update())
        with ThreadPoolExecutor(1) as pool:
            pool.submit(open_upload, register, Opening(second, "b" * 32, 5, UploadClaims(), LATER)).result(timeout=60)


def test_a_catalog_that_does_not_answer_is_said_so():
    nowhere = Database("postgresql://nobody@/nothing?host=/nonexistent", pool_size=1)
    try:
        with pytest.raises(RegisterUnavailable):
            proved(CatalogRegister(nowhere, DEFAULTS), "Bearer x")
    finally:
        nowhere.close()


def test_a_whole_upload_over_http_on_the_real_catalog(start_server, database, addresses, station_row, wire):
    tus = start_server(database=addresses.worker)
    metadata = {"Upload-Metadata": wire.metadata(filename="录像.mp4", bytes=b"\xff\x00")}
    path = tus.create(300_000, metadata, token=TOKEN)
    assert tus.patch(path, 0, b"x" * 100_000, token=TOKEN).status == 204
    tus.kill()
    tus.start()
    seen = tus.head(path, token=TOKEN)
    assert (seen.offset, seen.headers["upload-metadata"]) == (100_000, metadata["Upload-Metadata"])
    assert tus.patch(path, 100_000, b"y" * 200_000, token=TOKEN).status == 204
    assert tus.finishes(path) == 1
    assert tus.request("DELETE", path, token=TOKEN).status == 409
    other = tus.create(5, token=TOKEN)
    assert tus.request("DELETE", other, token=TOKEN).status == 204
    with database.transaction() as session:
        session.execute(update(Station).where(Station.id == station_row.id).values(revoked_at=datetime.now(UTC)))
    assert tus.head(path, token=TOKEN).status == 401
    assert [entry["action"] for entry in entries(database)] == [
        "upload.created", "upload.finished", "upload.created", "upload.terminated",
    ]  # fmt: skip


def test_what_failed_takes_its_room_until_it_is_given_up(register, database):
    enrol(database, "small", max_waiting_bytes=100)
    station = proved(register, "Bearer small")
    first, again = (Opening(station, uuid.uuid4().hex, 60, UploadClaims(), LATER) for _ in range(2))
    open_upload(register, first)
    for state, has_room in (("failed", False), ("finished", False), ("failed", False), ("terminated", True)):
        with database.transaction() as session:
            session.execute(update(Upload).where(Upload.id == first.upload_id).values(state=state))
        if has_room:
            open_upload(register, again)
        else:
            with pytest.raises(QuotaExceeded):
                open_upload(register, again)


def test_statements_find_an_upload_by_its_id_however_many_wait(register, database, addresses, station):
    """A plan is kept for as long as the process lives, also one made while there were few."""

    def look() -> None:
        opening = keyed(station, key=uuid.uuid4().hex)
        register.admit([Asked(shown(f"Bearer {TOKEN}"), opening.upload_id)])
        assert open_upload(register, opening) == open_upload(register, opening)
        assert register.finish_uploads([opening.record]) == [True]
        together = [keyed(station, key=uuid.uuid4().hex) for _ in range(3)]
        assert register.finish_uploads(open_together(register, together)) == [True] * 3

    look()
    assert_uploads_are_found_by_id(database)
    for _ in range(40):
        look()
    owner = Database(addresses.owner, pool_size=1)
    with owner.direct() as connection:
        connection.execute("ANALYZE")  # all plans are made anew
    owner.close()
    look()
    assert_uploads_are_found_by_id(database)


def assert_uploads_are_found_by_id(database: Database) -> None:
    with database.direct() as connection:
        prepared = connection.execute(
            "SELECT name, cardinality(parameter_types) FROM pg_prepared_statements WHERE parameter_types::text <> '{}'"
        ).fetchall()
        plans = [
            [line for (line,) in connection.execute(f"EXPLAIN EXECUTE {name}({', '.join(['NULL'] * count)})")]
            for name, count in prepared
        ]
    scans = 0
    for plan in plans:
        for place, line in enumerate(plan):
            assert "Seq Scan" not in line, plan
            if "Scan" in line and "upload" in line:
                by_key = "pk_upload" in line or "uq_upload_creation_key" in line
                assert by_key or "Bitmap Heap Scan" in line, plan
                assert "Cond: " in plan[place + 1], plan
                scans += 1
    assert scans >= 2


def test_whoever_ends_several_uploads_takes_them_in_their_order(register, database, station):
    """Two that end the same ones, named the other way round, would else wait for each other."""
    openings = [Opening(station, letter * 32, 10, UploadClaims(), LATER) for letter in "ba"]
    records = [opening.record for opening in openings]
    assert open_together(register, openings) == records
    locked = select(Upload.id).where(Upload.id == "a" * 32).with_for_update()
    other = select(Upload.id).where(Upload.id == "b" * 32).with_for_update(skip_locked=True)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.scalars(locked).one()
            ending = pool.submit(register.finish_uploads, records)
            await_waiting(database)
            with database.transaction() as beside:
                assert beside.scalars(other).all() == ["b" * 32]
        assert ending.result() == [True, True]


def keyed(station, length: int = 10, key: str = "k" * 32) -> Opening:
    return Opening(station, uuid.uuid4().hex, length, UploadClaims(), LATER, creation_key=key)


def load_of(database, station) -> tuple[int, int]:
    with database.reading() as session:
        load = session.get(StationLoad, station.station_id)
    return load.open_uploads, load.waiting_bytes


def test_a_creation_that_is_asked_for_again_reserves_nothing_and_is_no_second_entry(register, database, station):
    first = keyed(station)
    assert open_upload(register, first) == first.record
    assert [open_upload(register, keyed(station)) for _ in range(3)] == [first.record] * 3
    together = [keyed(station, key="m" * 32), keyed(station), keyed(station, key="m" * 32)]
    assert open_together(register, together) == [together[0].record, first.record, together[0].record]
    assert load_of(database, station) == (2, 20)
    assert [entry["subject"]["id"] for entry in entries(database)] == [first.upload_id, together[0].upload_id]


def test_a_creation_asked_for_again_is_told_of_at_the_stations_limits_and_whatever_became_of_it(database):
    enrol(database, "small", max_uploads=1, max_waiting_bytes=10)
    register = CatalogRegister(database, DEFAULTS)
    station = proved(register, "Bearer small")
    first = open_upload(register, keyed(station))
    assert open_upload(register, keyed(station)) == first
    with pytest.raises(TooManyUploads):
        open_upload(register, keyed(station, key="m" * 32))
    register.finish_uploads([first])
    assert open_upload(register, keyed(station)) == replace(first, state="finished")


def test_a_key_is_its_stations_own_and_free_again_when_its_upload_has_ended(register, database, station):
    enrol(database, "other")
    other = proved(register, "Bearer other")
    first, others = open_upload(register, keyed(station)), open_upload(register, keyed(other))
    assert first.upload_id != others.upload_id
    register.terminate_upload(first)
    again = open_upload(register, keyed(station))
    assert again.upload_id not in (first.upload_id, others.upload_id)
    register.expire_upload(again)
    assert open_upload(register, keyed(station)).upload_id not in (first.upload_id, again.upload_id)
    assert load_of(database, station) == (1, 10)


def test_of_many_that_ask_for_one_creation_at_once_one_opens_it(register, database, station):
    start = threading.Barrier(8)

    def create(_: int) -> str:
        start.wait()
        return open_upload(register, keyed(station)).upload_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(8)))) == 1
    assert load_of(database, station) == (1, 10)
    assert len(entries(database)) == 1


def test_the_application_cannot_give_an_upload_another_creation_key(register, database, station):
    record = open_upload(register, keyed(station))
    with pytest.raises(DatabaseError, match="permission denied"), database.transaction() as session:
        session.execute(update(Upload).where(Upload.id == record.upload_id).values(creation_key=None))


def await_waiting(database) -> None:
    """Until a session waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with database.reading() as session:
            if session.scalar(text(waiting)):
                return
        time.sleep(0.02)
    raise AssertionError("nobody waited")


def move(session, station_row) -> uuid.UUID:
    """As a merge does: the unit that the station is of from now on."""
    successor = Unit(name="城管二中队", code=f"u{uuid.uuid4().hex[:8]}")
    session.add(successor)
    session.flush()
    session.execute(update(Station).where(Station.id == station_row.id).values(unit_id=successor.id))
    return successor.id


def test_a_station_that_went_over_opens_nothing_in_the_unit_it_was_known_in(register, database, station, station_row):
    with database.transaction() as session:
        successor_id = move(session, station_row)
    opened = open_together(register, [Opening(station, letter * 32, 10, UploadClaims(), LATER) for letter in "ab"])
    assert [record.unit_id for record in opened] == [successor_id] * 2
    assert {register.find_upload(letter * 32).unit_id for letter in "ab"} == {successor_id}
    assert {entry["unit_id"] for entry in entries(database)} == {str(successor_id)}


def test_whoever_opens_while_the_station_goes_over_waits_and_opens_as_the_successors(
    register, database, station, station_row
):
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            successor_id = move(session, station_row)
            opening = pool.submit(open_upload, register, keyed(station))
            await_waiting(database)
            assert not opening.done()
        assert opening.result().unit_id == successor_id
    assert open_upload(register, keyed(station)) == opening.result(), "the same creation, asked for again"
