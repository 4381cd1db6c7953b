"""The last look before `liuhen up` says that it is ready: the archive is asked as anybody would ask it."""

from __future__ import annotations

import http.client
import time

from api.errors import NotReady
from api.settings import BindAddress

_WITHIN_SECONDS = 60.0
"""A first start on a busy machine takes its time; whoever waits for it is told what is being waited for."""
_PAUSE_SECONDS = 0.1
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  asked, not listened on


def wait_until_ready(address: BindAddress) -> None:
    """Return once `GET /readyz` gives 200. Raises NotReady with the last answer."""
    deadline = time.monotonic() + _WITHIN_SECONDS
    while True:
        status, answer = _ask(address)
        if status == http.HTTPStatus.OK:
            return
        if time.monotonic() >= deadline:
            raise NotReady(f"{address.url}/readyz", status, answer)
        time.sleep(_PAUSE_SECONDS)


def _ask(address: BindAddress) -> tuple[int | None, str]:
    connection = http.client.HTTPConnection(_LOOPBACK.get(address.host, address.host), address.port, timeout=5.0)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read(2048).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return None, str(error)
    finally:
        connection.close()
