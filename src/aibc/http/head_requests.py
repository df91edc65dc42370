"""HEAD, for every address that answers GET: its headers without its body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Lets the application answer a HEAD as the GET it stands for, and sends the headers alone.

    Uptime monitors and download programs ask this way; routes need not know of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self._app(scope, receive, send)

        async def send_headers(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
            elif not message.get("more_body", False):
                await send({"type": "http.response.body", "body": b""})

        scope["method"] = "GET"
        return await self._app(scope, receive, send_headers)
