"""A program of a member's that listens for webhooks, here and now."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Listener:
    """What it was sent is in ``heard``, in order; it answers with ``status``, and checks each mark with ``secret``."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.status = 204
        self.secret = ""
        self.is_slow = threading.Event()
        here = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if here.is_slow.is_set():
                    threading.Event().wait(7)
                here.take(dict(self.headers), body)
                self.send_response(here.status)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/hours"

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Believe what is marked with the secret, as the Standard Webhooks specification says, and nothing else."""
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mark = base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{mark}"
        self.ids.append(headers["webhook-id"])
        self.heard.append(json.loads(body))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
