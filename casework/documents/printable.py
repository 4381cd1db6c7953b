"""Signs that no font of documents has are refused where they are typed: a name must never become an empty box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from casework.documents.errors import SignUnprintable
from casework.documents.fonts import printable_signs
from casework.documents.template_file import Template

_MOVE_TEXT: Final = "\n\t"
"""Which are no signs, but move the text that follows."""


def refuse_unprintable(template: Template, fields: Mapping[str, Any]) -> None:
    """Raises SignUnprintable with the first such sign, and the field in which it stands."""
    for field in template.fields:
        refuse_unprintable_in(field.label_zh, all_text(fields.get(field.name)))


def refuse_unprintable_in(label: str, texts: Iterable[str]) -> None:
    """The same of any texts that a document will show under that name."""
    known = printable_signs()
    for text in texts:
        for sign in text:
            if ord(sign) not in known and sign not in _MOVE_TEXT:
                raise SignUnprintable(label, sign)


def all_text(value: Any) -> list[str]:
    """Every piece of text in a value of JSON."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [each for part in value.values() for each in all_text(part)]
    return [each for part in value for each in all_text(part)] if isinstance(value, list | tuple) else []
