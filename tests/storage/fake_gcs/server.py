"""HTTP/1.1 over one connection, and the faults that strike there."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

import h11

from storage.fake_gcs.dispatch import answer
from storage.fake_gcs.messages import Reply, Request
from storage.fake_gcs.world import Fault, World

SLICE = 64 * 1024


class Broken(Exception):
    """This connection is over."""


class Connection:
    def __init__(
        self, world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._world = world
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)

    async def serve(self) -> None:
        with suppress(Broken, ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            while True:
                await self._exchange()
                if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                    break
                self._http.start_next_cycle()
        self._writer.close()

    async def _exchange(self) -> None:
        event = await self._next()
        if not isinstance(event, h11.Request):
            raise Broken
        method, target = event.method.decode(), event.target.decode()
        headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        self._world.requests.append(f"{method} {target.partition('?')[0]}")
        fault = self._world.strike(method, target)
        if fault and fault.kind == "status":
            return await self._send(Reply(fault.status, {"Connection": "close"}), method, None)
        body, is_whole = await self._body(fault if method in ("PUT", "POST") else None)
        if fault and fault.kind == "corrupt" and method == "PUT" and body:
            body = _flipped(body)
        reply = answer(self._world, Request(method, target, headers, body, is_whole))
        if not is_whole:
            raise Broken
        is_sending = method in ("PUT", "POST")
        if fault and (fault.kind == "lose_answer" or (fault.kind == "reset" and not is_sending)):
            self._reset()
        return await self._send(reply, method, fault if method == "GET" else None)

    async def _next(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                waiting = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._http.send(waiting) or b"")
            self._http.receive_data(await self._reader.read(SLICE))

    async def _body(self, fault: Fault | None) -> tuple[bytes, bool]:
        """What arrives, and whether it is all of it."""
        body = bytearray()
        while True:
            if fault and fault.kind in ("reset", "stall") and len(body) >= fault.after_bytes:
                if fault.kind == "stall":
                    await asyncio.sleep(fault.seconds)
                return bytes(body), False
            try:
                event = await self._next()
            except (ConnectionError, h11.RemoteProtocolError):
                return bytes(body), False
            if isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return bytes(body), True
            else:
                return bytes(body), False

    async def _send(self, reply: Reply, method: str, fault: Fault | None) -> None:
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        head = h11.Response(status_code=reply.status, headers=list(headers.items()))
        self._writer.write(self._http.send(head) or b"")
        body = b"" if method == "HEAD" else reply.body
        if fault and fault.kind == "corrupt":
            body = _flipped(body)
        for start in range(0, len(body), SLICE):
            if fault and fault.kind in ("break", "stall", "reset") and start >= fault.after_bytes:
                await self._writer.drain()
                if fault.kind == "stall":
                    await asyncio.sleep(fault.seconds)
                self._reset()
            self._writer.write(self._http.send(h11.Data(data=body[start : start + SLICE])) or b"")
            await self._writer.drain()
        self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
        await self._writer.drain()

    def _reset(self) -> None:
        """End the connection with RST, as a machine does that fell over."""
        handle: socket.socket = self._writer.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        raise Broken


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
