"""A unit's own patterns of file names, as an administrator writes them: words of the name and fields in braces.

    cz={device:8}-{officer:5}-{day}_{clock}*

They are no regular expressions: what is written here can be matched in one pass, so no name makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ingest.metadata.file_name import ENDING, NamePattern

MOST_PATTERNS: Final = 50
LONGEST_TEMPLATE: Final = 200
LABEL: Final = re.compile(r"\s*(?:([a-z0-9][a-z0-9-]{0,19})\s*=)?(.*)", re.DOTALL)
PIECE: Final = re.compile(r"\{([a-z]+)(?::(\d{1,2}))?\}|([^{}*]+)|(\*)\Z")
# What a field may hold, and how much where no length is written; 0: it has one length alone.
FIELDS: Final = {
    "device": ("[A-Za-z0-9]", 32),
    "officer": ("[A-Za-z0-9]", 32),
    "number": (r"\d", 8),
    "any": ("[A-Za-z0-9]", 32),
    "time": (r"\d{14}", 0),
    "day": (r"\d{8}", 0),
    "clock": (r"\d{6}", 0),
}


class PatternRefused(ValueError):
    """A pattern that cannot be used. Its words say which and why."""


def read_patterns(value: str) -> tuple[NamePattern, ...]:
    """Of a setting: patterns with `;` between, or a file with one a line, `#` before remarks. Raises PatternRefused."""
    lines = read_lines(Path(value)) if value.startswith(("/", "./")) else value.split(";")
    written = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if not written:
        raise PatternRefused("there is no pattern in it")
    if len(written) > MOST_PATTERNS:
        raise PatternRefused(f"more than {MOST_PATTERNS} patterns")
    return tuple(compile_template(line, number) for number, line in enumerate(written, 1))


def read_lines(path: Path) -> Iterable[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PatternRefused(f"{path} cannot be read: {error}") from error


def compile_template(line: str, number: int) -> NamePattern:
    label, template = LABEL.fullmatch(line).groups()  # type: ignore[union-attr]  # it matches any line
    template = template.strip()
    if not 0 < len(template) <= LONGEST_TEMPLATE:
        raise PatternRefused(f"{line[:60]!r}: 1 to {LONGEST_TEMPLATE} letters")
    regex, fields, at = "", [], 0
    while at < len(template):
        piece = PIECE.match(template, at)
        if piece is None:
            raise PatternRefused(f"{template!r}: not understood from {template[at : at + 20]!r} on")
        field, length, words, _ = piece.groups()
        at = piece.end()
        if field is None:
            regex += re.escape(words) if words else r"[^/]{0,100}"
            continue
        if field not in FIELDS or (field != "any" and field in fields):
            why = "twice" if field in fields else f"no such field; there are {', '.join(FIELDS)}"
            raise PatternRefused(f"{template!r}: {{{field}}}: {why}")
        fields.append(field)
        regex += field_regex(template, field, length, template[at : at + 1])
    if not {"device", "officer", "time", "day", "number"} & set(fields) or ("day" in fields) != ("clock" in fields):
        raise PatternRefused(f"{template!r}: says nothing, or only one of {{day}} and {{clock}}")
    return NamePattern(f"name:own-{label or number}", re.compile(regex + ENDING, re.ASCII), template, form="own")


def field_regex(template: str, field: str, length: str | None, after: str) -> str:
    """A field of any length needs a letter after it that it cannot hold itself: then there is one way to match."""
    letters, most = FIELDS[field]
    if not most:
        if length is not None:
            raise PatternRefused(f"{template!r}: {{{field}}} has one length alone")
        return f"(?P<{field}>{letters})"
    if length is not None and not 1 <= int(length) <= most:
        raise PatternRefused(f"{template!r}: {{{field}}} holds 1 to {most} letters")
    if length is None and after and (after in "{*" or after.isalnum()):
        raise PatternRefused(f"{template!r}: {{{field}}} needs a length, or a sign such as _ after it")
    count = length if length is not None else f"1,{most}"
    return f"{letters}{{{count}}}" if field == "any" else f"(?P<{field}>{letters}{{{count}}})"
