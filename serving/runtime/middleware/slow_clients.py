"""Disconnects clients that read too slowly, and drains the body of rejected requests."""

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SlowClientMiddleware:
    """Must be the outermost middleware: it aborts the connection through the `send` of uvicorn.

    Parameters
    ----------
    app : ASGIApp
        Receives all requests.
    response_seconds : float
        Seconds for a client to take the next piece of a response.
    drain_seconds : float
        Seconds to read a body that was refused; a client that is cut off while sending may never see the response.
    """

    def __init__(self, app: ASGIApp, response_seconds: float = 30.0, drain_seconds: float = 5.0) -> None:
        self.app, self._response_seconds, self._drain_seconds = app, response_seconds, drain_seconds
        self._sending: dict[Send, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP request."""
        headers = {name for name, _ in scope["headers"]}
        unread = b"content-length" in headers or b"transfer-encoding" in headers
        waits_for_continue = b"expect" in headers

        async def receive_noted() -> Message:
            nonlocal unread, waits_for_continue
            waits_for_continue = False  # uvicorn tells the client to go on when its body is read
            message = await receive()
            unread = message["type"] == "http.request" and message.get("more_body", False)
            return message

        async def drain() -> None:
            try:
                async with asyncio.timeout(self._drain_seconds):
                    while unread:
                        await receive_noted()
            except TimeoutError:
                pass

        async def send_noted(message: Message) -> None:
            if unread and message["type"] == "http.response.start":
                if not waits_for_continue:
                    await drain()
                if unread and b"connection" not in {name.lower() for name, _ in message["headers"]}:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            self._sending[send] = time.perf_counter()
            try:
                await send(message)
            finally:
                del self._sending[send]

        try:
            await self.app(scope, receive_noted, send_noted)
        except Exception:  # logged already; the response that is half sent cannot be completed
            abort(send)

    async def drop_slow_readers(self) -> None:
        """Drop clients that take a response too slowly; checking all once a second is cheaper than a timer each."""
        while True:
            await asyncio.sleep(min(1.0, self._response_seconds / 4))
            latest = time.perf_counter() - self._response_seconds
            for send in [send for send, since in self._sending.items() if since < latest]:
                abort(send)


def abort(send: Send) -> None:
    """Drop the connection of a request at once, with what is not sent yet, through uvicorn's transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
