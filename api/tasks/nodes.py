"""What works on staged bytes is done where they are: on a named ingest node, in a queue of that node's own.

A task of a node is one word, `custody.seal_due@a`, in the beat's schedule and in what its ear is told. The one box has
no name, and its queues and words are plain.
"""

from __future__ import annotations

from api.tasks.queues import Queue, of_task


def is_of_node(task: str) -> bool:
    """Whether it works on staged bytes."""
    return of_task(task).is_of_node


def queue_name(queue: Queue, node: str) -> str:
    """What the queue is called of which `node` takes its work."""
    return f"{queue.name}@{node}" if node and queue.is_of_node else queue.name


def word_for(task: str, node: str) -> str:
    """The task, and where: nowhere in particular, where it works on no staged bytes."""
    return f"{task}@{node}" if node and is_of_node(task) else task


def read_word(word: str) -> tuple[str, str]:
    """The task, and its node or ''."""
    task, _, node = word.partition("@")
    return task, node
