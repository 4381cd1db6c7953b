"""One request to the archive, proved by the station's credential, and its answer.

The station's credential goes to the address that was typed in and nowhere else; redirects are not followed for the same
reason. A signature speaks of the very headers that are sent, so nothing is left for the HTTP library to add. How long
an answer may take is in waits.py.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpcore
import httpx

from ingest.dock.answers import UNREADABLE, Reply
from ingest.dock.clock import ServerClock
from ingest.dock.credential import CredentialInUse, ReadAgain, StationCredential
from ingest.dock.errors import AddressUnusable, KeyUnusable, NoArchiveThere, TryAgain
from ingest.dock.first_contact import advice_on, spoken_instead
from ingest.dock.waits import LONGEST_ANSWER_SECONDS, PatientBackend
from ingest.dock.words import Words, reason_of, reason_of_connection
from ingest.stations.credential import PresentedCredential
from ingest.stations.signature import content_digest

Blocks = Callable[[bytes], Iterable[bytes]]
"""How a body goes out: its blocks, each when it may go. What it raises comes through unchanged."""

# For each address of a name; the other waits have their ends in waits.py.
_CONNECT_SECONDS = 10.0
_MOST_CONNECTIONS = 100
_KEPT_OPEN_SECONDS = 5.0
_MAX_ANSWER_BYTES = 1 << 20
_OUT_OF_DATE = "signature-out-of-date"

_IN_TIME = Words("no answer in time", "未及时应答")
_NO_ADDRESS = Words("not an http or https address without query", "不是 http 或 https 地址，或带有参数")
_NAMES_A_USER = Words("a user name in it is not used", "地址中不能写用户名")
_TOO_MUCH = Words(f"the archive answered with more than {_MAX_ANSWER_BYTES} bytes", "档案系统的应答过长")


class Connection:
    """Safe to use from several threads. `clock` learns the server's time when the archive says that ours is off.

    `read_again` gives the credential as its file has it by now: asked where the archive refuses the one we have. An
    answer is there, whole, within `answer_seconds`. Once `stop` is set nothing is waited for: Interrupted is raised.
    """

    def __init__(
        self,
        url: str,
        credential: StationCredential | None,
        tls: ssl.SSLContext | None = None,
        stop: threading.Event | None = None,
        answer_seconds: float = LONGEST_ANSWER_SECONDS,
        read_again: ReadAgain | None = None,
    ) -> None:
        self._url = checked_address(url)
        self._authority = httpx.URL(self._url).netloc.decode("ascii")
        self._base_path = urlsplit(self._url).path
        self._credential = CredentialInUse(credential, read_again)
        self._was_answered = False
        self.clock = ServerClock()
        if tls is None and self._url.startswith("http:"):
            # No certificate is looked at, so none is loaded: that alone takes longer than a small upload.
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # No proxy of the environment: one set for browsing must not be handed footage and a credential.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(trust_env=False),
            max_connections=_MOST_CONNECTIONS,
            keepalive_expiry=_KEPT_OPEN_SECONDS,
            network_backend=PatientBackend(answer_seconds, stop or threading.Event()),
        )
        self._is_closed = False

    def close(self) -> None:
        """End all connections. Raises RuntimeError to whoever asks for something from then on."""
        self._is_closed = True
        self._pool.close()

    def ask(self, method: str, path: str) -> Reply:
        """A request without credential, of what anybody may read. Raises TryAgain, and NoArchiveThere where nothing
        has answered yet and another protocol is spoken there: as every request does."""
        return self._send(method, path, {}, None, _whole)

    def tell(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """POST a JSON document without credential. Raises TryAgain."""
        return self._send("POST", path, {"content-type": "application/json", **(headers or {})}, body, _whole)

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        blocks: Blocks | None = None,
    ) -> Reply:
        """A request proved by the credential; header names in lower case. Raises TryAgain, and as ReadAgain."""
        credential = self._credential.current
        sent = _complete(method, path, headers or {}, body, credential is not None and credential.binds_bodies)

        def send(proof: StationCredential | None) -> Reply:
            return self._send(method, path, self._proved(proof, method, path, sent), body, blocks or _whole)

        reply = send(credential)
        if reply.status == 401 and reply.problem == _OUT_OF_DATE:
            if not self.clock.learn_date(reply.headers.get("date", "")):
                raise TryAgain(UNREADABLE)
            reply = send(credential)
        if reply.status == 401 and reply.problem != _OUT_OF_DATE:
            another = self._credential.instead_of(credential)
            reply = reply if another is None else send(another)
        return reply

    def _proved(
        self, credential: StationCredential | None, method: str, path: str, sent: Mapping[str, str]
    ) -> dict[str, str]:
        if credential is None:
            return dict(sent)
        presented = PresentedCredential(method, self._base_path + path, self._authority, sent)
        return {**sent, **credential.prove(presented, self.clock.now())}

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, blocks: Blocks) -> Reply:
        if self._is_closed:
            raise RuntimeError("the connection is closed")
        content = None if body is None else iter(blocks(body))
        sent = {"host": self._authority, "user-agent": "liuhen-dock/1", "accept": "*/*", **headers}
        if body is not None:
            sent["content-length"] = str(len(body))
        times = {"timeout": {"connect": _CONNECT_SECONDS}}
        try:
            with self._pool.stream(
                method, self._to(path), headers=list(sent.items()), content=content, extensions=times
            ) as response:
                self._was_answered = True
                answer = bytearray()
                for piece in response.iter_stream():
                    answer += piece
                    if len(answer) > _MAX_ANSWER_BYTES:
                        raise TryAgain(_TOO_MUCH)
                return Reply(response.status, _read_headers(response.headers), bytes(answer))
        except httpcore.TimeoutException as error:
            raise TryAgain(self._unanswered(_IN_TIME, error), is_away=True) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            if not self._was_answered and (spoken := spoken_instead(error)):
                raise NoArchiveThere(self._url, spoken) from error
            raise TryAgain(self._unanswered(reason_of_connection(error), error), is_away=True) from error

    def _to(self, path: str) -> httpcore.URL:
        url = httpx.URL(self._url + path)
        return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)

    def _unanswered(self, cause: Words, error: Exception) -> Words:
        """With the address: as long as nothing ever answered there, it may be a wrong one; or the archive is down. That
        it is tried again is for whoever tries to say: a run that gives up says this as well."""
        if self._was_answered:
            return Words(
                f"the connection to the archive at {self._url} was cut ({cause.en})",
                f"与档案系统 {self._url} 的连接中断：{cause.zh}",
            )
        advice = advice_on(self._url, error)
        return Words(
            f"no connection to the archive at {self._url} ({cause.en}): {advice.en}",
            f"连不上档案系统 {self._url}：{cause.zh}；{advice.zh}",
        )


def _complete(
    method: str, path: str, headers: Mapping[str, str], body: bytes | None, binds_bodies: bool
) -> dict[str, str]:
    """Every header that the request will have and a signature has to cover."""
    sent = dict(headers)
    if body is not None or method in ("POST", "PATCH", "PUT"):
        sent["content-length"] = str(len(body or b""))
    if body and binds_bodies:
        if path.startswith("/uploads"):
            sent["upload-checksum"] = "sha256 " + base64.b64encode(hashlib.sha256(body).digest()).decode()
        else:
            sent["content-digest"] = content_digest(body)
    return sent


def _whole(body: bytes) -> Iterator[bytes]:
    yield body


def _read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By their names in lower case; of one that comes twice both, as RFC 9110 has it."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, said = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {said}" if key in headers else said
    return headers


def is_open_to_listeners(url: str) -> bool:
    """Whether what goes to `url` can be read on its way, a token included: plain http off loopback."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "http" or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def trusting(ca_file: Path) -> ssl.SSLContext:
    """TLS that believes the certificates in `ca_file` alone: a closed network has its own. Raises KeyUnusable."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise KeyUnusable(ca_file, Words(f"no root certificates: {error}", "其中没有根证书（PEM）")) from error
    except OSError as error:
        raise KeyUnusable(ca_file, reason_of(error)) from error


def checked_address(url: str) -> str:
    """The address without a slash at its end. Raises AddressUnusable."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — reading it is what checks it
    except ValueError as error:
        raise AddressUnusable(url, Words(str(error), "主机名或端口不正确")) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise AddressUnusable(url, _NO_ADDRESS)
    if parts.username is not None:
        raise AddressUnusable(url, _NAMES_A_USER)
    return url.rstrip("/")
