"""Small pieces of work, done together for all requests that want one at the time.

A thread for each request costs more than the work: two switches, and with a commit its own wait for the disk; a batch
of one takes nearly as long as one of ten. So what comes while a batch is under way goes with the next one, and who is
in company (company.py) waits some milliseconds for the others. Alone, a request waits for nobody.

What blocks is done by a thread. What only asks somebody else, and can be awaited, stays on the loop.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

from ingest.uploads.company import Company

Asked = TypeVar("Asked")
Given = TypeVar("Given")
_MOST_TOGETHER = 200
_HELD_UP_SECONDS = 0.1
_COMPANY_SECONDS = 0.01
_BATCHERS = 3


class Batcher(ABC, Generic[Asked, Given]):
    """Where one batch is under way."""

    @abstractmethod
    def start(self, asked: Sequence[Asked], done: Callable[[Sequence[Given | BaseException]], None]) -> None:
        """`done` is called on the loop with an answer to each, in order."""


class Gathering(Generic[Asked, Given]):
    """A batcher's work answers each of a batch in order; an exception among its answers is raised to whoever asked.

    One batch is under way at a time; beside one that is held up the next begins. To be called on one event loop.
    A request that is cancelled leaves its work to be done all the same.
    """

    def __init__(self, batchers: Sequence[Batcher[Asked, Given]], company: Company | None = None) -> None:
        """`company`: of those who ask here, after what it was told of before; without one, nobody is waited for."""
        self._free = list(batchers)
        self._waiting: list[tuple[Asked, asyncio.Future[Given]]] = []
        self._running: _Batch[Asked, Given] | None = None
        self._company = company or Company()
        self._company.waits_at(self)
        self._patience: asyncio.TimerHandle | None = None

    async def __call__(self, asked: Asked) -> Given:
        """The answer to one. Raises what the work of its batcher gives or raises for it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Given] = loop.create_future()
        self._waiting.append((asked, future))
        self._start_soon(loop)
        self._company.has_come(self)
        return await future

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def look_again(self) -> None:
        self._start_soon(asyncio.get_running_loop())

    def _start_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """At once if all wait who are expected; else when they do, or in a moment."""
        if self._running is not None or not self._waiting:
            return
        if len(self._waiting) >= self._company.expected(self):
            self._start(loop)
        elif self._patience is None:
            self._patience = loop.call_later(_COMPANY_SECONDS, self._start, loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._running is not None or not self._waiting or not self._free:
            return
        self._company.batch_begins()
        some, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
        batch = self._running = _Batch(loop, self._free.pop(0), some)
        batch.watch = loop.call_later(_HELD_UP_SECONDS, self._overtake, batch)
        try:
            batch.batcher.start([asked for asked, _ in batch.of], partial(self._end, batch))
        except Exception as error:  # no thread is to be had: those who asked are told, and the next may try
            self._end(batch, [error] * len(batch.of))

    def _overtake(self, batch: _Batch[Asked, Given]) -> None:
        """Nobody waits any longer for a batch that is held up."""
        if self._running is batch:
            self._running = None
            self._start(batch.loop)

    def _end(self, batch: _Batch[Asked, Given], answers: Sequence[Given | BaseException]) -> None:
        if batch.watch is None:
            return  # of one that could not be started some may run all the same, once there are threads again
        batch.watch.cancel()
        batch.watch = None
        self._free.append(batch.batcher)
        try:
            for (_, future), answer in zip(batch.of, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, BaseException):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
        finally:
            # Whatever becomes of these: a batch that is under way for ever would keep all others waiting.
            if self._running is batch:
                self._running = None
            self._start_soon(batch.loop)


class _Batch(Generic[Asked, Given]):
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        batcher: Batcher[Asked, Given],
        of: Sequence[tuple[Asked, asyncio.Future[Given]]],
    ) -> None:
        self.loop = loop
        self.batcher = batcher
        self.of = of
        self.watch: asyncio.TimerHandle | None = None


def in_threads(
    work: Callable[[Sequence[Asked]], Sequence[Given | Exception]],
    name: str,
    company: Company | None = None,
    batchers: int = _BATCHERS,
) -> Gathering[Asked, Given]:
    """Of work that blocks: its threads are called `name`-0 and so on."""
    # Each batcher has a queue of its own: threads that wait at one queue wake each other for nothing.
    return Gathering([_ThreadBatcher(work, f"{name}-{number}") for number in range(batchers)], company)


def on_loop(
    work: Callable[[Sequence[Asked]], Awaitable[Sequence[Given | Exception]]],
    company: Company | None = None,
    batchers: int = _BATCHERS,
) -> Gathering[Asked, Given]:
    """Of work that holds nobody up: two switches between threads less."""
    return Gathering([_LoopBatcher(work) for _ in range(batchers)], company)


class _ThreadBatcher(Batcher[Asked, Given]):
    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Given | Exception]], name: str) -> None:
        self._work, self._thread = work, ThreadPoolExecutor(1, name)

    def start(self, asked: Sequence[Asked], done: Callable[[Sequence[Given | BaseException]], None]) -> None:
        self._thread.submit(self._run, asyncio.get_running_loop(), asked, done)

    def _run(
        self,
        loop: asyncio.AbstractEventLoop,
        asked: Sequence[Asked],
        done: Callable[[Sequence[Given | BaseException]], None],
    ) -> None:
        """One call into the loop for all answers, where a future each would take one for each."""
        answers: Sequence[Given | BaseException]
        try:
            answers = _one_each(asked, self._work(asked))
        except BaseException as error:
            answers = [error] * len(asked)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done, answers)


class _LoopBatcher(Batcher[Asked, Given]):
    def __init__(self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Given | Exception]]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None
        """Held here, for the loop itself does not keep a task."""

    def start(self, asked: Sequence[Asked], done: Callable[[Sequence[Given | BaseException]], None]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(asked, done))

    async def _run(self, asked: Sequence[Asked], done: Callable[[Sequence[Given | BaseException]], None]) -> None:
        answers: Sequence[Given | BaseException]
        try:
            answers = _one_each(asked, await self._work(asked))
        except BaseException as error:
            answers = [error] * len(asked)
        done(answers)


def _one_each(asked: Sequence[Asked], answers: Sequence[Given | Exception]) -> Sequence[Given | Exception]:
    """Work that answers more or fewer than asked has answered nobody: whose each is cannot be told."""
    if len(answers) != len(asked):
        raise RuntimeError(f"{len(answers)} answers to {len(asked)} that asked together")
    return answers
