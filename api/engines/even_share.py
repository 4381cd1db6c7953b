"""Twins at one listening socket take about as many connections each: whoever has the fewest goes first.

An upload keeps a processor busy for minutes. Left to the kernel, one of two processes took twelve of sixteen, and went
on alone while the other had long had nothing to do: 25 seconds for what takes 17.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import mmap
import os
import socket
from collections.abc import Callable
from contextlib import suppress

import structlog

MOST_TWINS = 64
_ENTRY_BYTES = 8
_NOBODY = -1
# Long enough for a twin on a busy machine to wake up; all that whoever connects loses where it does not.
_STEPPING_BACK_SECONDS = 0.005
# No descriptor or memory is left: it comes back when others hang up.
_PAUSE_SECONDS = 1.0
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = structlog.get_logger()


def open_table() -> int:
    """The descriptor of memory in which twins say how many connections they have; whoever starts them passes it on."""
    descriptor = os.memfd_create("liuhen-connections")
    os.write(descriptor, _NOBODY.to_bytes(_ENTRY_BYTES, "little", signed=True) * MOST_TWINS)
    return descriptor


class ConnectionTable:
    """What one process reads and says there. Its entry is nobody's again when it ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._entries = memoryview(mmap.mmap(descriptor, MOST_TWINS * _ENTRY_BYTES)).cast("q")
        self._own = next(entry for entry in range(MOST_TWINS) if self._take(entry))
        self.say(0)

    def say(self, connections: int) -> None:
        """Tell the twins how many connections this process has."""
        self._entries[self._own] = connections

    def leave(self) -> None:
        """This process takes no more: no twin waits for it."""
        self.say(_NOBODY)

    def somebody_has_fewer(self) -> bool:
        """Whether a twin has fewer connections than this process. One that died counts until its successor is there."""
        return any(_NOBODY < entry < self._entries[self._own] for entry in self._entries)

    def _take(self, entry: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _ENTRY_BYTES, entry * _ENTRY_BYTES)
        except OSError:
            return False
        return True


class Acceptor:
    """Takes connections from a listening socket, one at a time; where a twin has fewer it is let go first.

    `count`: how many connections this process has open. Without a `table` it has no twins.
    """

    def __init__(
        self,
        listener: socket.socket,
        make_protocol: Callable[[], asyncio.Protocol],
        count: Callable[[], int],
        table: ConnectionTable | None,
    ) -> None:
        self._listener = listener
        self._make_protocol = make_protocol
        self._count = count
        self._table = table
        self._loop = asyncio.get_running_loop()
        self._waits: asyncio.TimerHandle | None = None
        self._greeted: set[asyncio.Task[None]] = set()

    def start(self, backlog: int) -> None:
        self._listener.setblocking(False)
        self._listener.listen(backlog)
        self._watch()

    def stop(self) -> None:
        """Take no more. What was taken goes on."""
        self._unwatch()
        if self._waits is not None:
            self._waits.cancel()
        if self._table is not None:
            self._table.leave()

    def _watch(self) -> None:
        self._loop.add_reader(self._listener, self._let_others_go_first)

    def _unwatch(self) -> None:
        self._loop.remove_reader(self._listener)

    def tell_twins(self) -> None:
        """How many connections this process has by now: for whenever some may have ended."""
        if self._table is not None:
            self._table.say(self._count() + len(self._greeted))

    def _let_others_go_first(self) -> None:
        self.tell_twins()
        if self._table is not None and self._table.somebody_has_fewer():
            self._wait(_STEPPING_BACK_SECONDS)
        else:
            self._accept()

    def _wait(self, seconds: float) -> None:
        self._unwatch()
        self._waits = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._waits = None
        self._watch()
        self._accept()

    def _accept(self) -> None:
        try:
            taken, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # A twin has it, or it hung up.
        except OSError as error:
            if error.errno not in _SHORT:
                raise
            log.warning("http.no_room_to_accept", error=error.strerror)
            self._wait(_PAUSE_SECONDS)
            return
        greeting = self._loop.create_task(self._greet(taken))
        self._greeted.add(greeting)
        greeting.add_done_callback(self._greeted.discard)
        self.tell_twins()

    async def _greet(self, taken: socket.socket) -> None:
        with suppress(OSError):
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, taken)
        except OSError:
            taken.close()  # It hung up.
