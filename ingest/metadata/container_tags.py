"""What a video's own tags claim, as ffprobe read them inside the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ingest.metadata.claims import Claim, Claims, Withheld, gather
from ingest.metadata.clock import NO_SUCH_TIME, Z_IS_OFTEN_LOCAL, moment_in, time_claim
from ingest.metadata.location import location_from_iso6709
from ingest.metadata.points import POOR_PRECISION, WORST_ERROR_METRES
from ingest.metadata.times import AT_THE_END

QUICKTIME = "com.apple.quicktime."
# MP4's ©xyz comes as "location" and again with a language; Apple and Android have keys of their own.
LOCATION_TAGS = ("location", f"{QUICKTIME}location.iso6709")
ERROR_TAG = f"{QUICKTIME}location.accuracy.horizontal"
TIME_ALONE = re.compile(r"(\d\d)[-_:. ](\d\d)[-_:. ](\d\d)", re.ASCII)
DAY_ALONE = re.compile(r"(\d{4})[-_:./ ](\d\d)[-_:./ ](\d\d)", re.ASCII)
MAKER_TAGS = ("make", f"{QUICKTIME}make", "com.android.manufacturer")
MODEL_TAGS = ("model", f"{QUICKTIME}model", "com.android.model")


class Tagged(Protocol):
    @property
    def tags(self) -> Mapping[str, str]: ...


class TaggedStream(Tagged, Protocol):
    @property
    def index(self) -> int: ...


class TaggedFile(Tagged, Protocol):
    """As much as is wanted here of Findings (ingest/media/findings.py), which know claims themselves."""

    @property
    def streams(self) -> Sequence[TaggedStream]: ...


def claims_from_tags(findings: TaggedFile) -> Claims:
    """Tags of the container, then of each stream: a claim made twice is kept once, with its first source."""
    found: list[Claim | Withheld] = list(read_tags(findings.tags, "tag"))
    for stream in findings.streams:
        for item in read_tags(stream.tags, f"tag:stream{stream.index}"):
            if not any(is_same(item, earlier) for earlier in found):
                found.append(item)
    return gather(found)


def is_same(one: Claim | Withheld, other: Claim | Withheld) -> bool:
    if isinstance(one, Claim) and isinstance(other, Claim):
        return (one.kind, one.value) == (other.kind, other.value)
    if isinstance(one, Withheld) and isinstance(other, Withheld):
        return (one.kind, one.raw) == (other.kind, other.raw)
    return False


def read_tags(tags: Mapping[str, str], source: str) -> Iterator[Claim | Withheld]:
    known = {name.lower(): value for name, value in tags.items()}
    for name in LOCATION_TAGS:
        if known.get(name):
            place = location_from_iso6709(known[name], f"{source}:{name}")
            vague = isinstance(place, Claim) and error_metres(known) > WORST_ERROR_METRES
            yield Withheld("location", known[name], place.source, POOR_PRECISION) if vague else place
    android = any(name.startswith("com.android.") for name in known)
    for name in ("creation_time", f"{QUICKTIME}creationdate"):
        if known.get(name):
            # A broadcast wave file has the day and the time apart (EBU Tech 3285: OriginationDate, OriginationTime).
            day, clock = DAY_ALONE.fullmatch(known.get("date", "")), TIME_ALONE.fullmatch(known[name])
            said = f"{'-'.join(day.groups())} {':'.join(clock.groups())}" if day and clock else known[name]
            read = read_time(said, f"{source}:{name}")
            # Android closes the file, and dates it, as recording stops.
            yield read._replace(notes=(*read.notes, AT_THE_END)) if android and isinstance(read, Claim) else read
    maker = next((known[name] for name in MAKER_TAGS if known.get(name)), "")
    model = next((known[name] for name in MODEL_TAGS if known.get(name)), "")
    if maker or model:
        yield Claim("device", f"{maker} {model}".strip(), f"{source}:make+model", "stated")


def error_metres(known: Mapping[str, str]) -> float:
    """Apple's word on how far its place may be off; 0 where there is none."""
    try:
        return float(known.get(ERROR_TAG, "0"))
    except ValueError:
        return 0.0


def read_time(raw: str, source: str) -> Claim | Withheld:
    """creation_time always carries a Z (ISO/IEC 14496-12, 8.2.2: UTC), and often it is local time all the same."""
    moment = moment_in(raw)
    if moment is None:
        return Withheld("clock", raw, source, NO_SUCH_TIME)
    claim = time_claim("clock", moment, raw, source)
    if isinstance(claim, Claim) and raw.strip().endswith("Z"):
        return claim._replace(confidence="doubtful", notes=(Z_IS_OFTEN_LOCAL,))
    return claim
