"""Questions to several sources at once, each by a thread of its own: what does not answer keeps nobody waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

_PROMPT_SECONDS = 1.0

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Answer(Generic[_Value]):
    """Asked for as soon as it is made; there once `is_there` is set."""

    def __init__(self, ask: Callable[[], _Value]) -> None:
        self._ask = ask
        self._values: list[_Value] = []
        self._error: BaseException | None = None
        self.is_there = threading.Event()
        threading.Thread(target=self._run, name="dock-ask", daemon=True).start()

    def read(self) -> _Value:
        """Of one that is there. Raises what asking raised."""
        if self._error is not None:
            raise self._error
        return self._values[0]

    def _run(self) -> None:
        try:
            self._values.append(self._ask())
        except BaseException as error:
            self._error = error
        finally:
            self.is_there.set()


class Questions(Generic[_Key, _Value]):
    """Those under way, one a key. For one thread."""

    def __init__(self) -> None:
        self._under_way: dict[_Key, Answer[_Value]] = {}

    def ask(self, questions: Mapping[_Key, Callable[[], _Value]]) -> Mapping[_Key, Answer[_Value]]:
        """The answers that are there. What is not answered at once goes on, and is not waited for again: its answer is
        given when it is asked for anew. Of keys that are not asked for none is.
        """
        former = {key: answer for key, answer in self._under_way.items() if key in questions}
        new = {key: Answer(ask) for key, ask in questions.items() if key not in former}
        late = time.monotonic() + _PROMPT_SECONDS
        for answer in new.values():
            answer.is_there.wait(max(0.0, late - time.monotonic()))
        asked = former | new
        there = {key: answer for key, answer in asked.items() if answer.is_there.is_set()}
        self._under_way = {key: answer for key, answer in asked.items() if key not in there}
        return there
