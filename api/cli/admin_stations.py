"""What `liuhen admin station` does: docking stations are enrolled, watched, given other credentials, and revoked."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from pydantic import ByteSize, TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.admin_people import OPERATOR, ROW_LIMIT, Facts, unit_or_only
from api.errors import ApiError, UsageRefused
from api.i18n import translator
from api.words.durations import clock_words
from api.words.tables import word_for
from casework.units import require_live
from ingest.stations.codes import issue_station_code, register_station
from ingest.stations.enrolment import enrol_station, revoke_station, station_of_token
from ingest.stations.errors import StationNameTaken
from ingest.stations.keys import bind_certificate, replace_token
from ingest.stations.limits import MOST_BYTES, MOST_UPLOADS, set_limits
from ingest.stations.overview import StationOverview, overviews
from integrity.fields import format_instant
from integrity.local_time import show_written
from storage.catalog.organisation import Unit
from storage.catalog.stations import Station

_REPORTED = ("agent_version", "free_bytes", "waiting_files", "clock_offset_seconds", "clock_uncertainty_seconds")


def enrol(archive: Archive, session: Session, name: str, unit_code: str | None) -> Facts:
    """A new station and its token, which the facts show this once. Raises StationError; ApiError for a name in use."""
    unit = unit_or_only(session, unit_code)
    require_live(session, unit.id)
    try:
        token = enrol_station(session, OPERATOR, unit.id, name, archive.keyring.public_key("receipt"))
    except StationNameTaken as error:
        if find_station(session, error.name).revoked_at is not None:
            raise ApiError(
                f"工作站 {error.name} 已被吊销，吊销不能撤回，名称也不能再用；请另选名称登记",
                f"the station {error.name} was revoked, which is final, and its name stays taken: choose another name",
            ) from error
        raise ApiError(
            f"工作站名称 {error.name} 已被使用；若就是这台工作站，用 liuhen admin station token {error.name} "
            "更换其凭证，否则请另选名称",
            f"a station named {error.name} is there already: if it is this very one, replace its token with liuhen "
            f"admin station token {error.name}; else choose another name",
        ) from error
    station = station_of_token(session, token)
    assert station is not None
    return {"token": token, **_facts(_seen(session, station), unit.code)}


def issue_code(archive: Archive, session: Session, name: str, unit_code: str | None) -> Facts:
    """A one-time code for the station of that name, which is made when there is none. Raises StationError."""
    station = session.scalars(select(Station).where(Station.name == name.strip())).first()
    if station is None:
        unit = unit_or_only(session, unit_code)
        require_live(session, unit.id)
        station = register_station(session, OPERATOR, unit.id, name)
    lifetime = timedelta(hours=archive.settings.station_code_hours)
    code, row = issue_station_code(session, OPERATOR, station.id, datetime.now(UTC), lifetime)
    return {
        "code": code,
        "expires_at": format_instant(row.expires_at),
        "station": station.name,
        "station_id": str(station.id),
        "receipt_key": archive.keyring.public_key("receipt").key_id,
    }


def code_lines(facts: Facts) -> tuple[str, ...]:
    """The code, and all that has to be typed at the station beside it."""
    return (
        str(facts["code"]),
        f"采集工作站 / station: {facts['station']}",
        f"有效期至 / valid until {show_written(facts['expires_at'])}",
        f"回执密钥指纹，须与工作站所显示的一致 / receipt key, to be what the station shows: {facts['receipt_key']}",
        "在工作站上运行，按提示输入代码 / to be run at the station, which asks for the code:",
        f"  liuhen dock enrol --server 档案地址/ADDRESS --key-file station.key --receipt-key {facts['receipt_key']}",
    )


def token_hint(facts: Facts) -> tuple[str, str]:
    """What a person has to know of a token that was just shown."""
    return (
        f"↑ 采集工作站 {facts['name']}（单位 {facts['unit']}）的凭证，只显示这一次：存入只有其所有者可读的文件"
        "（chmod 600），上传时用 --station-token-file 指定；遗失后用 liuhen admin station token 名称 更换",
        f"↑ the token of station {facts['name']}, shown this once: keep it in a file for its owner alone (chmod 600), "
        "which --station-token-file names; a lost one is replaced by: liuhen admin station token NAME",
    )


def replace(archive: Archive, session: Session, name: str) -> Facts:
    """Another token, which the facts show this once; what the station went by before counts no more."""
    station = find_station(session, name)
    token = replace_token(session, OPERATOR, station.id, archive.keyring.public_key("receipt"), datetime.now(UTC))
    return {"token": token, **_facts_of(session, station)}


def bind(session: Session, name: str, sha256: str) -> Facts:
    """From now on the station's requests count only with that client certificate; `none`: with any, or none."""
    digits = sha256.replace(":", "").strip().lower()
    if digits != "none" and not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise UsageRefused(
            f"“{sha256}”不是 SHA-256：应为 64 位十六进制数，或 none",
            f"{sha256} is no SHA-256: it has 64 hexadecimal digits; or say none",
        )
    fingerprint = None if digits == "none" else bytes.fromhex(digits)
    return _facts_of(session, bind_certificate(session, OPERATOR, find_station(session, name).id, fingerprint))


def change_limits(session: Session, name: str, uploads: str | None, waiting: str | None) -> Facts:
    """The station's own limits: a number, a size such as 64GiB, or `default`; None leaves it as it is."""
    if uploads is None and waiting is None:
        raise UsageRefused("请给出 --uploads 或 --waiting", "say --uploads or --waiting")
    station = find_station(session, name)
    most_uploads = station.max_uploads if uploads is None else _limit("--uploads", uploads, int, MOST_UPLOADS)
    most_bytes = station.max_waiting_bytes if waiting is None else _limit("--waiting", waiting, ByteSize, MOST_BYTES)
    return _facts_of(session, set_limits(session, OPERATOR, station.id, most_uploads, most_bytes))


def limits_line(facts: Facts) -> str:
    """For a person. What is `default` is what the settings say for all."""
    uploads, waiting = (facts[name] or "默认 / default" for name in ("max_uploads", "max_waiting_bytes"))
    return f"{facts['name']}: 并发上传 / uploads at once {uploads}，待封存字节 / bytes waiting {waiting}"


def _limit(option: str, text: str, kind: type[int], most: int) -> int | None:
    if text.strip().lower() == "default":
        return None
    try:
        value = int(TypeAdapter(kind).validate_python(text.strip()))
    except ValidationError:
        value = 0
    if not 1 <= value <= most:
        raise UsageRefused(
            f"{option} 的值“{text}”不可用：应为 1 至 {most} 的整数（字节数可写作 64GiB），或 default",
            f"{option} {text} is not usable: say a whole number from 1 to {most} (bytes as 64GiB too), or default",
        )
    return value


def list_stations(session: Session, allowed_seconds: float) -> list[Facts]:
    """`allowed_seconds`: how far a clock may be off before it is to be set."""
    statement = select(Station, Unit.code).join(Unit, Unit.id == Station.unit_id)
    rows = session.execute(statement.order_by(Station.created_at, Station.name).limit(ROW_LIMIT)).all()
    seen = overviews(session, [row[0] for row in rows], datetime.now(UTC))
    return [
        {**_facts(each, code), "clock_off": each.has_clock_off(allowed_seconds)}
        for each, (_, code) in zip(seen, rows, strict=True)
    ]


def station_line(facts: Facts) -> str:
    """One station of `list_stations` in a line for a person."""
    condition, credential = str(facts["condition"]), str(facts["credential"])
    parts = (
        facts["name"],
        facts["unit"],
        f"{word_for('station_condition', condition)} / {condition}",
        f"{word_for('station_credential', credential)} / {credential}",
        f"最近消息 / last heard {show_written(facts['last_seen_at'])}",
        _clock_part(facts),
        facts["station_id"],
    )
    return "  ".join(str(part) for part in parts)


def _clock_part(facts: Facts) -> str:
    """How its clock goes, and that it is to be set where that is the matter; a dash of one that has not measured it."""
    offset = facts["clock_offset_seconds"]
    if not isinstance(offset, int | float):
        return "时钟 / clock —"
    zh, en = (clock_words(offset, translator(language)) for language in ("zh", "en"))
    if facts["clock_off"]:
        zh, en = f"{zh}，请校准", f"{en}: set it"
    return f"时钟 / clock {zh} / {en}"


def revoke(session: Session, name: str) -> Facts:
    """The station's credential counts no more, from its next request on."""
    return _facts_of(session, revoke_station(session, OPERATOR, find_station(session, name).id))


def find_station(session: Session, name: str) -> Station:
    """Raises UsageRefused when there is none."""
    station = session.scalars(select(Station).where(Station.name == name.strip())).first()
    if station is None:
        raise UsageRefused(
            f"没有名为 {name} 的采集工作站；请用 liuhen admin station list 查看",
            f"there is no station called {name}: see liuhen admin station list",
        )
    return station


def _facts_of(session: Session, station: Station) -> Facts:
    return _facts(_seen(session, station), session.get_one(Unit, station.unit_id).code)


def _seen(session: Session, station: Station) -> StationOverview:
    return overviews(session, [station], datetime.now(UTC))[0]


def _facts(seen: StationOverview, unit_code: str) -> Facts:
    station, state = seen.station, seen.state
    certificate = station.certificate_sha256
    return {
        "station_id": str(station.id),
        "name": station.name,
        "unit": unit_code,
        "condition": seen.condition,
        "credential": seen.credential,
        "key_id": seen.key_id,
        "certificate_sha256": None if certificate is None else certificate.hex(),
        "max_uploads": station.max_uploads,
        "max_waiting_bytes": station.max_waiting_bytes,
        "last_seen_at": _instant(seen.last_seen_at),
        **{name: getattr(state, name, None) for name in _REPORTED},
        "silent_since": _instant(getattr(state, "silent_since", None)),
        "clock_off_since": _instant(getattr(state, "clock_off_since", None)),
        "revoked_at": _instant(station.revoked_at),
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
