"""The queues of tasks, and all that follows from which there are: one row each, and nothing of it told elsewhere.

Who takes a queue, how nice to the others, with which secrets; which of its tasks the beat wakes, and how often; where
the tasks are, and what a worker opens once before it takes any. Nothing here needs Celery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from api.settings import Settings


@dataclass(frozen=True)
class Queue:
    """`chinese` and `english` say what its worker does."""

    name: str
    chinese: str
    english: str
    every: Mapping[str, float]
    """Seconds between wake-ups of each task. Whoever finishes an upload wakes custody at once; the beat makes good a
    lost message."""
    niceness: int
    """To other processes, as nice(2) has it.

    A file that has arrived is sealed before others arrive faster. Then comes who waits for a page, and after him who
    waits for a film's first picture: at 12 media got a twenty-fifth of what sealing and HTTP took, and pictures waited
    for minutes; at 9 it gets a twelfth. Last is a film that is being encoded, or that was made to be hard to; but nicer
    than 13 an encoder gets a thirtieth of a busy machine, and who waits for a redacted copy waits long.
    """
    tasks: str = ""
    """Whose module its tasks are in, where it is not its own."""
    opens: str = ""
    """What a worker opens to see that nothing is missing: `module:function` of an archive."""
    processes: Callable[[Settings], int] = field(default=lambda settings: 1)
    goes_with: str = ""
    """On one box: whose worker takes it along. What it asks for takes moments."""
    is_of_node: bool = False
    """Its tasks work on staged bytes, and are done where those are."""
    needs_root: bool = False
    needs: str = ""
    """The setting that names a place: without it there is no such queue, for nobody would take what is sent for it."""
    reaches_replica: bool = False
    pushes: bool = False
    """To the publication platform."""

    @property
    def module(self) -> str:
        return f"api.tasks.{self.tasks or self.name}"

    def is_wanted(self, settings: Settings) -> bool:
        return not self.needs or getattr(settings, self.needs) is not None

    @property
    def process(self) -> str:
        """Its worker's, among those of `liuhen up`."""
        return f"worker-{self.name}"


_TABLE = (
    Queue(
        "custody",
        "封存",
        "custody",
        {"custody.seal_due": 1.0},
        niceness=0,
        opens="api.tasks.custody:open_custody",
        processes=lambda settings: settings.custody_workers,
        is_of_node=True,
        needs_root=True,
    ),
    Queue(
        "staging",
        "暂存整理",
        "staging",
        {"staging.recover_uploads": 10.0, "staging.sweep": 60.0},
        niceness=9,
        goes_with="housekeeping",
        is_of_node=True,
    ),
    Queue(
        "media",
        "播放副本",
        "media",
        {"media.render_due": 1.0},
        niceness=9,
        opens="api.tasks.media:open_rendering",
        processes=lambda settings: settings.media_workers,
        needs_root=True,
    ),
    Queue(
        "encoding",
        "转码",
        "encoding",
        {"encoding.encode_due": 2.0},
        niceness=13,
        tasks="media",
        opens="api.tasks.media:open_rendering",
        processes=lambda settings: settings.encoding_workers,
        needs_root=True,
    ),
    Queue(
        "housekeeping",
        "日常事务",
        "housekeeping",
        {
            "housekeeping.link_new": 2.0,
            "housekeeping.link_left_behind": 3600.0,
            "housekeeping.group_segments": 5.0,
            "housekeeping.group_left_behind": 3600.0,
            "housekeeping.attach_sidecars": 20.0,
            "housekeeping.sum_up_windows": 15.0,
            "housekeeping.sweep_given_up": 60.0,
            "housekeeping.list_disposal_due": 3600.0,
            "housekeeping.forget_disposed_keys": 3600.0,
            "housekeeping.sweep_packages": 600.0,
            "housekeeping.watch_stations": 60.0,
            "housekeeping.push_publications": 15.0,
            "housekeeping.scrub": 1.0,
        },
        niceness=9,
        reaches_replica=True,
        pushes=True,
    ),
    Queue(
        "replica",
        "副本存储",
        "replica",
        {"replica.copy_due": 1.0},
        niceness=9,
        opens="api.replicating:require_replica",
        needs="replica_place",
        reaches_replica=True,
    ),
    Queue(
        "cold",
        "冷存储",
        "cold place",
        {"cold.move_due": 1.0},
        niceness=9,
        opens="api.cooling:require_cold",
        needs="cold_place",
    ),
)
QUEUES: Final[Mapping[str, Queue]] = {each.name: each for each in _TABLE}


def of_task(task: str) -> Queue:
    """`custody.seal_due` is in the queue `custody`. Raises KeyError where there is no such queue."""
    return QUEUES[task.partition(".")[0]]


def taken_along(queue: Queue) -> tuple[Queue, ...]:
    """By its worker on one box: itself, and who goes with it."""
    return (queue, *(each for each in QUEUES.values() if each.goes_with == queue.name))
