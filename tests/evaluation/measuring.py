"""The linker over one world: how many of those that follow from their data linked themselves, how many wrongly."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.catalog.casework import CaseLink, LinkingDone, LinkQuestion
from storage.database import Database
from tests.casework.linking.due import link_due_recordings
from tests.evaluation.judge import Judge
from tests.evaluation.loading import Loaded, dock, load
from tests.evaluation.shifts import World, make_world


@dataclass(frozen=True)
class Measured:
    """`follows`: the judge names a case, it is the true one, and open; `misled`: it names another. `of_closed`: of a
    case that was closed by then, of which `drawn_away` went to another by themselves.

    A link counts as long as it stands: `wrong` are also those about which somebody is asked meanwhile (`in_question`
    of them), and `linked_that_follow` are none of these.
    """

    seed: int
    recordings: int
    of_a_case: int
    of_closed: int
    drawn_away: int
    follows: int
    misled: int
    linked: int
    right: int
    linked_that_follow: int
    wrong: int
    in_question: int
    outcomes: dict[str, int]
    wrong_by_hardship: dict[str, int]

    @property
    def found(self) -> float:
        return self.linked_that_follow / self.follows

    @property
    def of_all(self) -> float:
        """Of the recordings of a case, whether it follows or not, those that link themselves rightly."""
        return self.right / self.of_a_case

    @property
    def wrongly(self) -> float:
        return self.wrong / max(1, self.linked)

    def __str__(self) -> str:
        return (
            f"seed {self.seed:>4}: {self.recordings} recordings, the case of {self.follows} follows from their data "
            f"(data misleading: {self.misled}); linked themselves: {self.linked_that_follow} of these = "
            f"{100 * self.found:.2f} %; wrong: {self.wrong} of {self.linked} = {100 * self.wrongly:.2f} %; "
            f"of all that are of a case {100 * self.of_all:.1f} % linked themselves rightly"
        )


def measure(database: Database, seed: int, clips: int = 2000, closed_share: float = 0.0) -> Measured:
    """Make the world, enter it, let recorders be docked and the linker look until nothing is due, and compare."""
    world = make_world(seed, clips)
    with database.transaction() as session:
        loaded = load(session, world, closed_share)
    for rows in loaded.dockings(world):
        with database.transaction() as session:
            dock(session, rows)
        looked_at = True
        while looked_at:
            with database.transaction() as session:
                looked_at = bool(link_due_recordings(session, 400))
    with database.reading() as session:
        return compare(session, world, loaded)


def compare(session: Session, world: World, loaded: Loaded) -> Measured:
    judge = Judge(world)
    links, asked = links_of(session, loaded.unit_id)
    numbers = {case_id: number for number, case_id in loaded.cases.items()}
    counts: Counter[str] = Counter()
    hard: Counter[str] = Counter()
    for clip, row in zip(world.clips, loaded.rows, strict=True):
        judged = judge.case_of(clip)
        linked = [numbers[case_id] for case_id in links.get(row["id"], ())]
        right, closed = linked == [clip.case], clip.case in loaded.closed
        counts["of a case"] += clip.case is not None and not closed
        counts["of closed"] += closed
        counts["drawn away"] += closed and bool(linked) and not right
        counts["follows"] += judged is not None and judged == clip.case and not closed
        counts["misled"] += judged is not None and judged != clip.case
        counts["linked"] += bool(linked)
        counts["right"] += right
        counts["both"] += right and row["id"] not in asked and judged == clip.case and not closed
        counts["in question"] += bool(linked) and row["id"] in asked
        if linked and not right:
            counts["wrong"] += 1
            hard.update(clip.hard or {"nothing"})
    return Measured(
        seed=world.seed,
        recordings=len(world.clips),
        of_a_case=counts["of a case"],
        of_closed=counts["of closed"],
        drawn_away=counts["drawn away"],
        follows=counts["follows"],
        misled=counts["misled"],
        linked=counts["linked"],
        right=counts["right"],
        linked_that_follow=counts["both"],
        wrong=counts["wrong"],
        in_question=counts["in question"],
        outcomes=outcomes_of(session, loaded.unit_id),
        wrong_by_hardship=dict(hard),
    )


def links_of(session: Session, unit_id: uuid.UUID) -> tuple[dict[uuid.UUID, list[uuid.UUID]], set[uuid.UUID]]:
    """Cases by recording, of links that stand; and the recordings somebody is asked about."""
    links: dict[uuid.UUID, list[uuid.UUID]] = {}
    standing = select(CaseLink.recording_id, CaseLink.case_id).where(CaseLink.unit_id == unit_id)
    for recording_id, case_id in session.execute(standing.where(CaseLink.ended_at.is_(None))):
        links.setdefault(recording_id, []).append(case_id)
    asked = select(LinkQuestion.recording_id).where(LinkQuestion.unit_id == unit_id, LinkQuestion.answered_at.is_(None))
    return links, set(session.scalars(asked))


def outcomes_of(session: Session, unit_id: uuid.UUID) -> dict[str, int]:
    return dict(Counter(session.scalars(select(LinkingDone.outcome).where(LinkingDone.unit_id == unit_id))))
