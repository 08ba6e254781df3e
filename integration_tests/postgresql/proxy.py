"""A proxy for PostgreSQL: counts the round trips of its clients, slows them down, or pools them.

As a pooler in transaction mode it gives a client another server connection after *every* transaction, which no real
pooler does that often: what a client leaves on a connection is met by somebody else at once.

    with Proxy(server.host, server.port, pool=2) as proxy:
        ...  # clients connect to proxy.host and proxy.port

``python proxy.py HOST PORT [--pool N] [--delay SECONDS]`` runs one for other processes, and prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import secrets
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

SSL, GSS, CANCEL = 80877103, 80877104, 80877102
IDLE = b"I"


@dataclass
class Server:
    """A connection to the server, for those who log in as one role to one database."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytes
    key: bytes


@dataclass
class Pool:
    """The server connections that clients share out between them."""

    size: int
    servers: list[Server] = field(default_factory=list)
    free: list[Server] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)


class Client:
    """What a client of the pool has sent and nobody has taken yet."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        """Begin with nothing."""
        self.writer = writer
        self.frames: deque[tuple[bytes, bytes]] = deque()
        self.gone = False
        self._came = asyncio.Event()

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Take in what the client sends, until it goes."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while (frame := await _frame(reader))[0] != b"X":
                self.frames.append(frame)
                self._came.set()
        self.gone = True
        self._came.set()

    async def wait(self) -> None:
        """Wait for a frame, or for the client to go."""
        while not self.frames and not self.gone:
            self._came.clear()
            await self._came.wait()


class Proxy:
    """Listens on a free port of this machine, in a thread of its own.

    Attributes:
        trips: how often a client has waited for the server: its answers to queries and synchronisations.
        messages: the texts of queries and of statements to parse, in the order in which they came.
    """

    host = "127.0.0.1"

    def __init__(self, host: str, port: int, *, pool: int = 0, delay: float = 0.0) -> None:
        """Prepare a proxy.

        Args:
            host: where the server is.
            port: where the server is.
            pool: how many server connections all clients share; 0 gives each its own.
            delay: seconds that a round trip takes longer.
        """
        self.port = 0
        self.trips = 0
        self.messages: list[str] = []
        self._server = (host, port)
        self._size = pool
        self._delay = delay
        self._pools: dict[bytes, Pool] = {}
        self._cancel: dict[bytes, Server] = {}
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def counting(self) -> Iterator[list[int]]:
        """Count the round trips of a block; they stand in the list when it is over."""
        before, counted = self.trips, []
        yield counted
        counted.append(self.trips - before)

    async def listen(self) -> None:
        """Listen in the running loop."""
        self._listener = await asyncio.start_server(self._welcome, self.host, 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._listener.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        for pool in self._pools.values():
            for server in pool.servers:
                server.writer.close()
        await asyncio.sleep(0)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                (size,) = struct.unpack("!i", await reader.readexactly(4))
                body = await reader.readexactly(size - 4)
                (code,) = struct.unpack("!i", body[:4])
                if code not in {SSL, GSS}:
                    break
                writer.write(b"N")
            if code == CANCEL:
                await self._pass_cancel_on(body)
            elif self._size:
                await self._pooled(reader, writer, body)
            else:
                await self._own(reader, writer, body)
        with suppress(ConnectionError):
            writer.close()

    # A server connection for each client

    async def _own(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, startup: bytes) -> None:
        server = await asyncio.open_connection(*self._server)
        server[1].write(struct.pack("!i", len(startup) + 4) + startup)
        up = asyncio.create_task(self._forward(reader, server[1], self._note))
        down = asyncio.create_task(self._forward(server[0], writer, self._count))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            server[1].close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: object) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, frame = await _frame(reader)
                look(kind, frame)  # type: ignore[operator]
                if self._delay and not reader._buffer:  # type: ignore[attr-defined]  # the end of what was sent at once
                    await asyncio.sleep(self._delay / 2)
                writer.write(frame)

    # A pool in transaction mode

    async def _pooled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, startup: bytes) -> None:
        pool = await self._pool_for(startup)
        fake = secrets.token_bytes(8)  # who asks for it gets a number that is no process of the server
        writer.write(pool.servers[0].greeting + b"K" + struct.pack("!i", 12) + fake + _ready())
        client = Client(writer)
        reading = asyncio.create_task(client.read(reader))
        last = None
        try:
            while True:
                await client.wait()
                if client.gone:
                    return
                server = last = await self._take(pool, other_than=last)
                self._cancel[fake] = server
                whole = False
                try:
                    whole = await self._transaction(client, server)
                finally:
                    self._cancel.pop(fake, None)
                    await (self._give_back(pool, server) if whole else self._replace(pool, server, startup))
        finally:
            reading.cancel()

    async def _transaction(self, client: Client, server: Server) -> bool:
        """Serve a client until its transaction is over; False: the client went away inside of it."""
        asked = answered = 0
        over = False

        async def up() -> None:
            nonlocal asked
            while True:
                await client.wait()
                if over or client.gone:
                    return  # what came belongs to the next transaction
                kind, frame = client.frames.popleft()
                asked += kind in {b"Q", b"S", b"F"}
                self._note(kind, frame)
                server.writer.write(frame)

        upwards = asyncio.create_task(up())
        try:
            while True:
                answer = asyncio.create_task(_frame(server.reader))
                await asyncio.wait(
                    {answer, upwards} - ({upwards} if upwards.done() else set()), return_when="FIRST_COMPLETED"
                )
                if client.gone:
                    answer.cancel()
                    return False
                kind, frame = await answer
                self._count(kind, frame)
                if kind == b"Z":
                    answered += 1
                    over = frame[5:6] == IDLE and asked == answered  # before the client can know
                    if self._delay:
                        await asyncio.sleep(self._delay)
                client.writer.write(frame)
                if over:
                    return True
        finally:
            upwards.cancel()

    async def _pool_for(self, startup: bytes) -> Pool:
        pool = self._pools.get(startup)
        if pool is None:
            pool = self._pools[startup] = Pool(self._size)
            async with pool.changed:
                for _ in range(self._size):
                    server = await self._connect(startup)
                    pool.servers.append(server)
                    pool.free.append(server)
        async with pool.changed:  # whoever came first may still be connecting
            return pool

    async def _take(self, pool: Pool, *, other_than: Server | None) -> Server:
        def others() -> list[Server]:
            return [each for each in pool.free if each is not other_than]

        async with pool.changed:
            await pool.changed.wait_for(others)
            server = others()[0]
            pool.free.remove(server)
            return server

    async def _give_back(self, pool: Pool, server: Server) -> None:
        async with pool.changed:
            pool.free.append(server)
            pool.changed.notify_all()

    async def _replace(self, pool: Pool, server: Server, startup: bytes) -> None:
        server.writer.close()
        pool.servers.remove(server)
        fresh = await self._connect(startup)
        pool.servers.append(fresh)
        await self._give_back(pool, fresh)

    async def _connect(self, startup: bytes) -> Server:
        reader, writer = await asyncio.open_connection(*self._server)
        writer.write(struct.pack("!i", len(startup) + 4) + startup)
        greeting, key = b"", b""
        while True:
            kind, frame = await _frame(reader)
            if kind == b"K":
                key = frame[5:]
            elif kind == b"Z":
                return Server(next(self._numbers), reader, writer, greeting, key)
            elif kind == b"E":
                raise ConnectionRefusedError(frame[5:].decode(errors="replace"))
            else:
                greeting += frame

    async def _pass_cancel_on(self, body: bytes) -> None:
        server = self._cancel.get(body[4:])
        if server is not None or not self._size:
            if server is not None:
                body = body[:4] + server.key
            _, writer = await asyncio.open_connection(*self._server)
            writer.write(struct.pack("!i", len(body) + 4) + body)
            await writer.drain()
            writer.close()

    def _note(self, kind: bytes, frame: bytes) -> None:
        if kind == b"Q":
            self.messages.append(frame[5:-1].decode())
        elif kind == b"P":
            self.messages.append(frame[5:].split(b"\0")[1].decode())

    def _count(self, kind: bytes, _frame: bytes) -> None:
        self.trips += kind == b"Z"


async def _frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    (size,) = struct.unpack("!i", head[1:])
    return head[:1], head + await reader.readexactly(size - 4)


def _ready() -> bytes:
    return b"Z" + struct.pack("!i", 5) + IDLE


@contextmanager
def running_proxy(host: str, port: int, *, pool: int = 0, delay: float = 0.0) -> Iterator[int]:
    """Run a proxy in a process of its own, where it does not slow its clients down; gives its port."""
    command = [sys.executable, __file__, host, str(port), f"--pool={pool}", f"--delay={delay}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.communicate()


def main(arguments: list[str]) -> None:
    """Run a proxy until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--pool", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args(arguments)
    with Proxy(options.host, options.port, pool=options.pool, delay=options.delay) as proxy:
        print(proxy.port, flush=True)  # noqa: T201 - whoever started it waits for this line
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
