"""A web server on the loopback interface that fails as it is told."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Site:
    """What the server answers; `requests` lists the paths it was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    failures: int = 0
    failing_status: int = 500
    cut_after: int | None = None
    cuts: int = 0
    tells_length: bool = True
    moved_to: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


class Handler(http.server.BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        site.requests.append(self.path)
        if site.failures > 0:
            site.failures -= 1
            self.send_error(site.failing_status)
        elif self.path in site.moved_to:
            self.send_response(302)
            self.send_header("Location", site.moved_to[self.path])
            self.end_headers()
        elif self.path not in site.files:
            self.send_error(404)
        else:
            self.send_file(site.files[self.path])

    def send_file(self, content: bytes) -> None:
        self.send_response(200)
        if self.site.tells_length:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.site.cuts > 0:
            self.site.cuts -= 1
            content = content[: self.site.cut_after]
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Site]:
    """Serve a site for the time of the block."""
    site = Site()
    handler = type("SiteHandler", (Handler,), {"site": site})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        server.shutdown()
        thread.join()
