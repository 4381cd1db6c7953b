"""What custody does with a file beside the step that is under way, in a thread of its own."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

_Result = TypeVar("_Result")


@contextmanager
def begun_beside(work: Callable[[], _Result]) -> Iterator[Callable[[], _Result]]:
    """`work` is begun with the block; what is yielded waits for its end, and returns or raises what it came to.

    A block that fails waits for it as well: whoever takes the file up again meets nothing of before. Only a worker that
    is being ended does not, and its process ends what is under way. The thread has the context of its caller: whom
    steps are told to, and what the log says of the upload.
    """
    came_to: Future[_Result] = Future()

    def do() -> None:
        try:
            came_to.set_result(work())
        except BaseException as error:
            came_to.set_exception(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(do,), name="custody-beside", daemon=True)
    thread.start()
    try:
        yield came_to.result
    except Exception:
        thread.join()
        raise
    thread.join()
