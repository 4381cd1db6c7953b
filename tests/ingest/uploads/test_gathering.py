"""Work that is done together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from ingest.uploads.company import Company
from ingest.uploads.gathering import _COMPANY_SECONDS, Batcher, Gathering, in_threads, on_loop


def test_what_comes_while_a_batch_is_under_way_goes_with_the_next():
    batches: list[list[int]] = []
    first_begun, go_on = threading.Event(), threading.Event()

    def work(numbers: Sequence[int]) -> list[int]:
        batches.append(list(numbers))
        if len(batches) == 1:
            first_begun.set()
            go_on.wait(20)
        return [number * 2 for number in numbers]

    async def run() -> list[int]:
        gathering = in_threads(work, "test", batchers=1)
        first = asyncio.ensure_future(gathering(0))
        await asyncio.to_thread(first_begun.wait, 20)
        rest = [asyncio.ensure_future(gathering(number)) for number in range(1, 5)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(first, *rest)

    assert asyncio.run(run()) == [0, 2, 4, 6, 8]
    assert batches == [[0], [1, 2, 3, 4]]


def test_a_batch_that_is_held_up_holds_up_nobody_else():
    go_on = threading.Event()

    def work(numbers: Sequence[int]) -> list[int]:
        if 0 in numbers:
            go_on.wait(20)
        return list(numbers)

    async def run() -> None:
        gathering = in_threads(work, "test")
        first = asyncio.ensure_future(gathering(0))
        await asyncio.sleep(0)
        assert await asyncio.wait_for(gathering(1), 15) == 1
        assert not first.done()
        go_on.set()
        assert await first == 0
        assert await asyncio.gather(*(gathering(number) for number in range(1, 9))) == list(range(1, 9))

    asyncio.run(run())


def test_each_gets_its_own_answer_and_a_failed_batch_fails_all_of_it():
    def work(numbers: Sequence[int]) -> list[int | Exception]:
        if 7 in numbers:
            raise OSError("broken")
        return [ValueError(number) if number % 2 else number for number in numbers]

    async def run() -> list[object]:
        gathering = in_threads(work, "test", batchers=1)
        some = await asyncio.gather(*map(gathering, [0, 1, 2, 3]), return_exceptions=True)
        with pytest.raises(OSError, match="broken"):
            await gathering(7)
        return [*some, await gathering(4)]

    assert list(map(repr, asyncio.run(run()))) == ["0", "ValueError(1)", "2", "ValueError(3)", "4"]


def test_whoever_is_cancelled_leaves_the_others_their_answers():
    begun, go_on, done = threading.Event(), threading.Event(), []

    def work(numbers: Sequence[int]) -> list[int]:
        begun.set()
        go_on.wait(20)
        done.extend(numbers)
        return list(numbers)

    async def run() -> None:
        gathering = in_threads(work, "test", batchers=1)
        leaving, staying = asyncio.ensure_future(gathering(1)), asyncio.ensure_future(gathering(2))
        await asyncio.to_thread(begun.wait, 20)
        leaving.cancel()
        go_on.set()
        assert await staying == 2
        assert await gathering(3) == 3
        assert leaving.cancelled()

    asyncio.run(run())
    assert done == [1, 2, 3]


def test_who_is_in_company_waits_for_the_others_and_whoever_is_alone_waits_for_nobody():
    batches: list[list[int]] = []

    def work(numbers: Sequence[int]) -> list[int]:
        batches.append(list(numbers))
        return list(numbers)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        company = Company()
        first, second = in_threads(work, "first", company), in_threads(work, "second", company)

        async def pass_through(number: int) -> None:
            with company:
                await first(number)
                await second(number)

        started = loop.time()
        for number in range(5):
            await pass_through(number)
        assert batches == [[number] for number in range(5) for _ in range(2)]
        assert loop.time() - started < 5 * _COMPANY_SECONDS, "nobody was there to wait for"
        batches.clear()

        async def come(number: int) -> None:
            for _ in range(number):  # each a turn of the loop after the other
                await asyncio.sleep(0)
            await pass_through(number)

        for _ in range(3):
            await asyncio.gather(*map(come, range(4)))
        # The first of the first four was alone when it came; from then on they go together.
        assert [sorted(batch) for batch in batches[-4:]] == [[0, 1, 2, 3]] * 4
        batches.clear()
        for number in range(20):  # and alone again, it is forgotten within moments that there were others
            await pass_through(number)
        started = loop.time()
        await pass_through(20)
        assert loop.time() - started < _COMPANY_SECONDS

    asyncio.run(run())


def test_nobody_waits_for_longer_than_a_moment_for_who_does_not_come():
    async def run() -> None:
        loop = asyncio.get_running_loop()
        company = Company()
        gathering = in_threads(list, "test", company)
        with company, company, company:  # two of them are at something else
            started = loop.time()
            assert await asyncio.wait_for(gathering(1), 15) == 1
            assert loop.time() - started >= _COMPANY_SECONDS * 0.9

    asyncio.run(run())


def test_what_is_awaited_is_gathered_alike_and_holds_up_nobody():
    batches: list[list[int]] = []

    async def run() -> list[object]:
        go_on = asyncio.Event()

        async def work(numbers: Sequence[int]) -> list[int | Exception]:
            batches.append(list(numbers))
            if 0 in numbers:
                await go_on.wait()
            if 7 in numbers:
                raise OSError("broken")
            return [ValueError(number) if number % 2 else number for number in numbers]

        gathering = on_loop(work)
        first = asyncio.ensure_future(gathering(0))
        await asyncio.sleep(0)
        held_up = [asyncio.ensure_future(gathering(number)) for number in (1, 2)]
        assert list(map(repr, await asyncio.gather(*held_up, return_exceptions=True))) == ["ValueError(1)", "2"]
        assert not first.done()
        go_on.set()
        with pytest.raises(OSError, match="broken"):
            await gathering(7)
        return [await first, await gathering(4)]

    assert asyncio.run(run()) == [0, 4]
    assert batches == [[0], [1, 2], [7], [4]]


@pytest.mark.parametrize("missing", [1, -1])
def test_work_that_answers_too_few_or_too_many_fails_its_batch_and_wedges_nobody(missing):
    def work(numbers: Sequence[int]) -> list[int]:
        return [*numbers, 0][: len(numbers) - missing] if 7 in numbers else list(numbers)

    async def soon(numbers: Sequence[int]) -> list[int]:
        return work(numbers)

    async def run() -> None:
        for gathering in (in_threads(work, "test"), on_loop(soon)):
            for _ in range(5):  # more often than there are lanes
                with pytest.raises(RuntimeError, match="answers to 1 that asked"):
                    await asyncio.wait_for(gathering(7), 15)
                assert await asyncio.wait_for(gathering(1), 15) == 1

    asyncio.run(run())


def test_two_halves_of_a_company_become_one_again_without_waiting_for_each_other_in_vain(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("ingest.uploads.gathering._COMPANY_SECONDS", 60.0)
    batches: list[tuple[str, list[int]]] = []

    def noting(name: str):  # type: ignore[no-untyped-def]
        def work(numbers: Sequence[int]) -> list[int]:
            batches.append((name, sorted(numbers)))
            return list(numbers)

        return work

    async def run() -> None:
        company = Company()
        first = in_threads(noting("first"), "first", company)
        second = in_threads(noting("second"), "second", company)

        async def behind(number: int) -> None:
            with company:
                await first(number)
                await second(number)

        async def ahead(number: int) -> None:
            with company:
                await second(number)

        with company:  # who has not come yet to either
            halves = [*map(ahead, (4, 5, 6)), *map(behind, (1, 2, 3))]
            tasks = [asyncio.ensure_future(half) for half in halves]
            await asyncio.sleep(0)
            assert batches == []
        last = asyncio.ensure_future(behind(0))
        await asyncio.wait_for(asyncio.gather(*tasks, last), 20)

    asyncio.run(run())
    assert batches == [("first", [0, 1, 2, 3]), ("second", [0, 1, 2, 3, 4, 5, 6])]


def test_a_batch_for_which_there_is_no_thread_is_told_so_and_the_next_may_try():
    class Refusing(Batcher[int, int]):
        refuses = True

        def start(self, asked: Sequence[int], done):  # type: ignore[no-untyped-def]
            if self.refuses:
                raise RuntimeError("can't start new thread")
            done(list(asked))

    async def run() -> int:
        batcher = Refusing()
        gathering = Gathering([batcher])
        for _ in range(3):
            with pytest.raises(RuntimeError, match="new thread"):
                await asyncio.wait_for(gathering(1), 15)
        batcher.refuses = False
        return await asyncio.wait_for(gathering(2), 15)

    assert asyncio.run(run()) == 2


def test_a_batch_that_ends_after_all_though_it_could_not_be_started_ends_once():
    ends: list[tuple[list[int], Callable[[Sequence[int | BaseException]], None]]] = []

    class Late(Batcher[int, int]):
        def start(self, asked: Sequence[int], done: Callable[[Sequence[int | BaseException]], None]) -> None:
            ends.append((list(asked), done))
            if len(ends) == 1:  # as an executor does: queued, but there is no thread
                raise RuntimeError("can't start new thread")

    async def run() -> list[int]:
        gathering = Gathering([Late()])
        with pytest.raises(RuntimeError, match="new thread"):
            await asyncio.wait_for(gathering(1), 15)
        late = ends[0][1]
        second = asyncio.ensure_future(gathering(2))
        await asyncio.sleep(0)
        late([1])
        third = asyncio.ensure_future(gathering(3))
        await asyncio.sleep(0)
        assert [asked for asked, _ in ends] == [[1], [2]], "one batcher, one batch at a time"
        ends[1][1]([2])
        ends[2][1]([3])
        return await asyncio.wait_for(asyncio.gather(second, third), 15)

    assert asyncio.run(run()) == [2, 3]


def test_who_comes_further_on_sets_those_free_who_waited_for_him(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingest.uploads.gathering._COMPANY_SECONDS", 60.0)

    async def run() -> None:
        company = Company()
        first, second = in_threads(list, "first", company), in_threads(list, "second", company)
        with company, company:
            behind = asyncio.ensure_future(first(1))
            await asyncio.sleep(0.05)
            assert not behind.done(), "one is here who may still come"
            ahead = asyncio.ensure_future(second(2))
            assert await asyncio.wait_for(behind, 20) == 1
        assert await asyncio.wait_for(asyncio.gather(ahead, second(3)), 20) == [2, 3]

    asyncio.run(run())
