# SPDX-License-Identifier: GPL-3.0-or-later
"""A broken release: it runs and answers, but always with 500, so that no health check ever passes."""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Broken(BaseHTTPRequestHandler):
    """Answers everything with 500."""

    def do_GET(self) -> None:
        """Any path."""
        body = b'{"error": "the migration is missing"}'
        self.send_response(500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep health checks out of the log."""


if __name__ == "__main__":
    if sys.argv[1:]:  # its jobs work
        sys.exit(0)
    print("never-healthy: answering 500", file=sys.stderr, flush=True)
    ThreadingHTTPServer((os.environ["HOST"], int(os.environ.get("PORT", "8080"))), Broken).serve_forever()
