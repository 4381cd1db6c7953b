"""The bad link between stations and the archive: cuts, stalls, and lets what was sent first arrive last."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Manner = Literal["plain", "cut", "stall", "late", "refuse"]
PIECE_BYTES = 64 << 10


@dataclass(frozen=True)
class Manners:
    """How one connection behaves, from `after_bytes` sent by the station on.

    cut: both sides are hung up on. stall: nothing moves for `seconds`, then it goes on. late: the station is hung up
    on, and what it had sent reaches the archive only `seconds` later, past what the station sends meanwhile over
    another connection. refuse: hung up on at once.
    """

    manner: Manner
    after_bytes: int = 0
    seconds: float = 0.0


PLAIN = Manners("plain")


class BadLink:
    """A TCP proxy on a loopback port of its own, in a thread of its own. Connections take their manners in turn."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._coming: deque[Manners] = deque()
        self.met: Counter[str] = Counter()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, name="bad link", daemon=True)
        self._thread.start()
        self._started.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def misbehave(self, manners: Manners, connections: int = 1) -> None:
        """The next so many connections have these manners."""
        self._loop.call_soon_threadsafe(self._coming.extend, [manners] * connections)

    def behave(self) -> None:
        self._loop.call_soon_threadsafe(self._coming.clear)

    def cut_all(self) -> None:
        """Hang up on everybody who is connected now."""

        def cut() -> None:
            for writer in list(self._open):
                writer.transport.abort()

        self.met["cut all"] += 1
        self._loop.call_soon_threadsafe(cut)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        try:
            with suppress(OSError):
                await self._connect(reader, writer, self._coming.popleft() if self._coming else PLAIN)
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            self._open.discard(writer)
            writer.transport.abort()

    async def _connect(self, station: asyncio.StreamReader, to_station: asyncio.StreamWriter, manners: Manners) -> None:
        if manners.manner == "refuse":
            self.met["refuse"] += 1
            return
        archive, to_archive = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._open.add(to_archive)
        back = asyncio.create_task(self._carry(archive, to_station))
        try:
            await self._forward(station, to_archive, to_station, manners)
            if manners.manner not in ("cut", "late"):
                await back
        finally:
            back.cancel()
            self._open.discard(to_archive)
            to_archive.transport.abort()

    async def _forward(
        self,
        station: asyncio.StreamReader,
        to_archive: asyncio.StreamWriter,
        to_station: asyncio.StreamWriter,
        manners: Manners,
    ) -> None:
        sent_bytes, behaved = 0, manners.manner == "plain"
        while piece := await station.read(PIECE_BYTES):
            sent_bytes += len(piece)
            if not behaved and sent_bytes > manners.after_bytes:
                behaved = True
                self.met[manners.manner] += 1
                if manners.manner == "cut":
                    return
                if manners.manner == "late":
                    to_station.transport.abort()
                await asyncio.sleep(manners.seconds)
                if manners.manner == "late":
                    to_archive.write(piece)
                    await to_archive.drain()
                    await asyncio.sleep(1.0)  # Whatever the archive makes of it, nobody hears.
                    return
            to_archive.write(piece)
            await to_archive.drain()

    async def _carry(self, archive: asyncio.StreamReader, to_station: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await archive.read(PIECE_BYTES):
                to_station.write(piece)
                await to_station.drain()
        to_station.transport.abort() if to_station.transport.is_closing() else to_station.close()
