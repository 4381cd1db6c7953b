"""Who is served next: whoever had least of custody's time lately, and nobody in all places."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ingest.sealing.fair_share import HALF_LIFE_SECONDS, FairSemaphore, FairShare, Order

ONE, OTHER, THIRD = (uuid.UUID(int=number) for number in (1, 2, 3))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_whoever_had_more_of_the_time_is_behind_and_the_time_of_a_file_counts_while_it_is_under_way() -> None:
    clock = Clock()
    share = FairShare(3, clock)
    assert share.order() == Order()
    share.begin(ONE)
    share.begin(OTHER)
    clock.now += 1
    share.end(OTHER)
    clock.now += 30
    assert share.order().behind == (OTHER, ONE)
    share.end(ONE)
    share.begin(OTHER)
    clock.now += 60
    assert share.order().behind == (ONE, OTHER)
    share.end(OTHER)


def test_a_station_in_several_lanes_takes_the_time_of_each() -> None:
    clock = Clock()
    share = FairShare(3, clock)
    for station in (ONE, OTHER, OTHER):
        share.begin(station)
    clock.now += 10
    assert share.order().behind == (ONE, OTHER)
    assert share.under_way == 3


def test_what_was_long_ago_is_forgotten() -> None:
    clock = Clock()
    share = FairShare(3, clock)
    share.begin(ONE)
    clock.now += 60
    share.end(ONE)
    clock.now += 10 * HALF_LIFE_SECONDS
    share.begin(OTHER)
    clock.now += 1
    share.end(OTHER)
    assert share.order().behind == (ONE, OTHER)
    clock.now += 20 * HALF_LIFE_SECONDS
    assert share.order() == Order()


def test_nobody_has_more_lanes_than_that() -> None:
    share = FairShare(2)
    share.begin(ONE)
    assert share.order().full == ()
    share.begin(ONE)
    share.begin(OTHER)
    assert share.order().full == (ONE,)
    share.end(ONE)
    assert share.order().full == ()


def test_places_go_to_whoever_has_fewest_and_waited_longest_for_a_turn() -> None:
    places, served, go_on = FairSemaphore(1), [], threading.Event()

    def take(party: uuid.UUID) -> None:
        with places.taken(party):
            served.append(party)
            assert go_on.wait(10)

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(take, ONE)
        wait_until(lambda: served == [ONE])
        for number, party in enumerate((ONE, ONE, ONE, OTHER, THIRD, OTHER), 1):
            pool.submit(take, party)
            wait_until(lambda number=number: places.waiting == number)
        go_on.set()
        first.result()
    assert served == [ONE, OTHER, THIRD, ONE, OTHER, ONE, ONE]


def test_no_more_have_a_place_than_there_are() -> None:
    places, inside, most = FairSemaphore(3), [0], [0]
    guard = threading.Lock()

    def take(number: int) -> None:
        with places.taken(uuid.UUID(int=number % 2)):
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            with guard:
                inside[0] -= 1

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(take, range(60)))
    assert most == [3]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
