"""What left is counted to the byte, at once where little goes on; a crowd's notes go together."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from api.http.playback.sent_notes import SentNotes
from storage.database import Database

ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
ROUND_TRIP_SECONDS = 0.002


class Catalog:
    """Keeps what each statement says, and takes its time."""

    def __init__(self) -> None:
        self.noted: list[Counter[uuid.UUID]] = []

    @asynccontextmanager
    async def direct_soon(self) -> AsyncIterator[Catalog]:
        yield self

    async def run_soon(self, _statement: str, *said: str) -> Sequence[Sequence[str | None]]:
        await asyncio.sleep(ROUND_TRIP_SECONDS)
        windows, sent = (text.strip("{}").replace('"', "").split(",") for text in said)
        batch = Counter({uuid.UUID(window): int(number) for window, number in zip(windows, sent, strict=True)})
        self.noted.append(batch)
        return [("t",)] * len(batch)


async def send(notes: SentNotes, window: uuid.UUID, size_bytes: int) -> None:
    """As an answer that ends does."""
    if notes.add(Counter({window: size_bytes})):
        await notes.write()


def test_one_players_range_is_noted_when_its_answer_ends() -> None:
    async def play() -> None:
        for _ in range(3):
            await send(notes, ONE, 10)
            assert sum(catalog.noted, Counter())[ONE] == 10 * len(catalog.noted)

    catalog = Catalog()
    notes = SentNotes(cast("Database", cast("Any", catalog)))
    asyncio.run(play())
    assert len(catalog.noted) == 3


def test_a_crowds_notes_go_together_and_none_is_lost_or_counted_twice() -> None:
    async def play(window: uuid.UUID) -> None:
        for number in range(100):
            await send(notes, window, number)
            await asyncio.sleep(0.001)

    async def play_all() -> None:
        await asyncio.gather(*(play(window) for window in (ONE, OTHER) * 8))

    catalog = Catalog()
    notes = SentNotes(cast("Database", cast("Any", catalog)))
    asyncio.run(play_all())
    assert sum(catalog.noted, Counter()) == {ONE: 8 * sum(range(100)), OTHER: 8 * sum(range(100))}
    assert len(catalog.noted) < 160, "of sixteen hundred answers"
