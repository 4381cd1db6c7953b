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
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog

_SPARE_ENTRIES = 8
_ENTRY = struct.Struct("<dq")
"""When it was told, in seconds of the machine's own clock, and how many connections. Never told: long ago."""
# Told ten times a second: whoever has not for so long is dead, stands still, or has not begun or has stopped to take
# connections, and nobody waits for it.
_BELIEVED_SECONDS = 1.0
# Long enough for a twin on a busy machine to wake up; all that whoever connects loses where it does not.
_STEPPING_BACK_SECONDS = 0.005
# Of a crowd that comes at once, more are taken at each turn: evenly they are shared all the same.
_MOST_AT_ONCE = 64
# No descriptor or memory is left: it comes back when others hang up.
_PAUSE_SECONDS = 1.0
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = structlog.get_logger()


@contextmanager
def open_table(twins: int) -> Iterator[int]:
    """The descriptor of memory in which so many say how many connections they have; whoever starts them passes it on,
    and has it as long as the block runs."""
    descriptor = os.memfd_create("liuhen-connections")
    try:
        # One that ends and its successor may both be there for a moment.
        os.ftruncate(descriptor, (twins + _SPARE_ENTRIES) * _ENTRY.size)
        yield descriptor
    finally:
        os.close(descriptor)


class ConnectionTable:
    """What one process reads and says there: to be kept as long as it lives. Its entry is free again when it ends,
    however it ends (and already when this is let go of, for the memory's own descriptor is closed then)."""

    def __init__(self, descriptor: int) -> None:
        """Raises ValueError where there are more processes than the table was made for."""
        self._descriptor = descriptor
        self._memory = mmap.mmap(descriptor, os.fstat(descriptor).st_size)
        own = next((number for number in range(len(self._memory) // _ENTRY.size) if self._take(number)), None)
        if own is None:
            raise ValueError("no entry is free: more processes share the socket than its table was made for")
        self._own = own * _ENTRY.size
        self.leave()

    def say(self, connections: int) -> None:
        """Tell the twins how many connections this process has, and that it takes more."""
        _ENTRY.pack_into(self._memory, self._own, time.monotonic(), connections)

    def leave(self) -> None:
        """This process takes no more: no twin waits for it."""
        _ENTRY.pack_into(self._memory, self._own, -_BELIEVED_SECONDS, 0)

    def somebody_has_fewer(self, connections: int) -> bool:
        """Whether a twin that takes connections has fewer."""
        since = time.monotonic() - _BELIEVED_SECONDS
        return any(told_at > since and told < connections for told_at, told in _ENTRY.iter_unpack(self._memory))

    def _take(self, number: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _ENTRY.size, number * _ENTRY.size)
        except OSError:
            return False
        return True


class Acceptor:
    """Takes connections from a listening socket; where a twin has fewer it is let go first.

    Whoever steps back, and finds that more wait than the twin has taken, takes twice as many as the last time.

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
        self._at_once = 1

    def start(self, backlog: int) -> None:
        self._listener.setblocking(False)
        self._listener.listen(backlog)
        self.tell_twins()
        self._watch()

    async def stop(self) -> None:
        """Take no more. What was taken goes on; all of it is the server's when this returns."""
        self._unwatch()
        if self._waits is not None:
            self._waits.cancel()
        if self._table is not None:
            self._table.leave()
            self._table = None
        if self._greeted:
            await asyncio.wait(self._greeted)

    def _connections(self) -> int:
        return self._count() + len(self._greeted)

    def _watch(self) -> None:
        self._loop.add_reader(self._listener, self._let_others_go_first)

    def _unwatch(self) -> None:
        self._loop.remove_reader(self._listener)

    def tell_twins(self) -> None:
        """How many connections this process has by now: for whenever some may have ended."""
        if self._table is not None:
            self._table.say(self._connections())

    def _let_others_go_first(self) -> None:
        for _ in range(_MOST_AT_ONCE):
            if self._table is not None and self._table.somebody_has_fewer(self._connections()):
                self._wait(_STEPPING_BACK_SECONDS)
                return
            if not self._accept():
                return

    def _wait(self, seconds: float) -> None:
        self._unwatch()
        self._waits = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._waits = None
        self._watch()
        if all(self._accept() for _ in range(self._at_once)):
            self._at_once = min(2 * self._at_once, _MOST_AT_ONCE)
        else:
            self._at_once = 1

    def _accept(self) -> bool:
        """Whether there was one."""
        try:
            taken, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False  # A twin has it, or it hung up.
        except OSError as error:
            if error.errno not in _SHORT:
                raise
            log.warning("http.no_room_to_accept", error=error.strerror)
            self._wait(_PAUSE_SECONDS)
            return False
        greeting = self._loop.create_task(self._greet(taken))
        self._greeted.add(greeting)
        greeting.add_done_callback(self._greeted.discard)
        self.tell_twins()
        return True

    async def _greet(self, taken: socket.socket) -> None:
        with suppress(OSError):
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, taken)
        except OSError:
            taken.close()  # It hung up.
