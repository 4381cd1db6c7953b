"""What works on staged bytes is done where they are: on a named ingest node, whose workers are woken by its name.

A task of a node is one word, `custody.seal_due@a`, in the beat's schedule, in what its ear is told, and at the broker,
where each word has a queue of its own (app.py says why). The one box has no name, and its words are plain.
"""

from __future__ import annotations

from collections.abc import Iterable

from api.tasks.queues import Queue, of_task


def is_of_node(task: str) -> bool:
    """Whether it works on staged bytes."""
    return of_task(task).is_of_node


def word_for(task: str, node: str) -> str:
    """The task, and where: nowhere in particular, where it works on no staged bytes."""
    return f"{task}@{node}" if node and is_of_node(task) else task


def read_word(word: str) -> tuple[str, str]:
    """The task, and its node or ''."""
    task, _, node = word.partition("@")
    return task, node


def words_of(queues: Iterable[Queue], node: str) -> list[str]:
    """What a worker of these queues on `node` is woken by."""
    return [word_for(task, node) for queue in queues for task in queue.every]
