"""The other side of the screens in bench/codes.py: the `websockets` library's own broadcast, and nothing else.

    python -m bench.broadcast_side PORT

Whatever one connection says is sent to all the others at once.
"""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

connections: set[ServerConnection] = set()


async def hear(connection: ServerConnection) -> None:
    connections.add(connection)
    try:
        async for said in connection:
            broadcast(connections - {connection}, said)
    finally:
        connections.discard(connection)


async def main() -> None:
    async with serve(hear, "127.0.0.1", int(sys.argv[1]), ping_interval=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
