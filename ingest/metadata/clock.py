"""Times as devices write them. A device's clock is a claim, and its zone is mostly not written at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from ingest.metadata.claims import Claim, ClaimKind, Withheld

# That of integrity/local_time.py, to the name: this is run inside the sandbox too, where no package but ours lies.
CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
# Recorders are younger than this; a date before it is a clock that lost its battery (1904, 1970, 1980, 2000).
OLDEST: Final = datetime(2001, 1, 1, tzinfo=UTC)
# A clock that shows this or later is broken or lies; and near the end of the calendar every sum of times overflows.
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

CLOCK_UNSET = "clock_never_set"
NO_SUCH_TIME = "no_such_time"
Z_IS_OFTEN_LOCAL = "written as UTC, but many recorders write their local time there"
ZONE_SUPPOSED = "no zone is written; {zone} supposed"


MOMENT: Final = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d:?\d\d.*", re.ASCII | re.DOTALL)


def moment_in(text: str) -> datetime | None:
    """ISO 8601, with its zone or without. None for what is no moment: nor is a day alone, which is not its midnight."""
    text = text.strip()
    try:
        return datetime.fromisoformat(text) if MOMENT.fullmatch(text) else None
    except ValueError:
        return None


def time_claim(kind: ClaimKind, moment: datetime, raw: str, source: str, zone: tzinfo = CHINA) -> Claim | Withheld:
    """A moment without a zone is taken to be in `zone`, and the claim says so: China's, but for makers who write UTC.

    Never raises, and states no time outside OLDEST to LATEST.
    """
    supposed = moment.tzinfo is None
    try:
        utc = (moment.replace(tzinfo=zone) if supposed else moment).astimezone(UTC)
    except OverflowError:  # The years 1 and 9999, moved by a zone.
        return Withheld(kind, raw, source, NO_SUCH_TIME)
    if utc < OLDEST:
        return Withheld(kind, raw, source, CLOCK_UNSET)
    if utc >= LATEST:
        return Withheld(kind, raw, source, NO_SUCH_TIME)
    value = {"time": utc.isoformat().replace("+00:00", "Z")}
    if not supposed:
        return Claim(kind, value, source, "stated")
    name = str(zone)
    return Claim(kind, {**value, "zone": name}, source, "assumed", (ZONE_SUPPOSED.format(zone=name),))
