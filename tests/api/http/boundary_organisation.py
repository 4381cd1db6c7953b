"""How what concerns units, people, stations, devices, rooms and the ledger is tried."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from integrity.local_time import chinese_day
from tests.api.http.boundary_attempt import WHY, Attempts, Try, a_moment, do, hand_in, look, unique
from tests.api.http.boundary_scene import Bounds
from tests.api.http.bounds.units import API


def bundle(w: Bounds) -> Try:
    """Of the ledger's first entries, those of every unit among them."""
    w.served.wait_for_places()
    latest = w.served.archive.ledger.latest()
    assert latest is not None
    size = latest[0].size
    return look("/ledger/tile/entries/000" if size >= 256 else f"/ledger/tile/entries/000.p/{size}")


def checkpoint(w: Bounds) -> Try:
    latest = w.served.archive.ledger.latest()
    assert latest is not None
    return look(f"/ledger/checkpoint/{latest[0].size}")


def consistency(w: Bounds) -> Try:
    latest = w.served.archive.ledger.latest()
    assert latest is not None
    return look(f"/ledger/consistency/{latest[0].size}")


def figures(w: Bounds, ending: str, shows: object) -> Try:
    w.served.wait_for_places()
    return look(f"reports/annual{ending}", shows, year=chinese_day(w.now).year)


def this_month(w: Bounds) -> str:
    return f"{chinese_day(w.now):%Y-%m}"


OF_THE_ORGANISATION: Attempts = {
    "POST /api/v1/session": lambda w: do("session", sign_in_name="nobody", password="not the right one"),
    "POST /api/v1/first-administrator": lambda w: do(
        "first-administrator", code="AAAAA-BBBBB", sign_in_name="x", name="x", password="a long password", unit_name="x"
    ),
    "GET /api/v1/session": lambda w: look("session"),
    "DELETE /api/v1/session": lambda w: look("session"),
    "POST /api/v1/units": lambda w: do("units", name="二中队", code=unique("U"), parent_id=str(w.here.id)),
    "GET /api/v1/units": lambda w: look("units", w.here.name),
    "POST /api/v1/people": lambda w: do(
        "people", unit_id=str(w.here.id), name="新人", sign_in_name=unique("n"), role="officer"
    ),
    "GET /api/v1/people": lambda w: look("people", w.o.person.id, unit=str(w.here.id)),
    "POST /api/v1/people/{person_id}/role": lambda w: do(f"people/{w.someone().id}/role", role="supervisor"),
    "POST /api/v1/people/{person_id}/deactivate": lambda w: do(f"people/{w.someone().id}/deactivate", **WHY),
    "POST /api/v1/people/{person_id}/password": lambda w: do(
        f"people/{w.someone().id}/password", password="correct horse battery staple"
    ),
    "POST /api/v1/people/{person_id}/posts": lambda w: do(f"people/{w.someone('supervisor').id}/posts", post="chief"),
    "GET /api/v1/posts": lambda w: look("posts", w.post),
    "POST /api/v1/posts/{post_id}/end": lambda w: do(f"posts/{w.named_chief()}/end", **WHY),
    "POST /api/v1/people/{person_id}/tokens": lambda w: do(f"people/{w.someone().id}/tokens", label="程序"),
    "GET /api/v1/people/{person_id}/tokens": lambda w: look(f"people/{w.someone().id}/tokens"),
    "POST /api/v1/tokens/{token_id}/revoke": lambda w: do(f"tokens/{w.token()}/revoke"),
    "POST /api/v1/stations": lambda w: do("stations", name=unique("站"), unit_id=str(w.here.id)),
    "POST /api/v1/station-codes": lambda w: do("station-codes", name=unique("站"), unit_id=str(w.here.id)),
    "GET /api/v1/stations": lambda w: look("stations", w.station.id),
    "POST /api/v1/stations/{station_id}/code": lambda w: do(f"stations/{w.served.station(w.here).id}/code"),
    "POST /api/v1/stations/{station_id}/token": lambda w: do(f"stations/{w.served.station(w.here).id}/token"),
    "POST /api/v1/stations/{station_id}/certificate": lambda w: do(
        f"stations/{w.served.station(w.here).id}/certificate", sha256="ab" * 32
    ),
    "POST /api/v1/stations/{station_id}/limits": lambda w: do(
        f"stations/{w.served.station(w.here).id}/limits", max_uploads=8, max_waiting_bytes=1 << 30
    ),
    "POST /api/v1/stations/{station_id}/revoke": lambda w: do(f"stations/{w.served.station(w.here).id}/revoke"),
    "POST /api/v1/station-enrolments": lambda w: do("station-enrolments", code="AAAAA-BBBBB", public_key="ab" * 32),
    "POST /api/v1/station-keys": lambda w: do("station-keys", public_key="ab" * 32),
    "POST /api/v1/station-reports": lambda w: do(
        "station-reports", agent_version="1", free_bytes=1, waiting_files=0, at=a_moment()
    ),
    "GET /api/v1/uploads/{upload_id}/receipt": lambda w: look(f"uploads/{uuid.uuid4().hex}/receipt"),
    "GET /api/v1/devices": lambda w: look("devices", w.recorder.id, find=w.recorder.code),
    "POST /api/v1/devices": lambda w: do("devices", code=unique("D"), unit_id=str(w.here.id)),
    "GET /api/v1/devices/{device_id}": lambda w: look(f"devices/{w.recorder.id}"),
    "POST /api/v1/devices/{device_id}/description": lambda w: do(f"devices/{w.device().id}/description", name="一号"),
    "POST /api/v1/devices/{device_id}/retire": lambda w: do(f"devices/{w.device().id}/retire", **WHY),
    "GET /api/v1/device-issues": lambda w: look("device-issues", w.held),
    "POST /api/v1/device-issues": lambda w: do(
        "device-issues", device_id=str(w.device().id), officer=w.handlers[0].sign_in_name
    ),
    "POST /api/v1/device-issues/{issue_id}/return": lambda w: Try(
        f"{API}/device-issues/{w.issue()}/return", sent={"json": {}}
    ),
    "POST /api/v1/device-issues/{issue_id}/corrections": lambda w: do(
        f"device-issues/{w.issue()}/corrections", issued_at=a_moment(), **WHY
    ),
    "POST /api/v1/device-issues/{issue_id}/void": lambda w: do(f"device-issues/{w.issue()}/void", **WHY),
    "GET /api/v1/certificates": lambda w: look("certificates", w.o.person.id, person=str(w.o.person.id)),
    "POST /api/v1/certificates": lambda w: do(
        "certificates", officer=w.someone().sign_in_name, number=unique("N"), valid_from="2020-01-01"
    ),
    "POST /api/v1/certificates/{certificate_id}/void": lambda w: do(f"certificates/{w.certificate()}/void", **WHY),
    "POST /api/v1/register-imports": lambda w: hand_in(
        "register-imports", f"设备编号\n{unique('I')}\n".encode(), "text/csv", kind="devices", unit=str(w.here.id)
    ),
    "GET /api/v1/rooms": lambda w: look("rooms", w.room),
    "POST /api/v1/rooms": lambda w: do("rooms", kind="questioning", name=unique("室"), unit_id=str(w.here.id)),
    "POST /api/v1/rooms/{room_id}/close": lambda w: do(f"rooms/{w.new_room()}/close", **WHY),
    "POST /api/v1/rooms/{room_id}/devices": lambda w: do(f"rooms/{w.room}/devices", device_id=str(w.device().id)),
    "GET /api/v1/room-sessions": lambda w: look("room-sessions", w.session()),
    "GET /api/v1/room-sessions/caseless": lambda w: look("room-sessions/caseless", w.session()),
    "POST /api/v1/rooms/{room_id}/sessions": lambda w: do(f"rooms/{w.new_room()}/sessions", **w.use()),
    "POST /api/v1/room-sessions/{session_id}/end": lambda w: do(
        f"room-sessions/{w.session(starts_at=a_moment(), ends_at=None)}/end", ends_at=datetime.now(UTC).isoformat()
    ),
    "POST /api/v1/room-sessions/{session_id}/case": lambda w: do(
        f"room-sessions/{w.session()}/case", case_id=str(w.case.id)
    ),
    "POST /api/v1/room-sessions/{session_id}/withdraw": lambda w: do(f"room-sessions/{w.session()}/withdraw", **WHY),
    "GET /api/v1/keys": lambda w: look("keys"),
    "GET /api/v1/keys/receipt": lambda w: look("keys/receipt"),
    "GET /api/v1/keys/receipt/successions": lambda w: look("keys/receipt/successions"),
    "GET /api/v1/reports/annual": lambda w: figures(w, "", w.here.id),
    "GET /api/v1/reports/annual.{kind}": lambda w: figures(w, ".csv", w.here.name),
    "GET /api/v1/reports/recordings": lambda w: look("reports/recordings", w.here.id, month=this_month(w)),
    "GET /api/v1/reports/recordings.{kind}": lambda w: look("reports/recordings.csv", w.here.name, month=this_month(w)),
    "GET /api/v1/reports/credit.{kind}": lambda w: look(
        "reports/credit.csv", since=chinese_day(w.now).isoformat(), until=chinese_day(w.now).isoformat()
    ),
    "GET /api/v1/reports/{name}.{kind}": lambda w: look(
        "reports/cases.csv", w.case.number, year=chinese_day(w.now).year
    ),
    "GET /api/v1/ledger/entries": lambda w: look("ledger/entries", w.here.id, unit=str(w.here.id)),
    "GET /ledger/tile/{path}": bundle,
    "GET /ledger/checkpoint": lambda w: look("/ledger/checkpoint"),
    "GET /ledger/checkpoint/{size}": checkpoint,
    "GET /ledger/consistency/{size}": consistency,
    "POST /api/v1/ledger/verify": lambda w: do("ledger/verify", sample=0),
    "GET /healthz": lambda w: look("/healthz"),
    "GET /readyz": lambda w: look("/readyz"),
    "GET /metrics": lambda w: look("/metrics"),
}
