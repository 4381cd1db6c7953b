"""What recorders add to the name of a file that was marked as evidence: `IMP_…`, `…_IMP.MP4`, `…_重要.MP4`.

One table for both ends: the station's agent sends what is so named first (ingest/dock/marks.py), and the archive takes
it off before it reads the name, for what is the key evidence must not be the one file without device, officer and time.
"""

from __future__ import annotations

import re
from typing import Final

BEFORE: Final = ("imp", "emr", "emer", "event", "evt", "lock", "sos")
AMID: Final = ("imp",)
AFTER: Final = ("imp", "lock", "sos", "ro", "重要")
AT_THE_START: Final = ("重要",)
"""Without a sign after it."""
BLACKVUE_EVENT: Final = "[0-9]*_[0-9]*_e[fri].*"
"""A letter of the maker's own, which stands where another has its place: the pattern of its names knows it."""

MARKED_NAMES: Final = (
    *(f"{word}[_-]*" for word in BEFORE),
    *(f"*[_-]{word}[_-]*" for word in AMID),
    *(f"*[_-]{word}.*" for word in AFTER),
    BLACKVUE_EVENT,
    *(f"{word}*" for word in AT_THE_START),
)
"""As patterns of whole names (fnmatch), in lower case."""

_COPY: Final = "|".join(
    (
        r" ?\(\d{1,3}\)",  # Windows, browsers, chat programs
        r"~\d{1,3}",  # Android, of a name that is taken
        r" \d{1,2}",  # macOS and its cloud
        r"(?:[ _-]{0,3}的?(?:副本|拷贝|复制)|[ _-]{1,3}(?i:copy))(?: ?\d{1,3})?",
    )
)
COPY_AND_TYPE: Final = rf"(?:{_COPY}){{0,2}}\.[A-Za-z0-9]{{1,5}}"
"""What copying adds, then the type: "clip (1).mp4", "clip - 副本 (2).mp4", "clip~2.jpg", "clip copy 3.mp4"."""


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, words))


_MARK: Final = re.compile(
    rf"^(?:(?:{_any_of(BEFORE)})[_-]|(?:{_any_of(AT_THE_START)})[_-]?)"
    rf"|[_-](?:{_any_of(AMID)})(?=[_-])"
    rf"|[_-](?:{_any_of(AFTER)})(?={COPY_AND_TYPE}\Z)",
    re.IGNORECASE | re.ASCII,
)


def without_marks(name: str) -> str:
    """The name of a file, without folders, as it was before it was marked; the same where it bears no mark."""
    return _MARK.sub("", name)
