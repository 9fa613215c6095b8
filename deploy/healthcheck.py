"""Asks a container's service whether it is alive: exits with 0 when /healthz answers 200."""

# ruff: noqa: INP001 (a script that is copied into the image, part of no package)

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_SECONDS = 4
"""Below the five seconds after which Docker gives up on the check itself."""


def alive(port: int) -> bool:
    """Whether the service on this port answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if alive(int(os.environ.get("PASSERELLES_HTTP_PORT", "8000"))) else 1)
