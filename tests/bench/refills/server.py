# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 for reading: a folder of buckets, sent by the kernel. Run as a module with FOLDER --delay 0.03.

On loopback only. Prints its URL as its first line, and ends with its standard input. It knows GET with and without a
range, HEAD and the list of a bucket, which is what downloads take. Signatures are not looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import os
import re
import resource
import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root = Path()
    delay = 0.0

    def do_HEAD(self):
        self._object(body=False)

    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path == "/_bench/cpu":
            usage = resource.getrusage(resource.RUSAGE_SELF)
            self._send(f"{usage.ru_utime + usage.ru_stime}".encode())
        elif "list-type" in (query := parse_qs(parts.query)):
            self._list(unquote(parts.path).strip("/"), query.get("prefix", [""])[0])
        else:
            self._object(body=True)

    def _list(self, bucket, prefix):
        folder = self.root / bucket
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{path.stat().st_size}</Size><ETag>{_etag(path)}</ETag>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>"
            for path in paths
            if (key := path.relative_to(folder).as_posix()).startswith(prefix)
        )
        name = f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(paths)}</KeyCount>"
        more = "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        self._send(
            f'<ListBucketResult xmlns="{space}">{name}{more}{entries}</ListBucketResult>'.encode(), "application/xml"
        )

    def _object(self, *, body):
        time.sleep(self.delay)
        path = self.root / unquote(urlsplit(self.path).path).lstrip("/")
        if not path.is_file():
            self.send_response(404)
            self.send_header("content-length", "0")
            self.end_headers()
            return
        size = path.stat().st_size
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        start, end = (int(found[1]), min(size, int(found[2] or size) + 1)) if found else (0, size)
        self.send_response(206 if found else 200)
        if found:
            self.send_header("content-range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("content-length", str(end - start))
        self.send_header("etag", _etag(path))
        self.send_header("last-modified", formatdate(1767225600, usegmt=True))
        self.end_headers()
        if body:
            self.wfile.flush()
            with path.open("rb") as file:
                while start < end:
                    start += os.sendfile(self.connection.fileno(), file.fileno(), start, end - start)

    def _send(self, body, kind="text/plain"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def _etag(path):
    return f'"{hashlib.md5(str(path).encode(), usedforsecurity=False).hexdigest()}"'


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_arguments):
        pass  # a client that had enough


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--delay", type=float, default=0.0)
    given = parser.parse_args()
    Handler.root, Handler.delay = Path(given.folder), given.delay
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
