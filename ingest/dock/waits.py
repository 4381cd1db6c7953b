"""How long a connection waits: an answer is whole in its time or none, and an agent that is stopped waits for nothing.

A limit for each reading alone holds nothing: whoever sends a byte now and then keeps to it for ever. So the time of an
answer, head and body, begins when the request is out, and whatever has come by its end was no answer. Of a body that is
sent so many bytes go in a time, or it is given up as well. To find an address, connect and agree on encryption can take
as long as the system likes: a thread of its own does it, and is left to itself when its time is over.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import httpcore

from ingest.dock.asking import Answer
from ingest.dock.errors import Interrupted

LONGEST_ANSWER_SECONDS = 60.0
"""A server syncs to disk before it answers, and a full station may stand before it in the queue."""

_LOOK_AGAIN_SECONDS = 0.2
# What is nearly there may still come: bytes that are acknowledged are not sent again.
_GRACE_SECONDS = 2.0
_CONNECT_SECONDS = 20.0
_LEAST_SENT_BYTES = 4096
_LEAST_SENT_IN_SECONDS = 60.0
# Encryption takes what it is given whole or not at all.
_TLS_RECORD_BYTES = 16 * 1024

_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Wait:
    """One wait, until `due`, a monotonic time; once `stop` is set no longer than its grace."""

    due: float
    stop: threading.Event
    _grace_ends: float = field(default=math.inf)

    def go_on(self) -> float:
        """Seconds until it is to be looked at again. Raises TimeoutError when it is over, Interrupted."""
        now = time.monotonic()
        if self.stop.is_set() and self._grace_ends == math.inf:
            self._grace_ends = now + _GRACE_SECONDS
        if now >= self._grace_ends:
            raise Interrupted
        if now >= self.due:
            raise TimeoutError("no answer in time")
        return min(_LOOK_AGAIN_SECONDS, self.due - now)


class PatientBackend(httpcore.NetworkBackend):
    """Opens connections that wait no longer than `answer_seconds` for an answer, and not at all once `stop` is set."""

    def __init__(self, answer_seconds: float, stop: threading.Event) -> None:
        self._answer_seconds = answer_seconds
        self._stop = stop
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """As the system does it, in its time."""
        connect = partial(self._system.connect_tcp, host, port, timeout, local_address, socket_options)
        return _Stream(_opened(connect, self._answer_seconds, self._stop), self._answer_seconds, self._stop)


class _Stream(httpcore.NetworkStream):
    """One connection. Whoever uses it, uses it alone. The times it is given by the library are for one call each, and
    say nothing here.
    """

    def __init__(self, opened: httpcore.NetworkStream, answer_seconds: float, stop: threading.Event) -> None:
        self._opened = opened
        self._socket: socket.socket = opened.get_extra_info("socket")
        self._answer_seconds = answer_seconds
        self._stop = stop
        self._answer: _Wait | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._answer is None:
            self._answer = _Wait(time.monotonic() + self._answer_seconds, self._stop)
        receive = partial(self._socket.recv, max_bytes)
        return self._tried(receive, self._answer, httpcore.ReadTimeout, httpcore.ReadError)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._answer = None
        rest = memoryview(buffer)
        largest = _TLS_RECORD_BYTES if isinstance(self._socket, ssl.SSLSocket) else len(rest)
        while rest:
            wait = _Wait(time.monotonic() + _LEAST_SENT_IN_SECONDS, self._stop)
            owed = min(len(rest), _LEAST_SENT_BYTES)
            while owed > 0:
                send = partial(self._socket.send, rest[:largest])
                sent = self._tried(send, wait, httpcore.WriteTimeout, httpcore.WriteError)
                rest, owed = rest[sent:], owed - sent

    def _tried(
        self, attempt: Callable[[], _Result], wait: _Wait, late: type[Exception], broken: type[Exception]
    ) -> _Result:
        while True:
            try:
                seconds = wait.go_on()
            except TimeoutError as error:
                raise late(str(error)) from error
            try:
                self._socket.settimeout(seconds)
                return attempt()
            except TimeoutError:
                continue
            except OSError as error:
                raise broken(str(error)) from error

    def close(self) -> None:
        self._opened.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        agree = partial(self._opened.start_tls, ssl_context, server_hostname, timeout)
        return _Stream(_opened(agree, self._answer_seconds, self._stop), self._answer_seconds, self._stop)

    def get_extra_info(self, info: str) -> Any:
        return self._opened.get_extra_info(info)


def _opened(
    opening: Callable[[], httpcore.NetworkStream], answer_seconds: float, stop: threading.Event
) -> httpcore.NetworkStream:
    """What `opening` gives, in its time; what comes too late is closed. Raises Interrupted, and what it raises."""
    given_up = threading.Event()

    def open_or_close() -> httpcore.NetworkStream:
        stream = opening()
        if given_up.is_set():
            stream.close()
        return stream

    answer = Answer(open_or_close)
    wait = _Wait(time.monotonic() + min(answer_seconds, _CONNECT_SECONDS), stop)
    try:
        while not answer.is_there.wait(wait.go_on()):
            pass
    except BaseException as error:
        given_up.set()
        raise httpcore.ConnectTimeout(str(error)) if isinstance(error, TimeoutError) else error from error
    return answer.read()
