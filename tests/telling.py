"""A party is told over HTTP before a penalty: a notice that says what the draft does, its service, what he says to it.

For whatever issues a penalty under the shipped rules of notices: `tell_all` in the ordinary procedure, and
`tell_on_the_spot` in the simple one, in one call each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.casework.notices.told import WORDS


@dataclass
class NoticeWriter:
    """`by`: a caller of the API who works on the case; `heard_by`: the officer who told and heard the party; `film`:
    makes a recording of the case, which shows that he signed, or what he gave up since he was told; its id."""

    by: Any
    case_id: str
    heard_by: str
    film: Callable[[], str]

    @property
    def at(self) -> str:
        return f"/api/v1/cases/{self.case_id}"

    def paper(self, decision: Any, kind: str = "penalty", **other: Any) -> str:
        """A final notice that says what the draft says now; its id."""
        said = decision["versions"][-1]
        fields: dict[str, Any] = {**WORDS, "party": said["party"], "proposed": said["content"]}
        if kind == "hearing":
            fields.pop("violated")
        else:
            fields["days"] = 3
            if said["amount_fen"] is not None:
                fields["amount"] = f"{said['amount_fen'] / 100:.2f}"
        named = "penalty_notice" if kind == "penalty" else "hearing_rights_notice"
        made = self._done(f"{self.at}/documents", kind=named, fields={**fields, **other})
        self._done(f"/api/v1/documents/{made['id']}/final")
        return str(made["id"])

    def tell(self, decision: Any, kind: str = "penalty") -> Any:
        form = {"kind": kind, "document_id": self.paper(decision, kind)}
        return self._done(f"/api/v1/decisions/{decision['id']}/party-notices", **form)

    def serve(self, decision: Any, notice: Any) -> Any:
        return self._done(
            f"{self.at}/services",
            method="in_person",
            served_at=datetime.now(UTC).isoformat(),
            addressee=decision["versions"][-1]["party"],
            receiver="本人",
            document_id=notice["document_id"],
            recording_id=self.film(),
        )

    def try_hear(self, notice: Any, kind: str, *, film: bool = False, content: str | None = None) -> Any:
        shown = {"recording_id": self.film()} if film else {}
        form = self._said(kind, content=content, **shown)
        return self.by.post(f"/api/v1/party-notices/{notice['id']}/replies", json=form)

    def hear(self, notice: Any, kind: str, *, film: bool = False, content: str | None = None) -> Any:
        answer = self.try_hear(notice, kind, film=film, content=content)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def tell_all(self, decision: Any, *, hearing: bool = False) -> None:
        """Told, served, and given up: nothing is missing any more."""
        waived = {"penalty": "statement_waived", **({"hearing": "hearing_waived"} if hearing else {})}
        notices = {kind: self.tell(decision, kind) for kind in waived}
        for notice in notices.values():
            self.serve(decision, notice)
        shown = self.film()
        for kind, reply in waived.items():
            self._done(f"/api/v1/party-notices/{notices[kind]['id']}/replies", **self._said(reply, recording_id=shown))

    def tell_on_the_spot(self, decision: Any) -> None:
        """Told and heard: he has nothing to say."""
        form = {"told_by": self.heard_by, "told_at": datetime.now(UTC).isoformat(), "place": "观音桥步行街"}
        self.hear(self._done(f"/api/v1/decisions/{decision['id']}/party-notices", **form), "statement_waived")

    def _said(self, kind: str, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "said_at": datetime.now(UTC).isoformat(), "heard_by": self.heard_by, **more}

    def _done(self, address: str, **form: Any) -> Any:
        answer = self.by.post(address, json=form)
        assert answer.is_success, answer.text
        return answer.json()
