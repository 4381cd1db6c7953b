"""What a file's name claims. One table, a pattern a maker (docs/metadata.md has it with examples), own ones before it.

A name is a claim, never authority: anybody can give a file another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal

from ingest.metadata.claims import Claim, Claims, Withheld, gather
from ingest.metadata.clock import CHINA, NO_SUCH_TIME, time_claim
from ingest.metadata.device_words import is_bare_number, is_no_device
from ingest.metadata.evidence_marks import COPY_AND_TYPE, without_marks

LONGEST_NAME: Final = 255
"""Of one name on any file system; what is longer names nothing."""
ENDING: Final = COPY_AND_TYPE
NO_IDENTITY: Final = "no_number_of_a_device"
"""Stands where a device's number does, and looks like a channel, a format, a count or a date."""
HALF_OF_THE_DAY: Final = "half_of_the_day_unknown"
TWELVE_HOURS: Final = re.compile(r"\d[ _-]?[AP]M(?![A-Z0-9])", re.ASCII | re.IGNORECASE)
IsRegistered = Callable[[str], bool]
"""Whether the register of devices has one of this code, for the unit whose file it is."""

Form = Literal["own", "known", "guessed"]
"""How sure it is that a pattern's device is one: an administrator wrote it, a maker is known for it, or the first word
of the name has the look of it."""


@dataclass(frozen=True)
class NamePattern:
    """Named groups, each of them optional:

    device, officer; time (14 digits, or 12 with a year of two; what stands between digits is passed over), or day with
    clock, which may lack its seconds; unix (seconds or thousandths since 1970); number (in what order), of which group.
    `zone` is the one that this maker's names are written in. A device that is not
    `own` is held against what is no device's number (device_words.py).
    """

    source: str
    regex: re.Pattern[str]
    example: str
    zone: tzinfo = CHINA
    form: Form = "known"


def pattern(source: str, regex: str, example: str, zone: tzinfo = CHINA, form: Form = "known") -> NamePattern:
    """In capitals or not: what copies a card may write all of its names small."""
    return NamePattern(source, re.compile(regex + ENDING, re.ASCII | re.IGNORECASE), example, zone, form)


# A word of letters alone is no device and no officer; their codes have a number in them.
_DEVICE: Final = r"(?P<device>(?=[A-Z]*\d)[A-Z0-9]{4,20})"
_BY_STANDARD: Final = r"(?P<device>(?=[A-Z]*\d)[A-Z0-9]{7})_(?P<officer>(?=[A-Z]*\d)[A-Z0-9]{6})_(?P<time>\d{14})"

# ISO 8601, as far as names of files can have it; a word of letters before it is an app's.
_ISO: Final = r"\d{4}-\d\d-\d\d[ T_-]\d\d[-.:_]?\d\d[-.:_]?\d\d|\d{8}T\d{6}"
_WORD_BEFORE: Final = r"(?:[A-Z]{1,20}[ _-])?"

# The first that matches the whole name wins, so the narrow ones come first.
PATTERNS: Final = (
    pattern(
        "name:ga/t-947",
        _BY_STANDARD,
        "AB00001_000123_20260101093000.MP4",
    ),
    pattern(
        "name:ga/t-947-numbered",
        _BY_STANDARD + r"[_-](?P<number>\d{1,4})",
        "AB00001_000123_20260101093000_0001.MP4",
    ),
    pattern(
        "name:hikvision-event",
        r"\d{1,3}(?:\.\d{1,3}){3}_\d{2}_(?P<time>\d{14})\d{3}_[A-Z][A-Z_]{1,40}",
        "192.168.0.64_01_20260101093000939_MOTION_DETECTION.jpg",
    ),
    pattern(
        "name:hikvision-serial",
        r"[A-Za-z0-9]{1,20}_(?P<device>\d{9})_(?P<time>\d{14})\d{3}_[A-Z][A-Z_]{1,40}",
        "gg_733804851_20260101093000348_MOTION_DETECTION.jpg",
    ),
    pattern(
        "name:dahua",
        r"[A-Za-z0-9.-]{1,40}_(?:ch\d{1,3}|IPC)_(?:main|sub|extra)_(?P<time>\d{14})_\d{14}",
        "NVR_ch1_main_20260101093000_20260101093500.dav",
    ),
    # Of two times the first is the beginning, whatever channel stands before them.
    pattern(
        "name:from-to",
        r"(?:[A-Z0-9.-]{1,40}_){0,3}(?P<time>\d{14})(?:\d{3})?[_-]\d{14}(?:\d{3})?",
        "CH01_20260101093000_20260101093500.mp4",
    ),
    pattern(
        "name:axon",
        r"axon[_ ](?:body|flex|fleet|signal)[_ ]\d[_ ]video[_ ](?P<day>\d{4}-\d\d-\d\d)[_ ](?P<clock>\d{4})"
        r"(?:[_ -](?P<device>[XD][0-9A-Z]{8}))?(?:[_ -](?P<number>\d{1,3}))?",
        "AXON_Body_3_Video_2026-01-01_0930_X60A12345.mp4",
    ),
    pattern("name:gopro", r"G[HXLS](?P<number>\d\d)(?P<group>\d{4})", "GX010123.MP4"),
    pattern("name:gopro-first", r"GOPR(?P<group>\d{4})", "GOPR0123.MP4"),
    pattern("name:gopro-later", r"GP(?P<number>\d\d)(?P<group>\d{4})", "GP010123.MP4"),
    pattern(
        "name:novatek",
        r"(?P<time>\d{4}_\d{4}_\d{6})(?:_(?P<number>\d{3,6}))?[A-Z]{0,2}",
        "2026_0101_093000_001.MP4",
    ),
    pattern(
        "name:novatek-file",
        r"(?:FILE|REC_?|NO|EV|EMR|PA|LA)(?P<day>\d{6}|\d{8})-(?P<clock>\d{6})(?:-(?P<number>\d{1,6}))?[A-Z]{0,2}",
        "FILE260101-093000-000123F.MP4",
    ),
    pattern(
        "name:day-clock-number",
        r"(?P<day>\d{8})[_-]?(?P<clock>\d{6})(?:_(?P<number>\d{1,6}))?[A-Z]{0,2}",
        "20260101_093000_0007A.MP4",
    ),
    pattern("name:blackvue", r"(?P<day>\d{8})_(?P<clock>\d{6})_[A-Z]{1,2}[FRIO]?", "20260101_093000_NF.mp4"),
    pattern(
        "name:rec",
        r"(?:REC|EVT|MAN|PARK|FRONT|REAR)_(?P<time>\d{4}_?\d\d_?\d\d_\d\d_?\d\d_?\d\d)(?:_[A-Z0-9]{1,4})?",
        "REC_2026_01_01_09_30_00_F.MP4",
    ),
    # https://support.google.com/pixelcamera: a Pixel names its files in UTC.
    pattern(
        "name:pixel",
        r"PXL_(?P<day>\d{8})_(?P<clock>\d{6})\d{3}(?:[.~_][A-Za-z0-9.\-~]{1,24})?",
        "PXL_20260101_013000123.mp4",
        UTC,
    ),
    pattern(
        "name:phone",
        r"(?:VID|VIDEO|IMG|MVIMG|MOV|REC|SCREENSHOT|SCREEN_RECORDING)[_-]?(?P<day>\d{8})[_-]?(?P<clock>\d{6})(?:[_-]?\d{1,6})?(?:_[A-Z0-9]{1,8}){0,2}",
        "VID_20260101_093000.mp4",
    ),
    pattern("name:iso-utc", rf"{_WORD_BEFORE}(?P<time>{_ISO})Z", "2026-01-01T01-30-00Z.mp4", UTC),
    pattern("name:iso", rf"{_WORD_BEFORE}(?P<time>{_ISO})(?:\+08[:-]?00|-\d{{1,3}})?", "2026-01-01 09-30-00.mkv"),
    pattern("name:wechat-camera", r"wx_camera_(?P<unix>\d{13})", "wx_camera_1767231000000.mp4"),
    pattern(
        "name:drone",
        r"DJI_(?P<time>\d{14})_(?P<number>\d{4})(?:_[A-Z])?",
        "DJI_20260101093000_0001_D.MP4",
    ),
    pattern(
        "name:device-officer-day-clock",
        rf"{_DEVICE}_(?P<officer>\d{{6}})_(?P<day>\d{{8}})[_-]?(?P<clock>\d{{6}})(?:[_-](?P<number>\d{{1,6}}))?",
        "DSJ00042_000123_20260101_093000.mp4",
        form="guessed",
    ),
    pattern(
        "name:device-time",
        rf"{_DEVICE}[_-](?P<time>\d{{14}})(?:[_-](?P<number>\d{{1,6}}))?",
        "DSJ00042_20260101093000.mp4",
        form="guessed",
    ),
    pattern(
        "name:device-day-clock",
        rf"{_DEVICE}[_-](?P<day>\d{{8}})[_-](?P<clock>\d{{6}})(?:[_-](?P<number>\d{{1,6}}))?",
        "DSJ00042_20260101_093000.mp4",
        form="guessed",
    ),
)


def claims_from_name(
    name: str,
    own: Sequence[NamePattern] = (),
    is_registered: IsRegistered = lambda code: False,
) -> Claims:
    """What a name says; of its zone few say anything. Folders before the name are ignored.

    `is_registered` is asked about what looks like no device, and never otherwise; what it raises is raised.
    """
    last = name[-4 * LONGEST_NAME :].replace("\\", "/").rsplit("/", 1)[-1]
    if len(last) > LONGEST_NAME:
        return Claims()
    bare = without_marks(last)
    # A bureau's own pattern may be of the mark itself; and what is cut off may have been the name's own first word.
    for written, patterns in ((last, own), (bare, (*own, *PATTERNS)), (last, PATTERNS)):
        for known in patterns:
            found = known.regex.fullmatch(written)
            if found is not None:
                read = gather(read_match(found.groupdict(), known, is_registered))
                return read if known.form == "own" else without_half_days(read, written, time_in(found.groupdict()))
    return Claims()


def without_half_days(read: Claims, name: str, raw: str) -> Claims:
    """`_PM` behind a time says twelve hours more, or how it was recorded (a parked car, by motion): nobody can tell."""
    digits = re.sub(r"\D", "", raw)
    hour = digits[6:8] if len(digits) == 12 and not raw.startswith("20") else digits[8:10]
    if TWELVE_HOURS.search(name) is None or not hour or int(hour) > 12:
        return read
    kept = tuple(claim for claim in read.stated if claim.kind != "started_at")
    times = (Withheld("started_at", raw, claim.source, HALF_OF_THE_DAY) for claim in read.of("started_at"))
    return Claims(kept, (*read.withheld, *times))


def read_match(
    groups: dict[str, str | None], known: NamePattern, is_registered: IsRegistered
) -> Iterator[Claim | Withheld]:
    yield from read_identity(groups, known, is_registered)
    source, number, group, unix = known.source, groups.get("number"), groups.get("group"), groups.get("unix")
    if number or group:
        order: dict[str, str | float] = {"number": int(number or 0)}
        yield Claim("sequence", {**order, "group": group} if group else order, source, "stated")
    if unix:
        yield read_unix(unix, source)
    raw = time_in(groups)
    if raw:
        yield read_time(raw, source, known.zone)


def read_identity(
    groups: dict[str, str | None], known: NamePattern, is_registered: IsRegistered
) -> Iterator[Claim | Withheld]:
    """Device and officer, in capitals as registers have them. Where the device is none, the form is not the one that
    it seemed, and nobody knows what the officer's number counts."""
    device, officer = groups.get("device"), groups.get("officer")
    if known.form != "own":
        device, officer = device and device.upper(), officer and officer.upper()
    believed = not device or known.form == "own" or is_device(device, time_in(groups), known.form, is_registered)
    if device:
        yield Claim("device", device, known.source, "stated") if believed else _no_identity("device", device, known)
    if officer and (not believed or (known.form == "guessed" and officer in time_in(groups)[:8])):
        yield _no_identity("officer", officer, known)
    elif officer:
        yield Claim("officer", officer, known.source, "assumed" if known.form == "guessed" else "stated")


def is_device(word: str, time: str, form: Form, is_registered: IsRegistered) -> bool:
    """A number alone is one where a maker or the standard has it in this place, else where the register knows it."""
    doubtful = is_no_device(word, re.sub(r"\D", "", time)[:8]) or (form == "guessed" and is_bare_number(word))
    return not doubtful or is_registered(word)


def _no_identity(kind: Literal["device", "officer"], word: str, known: NamePattern) -> Withheld:
    return Withheld(kind, word, known.source, NO_IDENTITY)


def time_in(groups: dict[str, str | None]) -> str:
    """As it is written, with what stands between its digits; empty where there is none."""
    return groups.get("time") or "".join(groups.get(part) or "" for part in ("day", "clock"))


def read_time(raw: str, source: str, zone: tzinfo) -> Claim | Withheld:
    digits = re.sub(r"\D", "", raw)
    form = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M" if raw[:2] == "20" and "-" in raw else "%y%m%d%H%M%S"}
    try:
        moment = datetime.strptime(digits, form[len(digits)])  # noqa: DTZ007 - names carry no zone; it is supposed
    except (KeyError, ValueError):
        return Withheld("started_at", raw, source, NO_SUCH_TIME)
    return time_claim("started_at", moment, raw, source, zone)


def read_unix(raw: str, source: str) -> Claim | Withheld:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(raw) * (1 if len(raw) > 10 else 1000))
    return time_claim("started_at", moment, raw, source)
