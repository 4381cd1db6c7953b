"""Outsiders (外单位和个人): who comes, from where, with which identity. The ledger only commits to it."""

from __future__ import annotations

from dataclasses import dataclass

from casework.retrieval.errors import VisitorUnusable
from casework.wording import known_word, optional_name, required_name
from storage.catalog.access import OUTSIDERS


@dataclass(frozen=True)
class Visitor:
    """`who` is a word of OUTSIDERS; `body_name` the organ or law firm; `document` what his identity paper is, with its
    number."""

    who: str
    name: str
    document: str
    body_name: str | None = None

    def checked(self) -> Visitor:
        """Raises WordUnknown, TextUnusable, VisitorUnusable for an organ or a lawyer of no named body."""
        who = known_word("who", self.who, OUTSIDERS)
        body_name = optional_name("body name", self.body_name)
        if body_name is None and who != "party":
            raise VisitorUnusable()
        name, document = required_name("name", self.name), required_name("identity document", self.document)
        return Visitor(who, name, document, body_name)

    @property
    def private(self) -> dict[str, str]:
        """What an entry commits to."""
        body = {} if self.body_name is None else {"body_name": self.body_name}
        return {"visitor_name": self.name, "visitor_document": self.document, **body}
