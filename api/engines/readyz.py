"""The last look before `liuhen up` says that it is ready: the archive is asked as anybody would ask it."""

from __future__ import annotations

import http.client

from api.errors import NotReady
from api.setting_values import BindAddress

WITHIN_SECONDS = 60.0
"""A first start on a busy machine takes its time; whoever waits for it is told what is being waited for."""
_ANSWER_SECONDS = 5.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  asked, not listened on


def why_not_ready(address: BindAddress) -> NotReady | None:
    """Ask `GET /readyz` once: None for 200, else its answer. Takes five seconds where nobody answers."""
    status, answer = _ask(address)
    return None if status == http.HTTPStatus.OK else NotReady(f"{address.url}/readyz", status, answer)


def _ask(address: BindAddress) -> tuple[int | None, str]:
    host = _LOOPBACK.get(address.host, address.host)
    connection = http.client.HTTPConnection(host, address.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read(2048).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return None, str(error)
    finally:
        connection.close()
