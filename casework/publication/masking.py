"""Processing before publishing (公开前的适当处理): what speaks of natural persons is masked by rule, then looked at.

A rule masks what it knows; names it is told. What it leaves, two persons look for (docs/publication.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from casework.publication.rule_file import Mask, NameMask

NAME: Final = "name"
"""The code under which a person's name is found, beside those of the masks."""
MOST_SIGNS: Final = 3
# ０１２ＡＢ: as people type them between Chinese signs. Punctuation stays what it is.
_WIDE: Final = {0xFEE0 + sign: sign for sign in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))}


@dataclass(frozen=True)
class Found:
    """Something that a rule masks and that stands in a text. `code`: the mask's, or NAME."""

    code: str
    text: str
    never_kept: bool


@dataclass(frozen=True)
class Masking:
    """All masks that hold for a unit on a day."""

    names: NameMask
    masks: tuple[Mask, ...]

    def mask(self, text: str, names: Sequence[str]) -> str:
        """The text as it may be published."""
        masked = narrowed(text)
        for name in _longest_first(names):
            masked = masked.replace(name, self.masked_name(name))
        for each in self.masks:
            masked = _shown(each, masked)
        return masked

    def masked_name(self, name: str) -> str:
        """张三 → 张某, 张三丰 → 张某某, 欧阳丹 → 欧阳某."""
        compound = len(name) > 2 and name.startswith(self.names.compound)
        family = 2 if compound else 1
        return name[:family] + self.names.shown * min(max(len(name) - family, 1), MOST_SIGNS)

    def find(self, text: str, names: Sequence[str], likely: Sequence[str] = ()) -> tuple[Found, ...]:
        """What has to be masked still, in the order of the rules, each once. `likely`: what reads like a name, and may
        be none."""
        return tuple(dict.fromkeys(self._find(narrowed(text), _longest_first(names), _longest_first(likely))))

    def _find(self, text: str, names: Iterable[str], likely: Iterable[str]) -> Iterator[Found]:
        closed_up = re.sub(r"\s", "", text)
        yield from (Found(NAME, name, True) for name in names if name in closed_up)
        yield from (Found(NAME, name, False) for name in likely if name in closed_up)
        for each in self.masks:
            # What one mask has found is no other's: an identity number may begin as the number of a card does.
            yield from (Found(each.code, match[0], each.never_kept) for match in re.finditer(each.pattern, text))
            text = _shown(each, text)
            if each.never_kept:  # A number is one, with blanks in it, too.
                yield from (Found(each.code, match[0], True) for match in re.finditer(each.pattern, closed_up))
                closed_up = _shown(each, closed_up)


def _shown(mask: Mask, text: str) -> str:
    return re.sub(mask.pattern, lambda _: mask.shown, text)


def narrowed(text: str) -> str:
    return text.translate(_WIDE)


def _longest_first(names: Sequence[str]) -> list[str]:
    """Of one name that begins another the longer goes first. One sign alone is no name that could be looked for."""
    return sorted({name for name in names if len(name) > 1}, key=lambda name: (-len(name), name))
