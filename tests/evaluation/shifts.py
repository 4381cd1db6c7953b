"""Realistic shifts with known answers: who recorded what for which case, and what files and registers show of it.

The truth is drawn first, then everything that hides it: clocks that are wrong, recorders that were lent, names that say
nothing, cases that overlap. Nothing here knows how linking works; docs/linking.md has the figures. One seed, one world.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
FIRST_DAY = datetime(2026, 3, 2, tzinfo=CHINA)
CITY = (30.15, 114.30)
"""Degrees of latitude and longitude; the district is eight kilometres wide."""
METRES_A_DEGREE = 111_195.0

OFFICERS, SPARES = 24, 6
WRONG_CLOCKS, LENT, NAMELESS, OVERLAPPING, NO_CASE = 0.15, 0.10, 0.10, 0.20, 0.05
SHARES = {
    "wrong clock": WRONG_CLOCKS,
    "lent": LENT,
    "nameless": NAMELESS,
    "overlapping": OVERLAPPING,
    "no case": NO_CASE,
}
SHARES_WITHIN = 0.006
"""One outing has up to 0.7 % of the recordings, and its clock or its loan is that of all of them."""
WITH_RECEIVER, WITH_FIX = 0.45, 0.7
"""Of the recorders, those with a satellite receiver; of their recordings, those that found satellites."""
LENDING_REGISTERED = 0.7
PLACE_STATED, DEVICE_ON_ROSTER = 0.8, 0.7
FROM_THE_SCENE_METRES, RECEIVER_METRES = 60.0, 12.0
"""How far people stand from the scene, and receivers err: one in three does so by more."""
UNSTEADY_SECONDS = 15.0
"""Between the moment a recorder writes down and that of its first frame."""

Span = tuple[datetime, datetime]
Spot = tuple[float, float]


@dataclass(frozen=True)
class Issue:
    """A line of the register: this device was with this officer."""

    device: str
    badge: str
    span: tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Duty:
    """A line of the roster: an assignment as somebody entered it, rounded to five minutes."""

    case: int
    badge: str
    device: str | None
    span: Span
    spot: Spot | None


@dataclass(frozen=True)
class Clip:
    """A recording as its file and station say. The truth: `case` (None: of no case), `device`, `badge` of who had it,
    `outing` (one shift of one recorder), `offset` of its clock, and why it is hard.

    `shown` is what the recorder's clock said at the start, `fix` what the satellites said, `zoned` whether the clock in
    the tags is true UTC or local time with a Z.
    """

    case: int | None
    device: str
    badge: str
    outing: int
    offset: timedelta
    true_start: datetime
    seconds: float
    name: str
    said_device: str | None
    shown: datetime
    zoned: bool
    received_at: datetime
    fix: datetime | None
    spot: Spot | None
    hard: frozenset[str]

    @property
    def named(self) -> bool:
        """Whether the file's name has the recorder and the time."""
        return "nameless" not in self.hard


@dataclass
class World:
    seed: int
    badges: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    cases: int = 0

    def share(self, word: str) -> float:
        return sum(word in clip.hard for clip in self.clips) / len(self.clips)


@dataclass(frozen=True)
class Visit:
    """What really happened: two officers at work on a case at a place."""

    case: int
    span: Span
    spot: Spot
    overlaps: bool


@dataclass(frozen=True)
class Recorder:
    """What an officer carries today. `programmed`: the officer's number it writes into names; `offset` its clock's."""

    code: str
    badge: str
    outing: int
    programmed: str | None
    receiver: bool
    offset: timedelta
    on_roster: str
    lent: bool


def make_world(seed: int, clips: int = 2000) -> World:
    """A bureau at work, day after day, until there are so many recordings: drawn anew until each hardship has its
    share of them. Of fewer than 1,000 the shares are left to chance."""
    chance = random.Random(seed)
    while True:
        world = draw_world(chance, seed, clips)
        if clips < 1000 or all(abs(world.share(word) - share) <= SHARES_WITHIN for word, share in SHARES.items()):
            return world


def draw_world(chance: random.Random, seed: int, clips: int) -> World:
    world = World(seed)
    world.badges = [f"31{chance.randrange(100):02}{number:02}" for number in range(OFFICERS)]
    world.devices = [f"AB{chance.randrange(100):02}{number:03}" for number in range(OFFICERS + SPARES)]
    days = _Days(chance, world)
    while len(world.clips) < clips:
        days.work()
    del world.clips[clips:]
    days.close_register()
    return world


class _Days:
    """Draws one day after the other."""

    def __init__(self, chance: random.Random, world: World) -> None:
        self.chance, self.world, self.day = chance, world, FIRST_DAY
        self.receivers = {code: chance.random() < WITH_RECEIVER for code in world.devices}
        self.zoned = {code: chance.random() < 0.5 for code in world.devices}
        self.offsets: dict[str, tuple[timedelta, int]] = {}
        self.held: dict[str, list[tuple[str, Span]]] = {code: [] for code in world.devices}
        self.former: list[tuple[int, Spot]] = []
        self.counts: Counter[str] = Counter()
        self.outings = 0

    def work(self) -> None:
        order = self.chance.sample(range(OFFICERS), OFFICERS)
        pairs = [(order[at], order[at + 1]) for at in range(0, 16, 2)]
        free = [self.world.devices[number] for number in order[16:]] + self.world.devices[OFFICERS:]
        for pair in pairs:
            self.work_shift(pair, free)
        self.day += timedelta(days=1)

    def work_shift(self, pair: tuple[int, int], free: list[str]) -> None:
        begins = self.day + timedelta(hours=self.chance.choice((8, 14)), minutes=self.chance.randrange(30))
        visits = list(self.visits(begins))
        ends = visits[-1].span[1] + timedelta(minutes=self.chance.uniform(15, 60))
        for number in pair:
            recorder = self.take_recorder(number, free, (begins - timedelta(minutes=30), ends))
            self.enter_roster(number, recorder, visits)
            self.record(recorder, visits, begins, ends + timedelta(minutes=self.chance.uniform(2, 40)))

    def due(self, word: str, target: float) -> bool:
        """By chance, and the likelier the more the share has fallen behind: each world is as hard as the next."""
        behind = target - self.counts[word] / max(1, len(self.world.clips))
        return self.chance.random() < target * 0.7 + 10 * behind

    def visits(self, begins: datetime) -> Iterator[Visit]:
        """One after the other, with the way between; now and then two at once, next door or in the same street."""
        now, chance = begins + timedelta(minutes=self.chance.uniform(15, 45)), self.chance
        while now < begins + timedelta(hours=6.5):
            length = timedelta(minutes=chance.uniform(25, 80))
            case, spot = self.choose_case()
            double = self.due("overlapping", OVERLAPPING)
            yield Visit(case, (now, now + length), spot, double)
            if double:
                later = now + length * chance.uniform(0, 0.6)
                beside = moved(spot, chance.uniform(20, 1500), chance.uniform(0, 2 * math.pi))
                length = timedelta(minutes=chance.uniform(25, 80))
                yield Visit(self.open_case(beside), (later, later + length), beside, True)
                now = later
            now = now + length + timedelta(minutes=chance.uniform(8, 40))

    def choose_case(self) -> tuple[int, Spot]:
        """A new one, or another visit to one of before."""
        if self.former and self.chance.random() < 0.2:
            return self.chance.choice(self.former[-60:])
        spot = moved(CITY, 4000 * math.sqrt(self.chance.random()), self.chance.uniform(0, 2 * math.pi))
        return self.open_case(spot), spot

    def open_case(self, spot: Spot) -> int:
        self.world.cases += 1
        self.former.append((self.world.cases, spot))
        return self.world.cases

    def take_recorder(self, number: int, free: list[str], shift: Span) -> Recorder:
        """Mostly one's own; now and then a colleague's who is off duty, or a spare one."""
        chance, badge, own = self.chance, self.world.badges[number], self.world.devices[number]
        code, programmed, lent = own, badge, False
        if free and self.due("lent", LENT):
            code, lent = free.pop(chance.randrange(len(free))), True
            owner = self.world.devices.index(code)
            reprogrammed = badge if chance.random() < 0.4 else None
            programmed = reprogrammed or (self.world.badges[owner] if owner < OFFICERS else "")
            if chance.random() < LENDING_REGISTERED:
                self.held[code].append((badge, shift))
        on_roster = code if lent and chance.random() < 0.4 else own
        self.outings += 1
        return Recorder(
            code, badge, self.outings, programmed or None, self.receivers[code], self.offset_of(code), on_roster, lent
        )

    def offset_of(self, code: str) -> timedelta:
        """A flat battery, or a hand at the clock: wrong until somebody puts it right, one to three days later."""
        offset, days = self.offsets.get(code, (timedelta(0), 0))
        if days == 0:
            offset = timedelta(0)
            if self.due("wrong clock", WRONG_CLOCKS):
                seconds = math.exp(self.chance.uniform(math.log(180), math.log(86_400)))
                offset = timedelta(seconds=seconds if self.chance.random() < 0.25 else -seconds)
                days = self.chance.choice((1, 2, 3))
        self.offsets[code] = (offset, max(0, days - 1))
        return offset

    def enter_roster(self, number: int, recorder: Recorder, visits: list[Visit]) -> None:
        for visit in visits:
            device = recorder.on_roster if self.chance.random() < DEVICE_ON_ROSTER else None
            spot = visit.spot if self.chance.random() < PLACE_STATED else None
            span = (floor5(visit.span[0]), floor5(visit.span[1]) + timedelta(minutes=5))
            self.world.duties.append(Duty(visit.case, self.world.badges[number], device, span, spot))

    def record(self, recorder: Recorder, visits: list[Visit], begins: datetime, received_at: datetime) -> None:
        for visit in visits:
            for _ in range(self.chance.choice((1, 1, 2, 2, 3))):
                begun, seconds = self.place_clip(visit.span)
                where = moved(
                    visit.spot,
                    FROM_THE_SCENE_METRES * abs(self.chance.gauss(0, 1)),
                    self.chance.uniform(0, 2 * math.pi),
                )
                hard = {"overlapping"} if visit.overlaps else set()
                self.keep(recorder, visit.case, begun, seconds, where, received_at, hard)
                while self.due("no case", NO_CASE):
                    self.record_nothing_much(recorder, visits, begins, received_at)

    def record_nothing_much(
        self, recorder: Recorder, visits: list[Visit], begins: datetime, received_at: datetime
    ) -> None:
        """On the way, in a break, by mistake: whenever nobody was at work on a case."""
        seconds, taken = self.chance.uniform(5, 240), True
        while taken:
            begun = begins + timedelta(minutes=self.chance.uniform(-20, 400))
            until = begun + timedelta(seconds=seconds)
            at_work = any(begun < visit.span[1] and until > visit.span[0] for visit in visits)
            taken = at_work or until > received_at
        where = moved(CITY, 4000 * math.sqrt(self.chance.random()), self.chance.uniform(0, 2 * math.pi))
        self.keep(recorder, None, begun, seconds, where, received_at, {"no case"})

    def place_clip(self, span: Span) -> tuple[datetime, float]:
        """Within the visit, whole."""
        whole = (span[1] - span[0]).total_seconds()
        seconds = min(self.chance.uniform(40, 900), whole)
        return span[0] + timedelta(seconds=self.chance.uniform(0, whole - seconds)), round(seconds, 2)

    def keep(
        self,
        recorder: Recorder,
        case: int | None,
        begun: datetime,
        seconds: float,
        where: Spot,
        received_at: datetime,
        hard: set[str],
    ) -> None:
        chance = self.chance
        fixed = recorder.receiver and chance.random() < WITH_FIX
        shown = begun + recorder.offset + timedelta(seconds=chance.uniform(-UNSTEADY_SECONDS, UNSTEADY_SECONDS))
        nameless = self.due("nameless", NAMELESS)
        hard |= {"wrong clock"} if recorder.offset else set()
        hard |= {"lent"} if recorder.lent else set()
        hard |= {"nameless"} if nameless else set()
        clip = Clip(
            case=case,
            device=recorder.code,
            badge=recorder.badge,
            outing=recorder.outing,
            offset=recorder.offset,
            true_start=begun,
            seconds=seconds,
            name=f"MOV{chance.randrange(10_000):04}.MP4" if nameless else file_name(recorder, shown),
            said_device=recorder.code if nameless and chance.random() < 0.5 else None,
            shown=shown.replace(microsecond=0),
            zoned=self.zoned[recorder.code],
            received_at=received_at,
            fix=begun.replace(microsecond=0) if fixed else None,
            spot=moved(where, abs(chance.gauss(0, RECEIVER_METRES)), chance.uniform(0, 2 * math.pi)) if fixed else None,
            hard=frozenset(hard),
        )
        self.world.clips.append(clip)
        self.counts.update(clip.hard)

    def close_register(self) -> None:
        """Each device is its owner's but for the days on which it was lent and that was written down."""
        for number, code in enumerate(self.world.devices):
            owner = self.world.badges[number] if number < OFFICERS else None
            since = FIRST_DAY - timedelta(days=90)
            for badge, (start, end) in self.held[code]:
                if owner is not None and since < start:
                    self.world.issues.append(Issue(code, owner, (since, start)))
                self.world.issues.append(Issue(code, badge, (start, end)))
                since = end
            if owner is not None:
                self.world.issues.append(Issue(code, owner, (since, None)))


def file_name(recorder: Recorder, shown: datetime) -> str:
    """As GA/T 947 has it; a recorder nobody was entered into leaves the officer out."""
    stamp = shown.astimezone(CHINA).strftime("%Y%m%d%H%M%S")
    return "_".join(part for part in (recorder.code, recorder.programmed, stamp) if part) + ".MP4"


def floor5(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute - moment.minute % 5, second=0, microsecond=0)


def moved(spot: Spot, metres: float, bearing: float) -> Spot:
    north, east = metres * math.cos(bearing), metres * math.sin(bearing)
    latitude = spot[0] + north / METRES_A_DEGREE
    return latitude, spot[1] + east / (METRES_A_DEGREE * math.cos(math.radians(spot[0])))


def metres_between(one: Spot, other: Spot) -> float:
    north = (one[0] - other[0]) * METRES_A_DEGREE
    east = (one[1] - other[1]) * METRES_A_DEGREE * math.cos(math.radians((one[0] + other[0]) / 2))
    return math.hypot(north, east)
