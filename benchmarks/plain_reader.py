"""`python -m benchmarks.plain_reader`: takes a body, hashes it twice, writes and syncs it, answers.

What receiving a file costs at the very least: a thread a connection, blocks of 256 KiB, SHA-256 and
CRC32C, one fsync. No form, no limits, no database.
"""

from __future__ import annotations

import hashlib
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import google_crc32c

BLOCK_BYTES = 256 * 1024

_numbers = count()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        sha256, crc32c = hashlib.sha256(), google_crc32c.Checksum()  # type: ignore[no-untyped-call]
        left = int(self.headers["Content-Length"])
        path = Path(os.environ["UPLOAD_DIR"]) / f"{os.getpid()}-{next(_numbers)}"
        with path.open("wb", buffering=0) as file:
            while left:
                block = self.rfile.read(min(BLOCK_BYTES, left))
                if not block:
                    return
                left -= len(block)
                sha256.update(block)
                crc32c.update(block)  # type: ignore[no-untyped-call]
                file.write(block)
            os.fsync(file.fileno())
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: it is asked often."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def main() -> None:
    Path(os.environ["UPLOAD_DIR"]).mkdir(parents=True, exist_ok=True)
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
