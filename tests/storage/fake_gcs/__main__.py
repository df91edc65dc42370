"""`python -m storage.fake_gcs`: prints its port, serves until standard input closes."""

from __future__ import annotations

import asyncio
import sys

from storage.fake_gcs.server import Connection
from storage.fake_gcs.world import World


async def main() -> None:
    world = World()
    server = await asyncio.start_server(
        lambda reader, writer: Connection(world, reader, writer).serve(), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    world.address = f"http://127.0.0.1:{port}"
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # The pipe ends with the test run, however that ends.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
