"""Registries for tests: Debian's docker-registry, a token server, and one that lies."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.serving.artifact import OCI_MANIFEST, digest_of
from pipeline.serving.artifact.package import Package

USER, PASSWORD = "ann", "secret"
# bcrypt of the password above; docker-registry takes no other hash.
HTPASSWD = "ann:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
START_SECONDS = 20.0


def need(program: str) -> None:
    """Skip the test where a program is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: apt-get install {program}")


@contextmanager
def docker_registry(folder: Path, auth: str = "") -> Iterator[str]:
    """`host:port` of a registry on this machine while the block runs."""
    need("docker-registry")
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    config = folder / "config.yml"
    config.write_text(
        f"""version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", secret: x}}
{auth}
"""
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)], stdout=log, stderr=log
        )
    try:
        _wait(process, port, folder / "log")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def basic_auth(folder: Path) -> str:
    """The configuration of a registry that knows one user."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "htpasswd").write_text(HTPASSWD)
    return f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}"


class TokenServer:
    """Gives tokens: anyone may pull, one user may push. `asked` are the scopes."""

    def __init__(self, folder: Path) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa

        self.asked: list[tuple[str, list[str]]] = []
        self.issuer, self.service = "test-issuer", "test-registry"
        self.bundle = folder / "token.crt"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        folder.mkdir(parents=True, exist_ok=True)
        self.chain = _certificate(self.key, self.bundle)
        self.url = ""

    def registry_auth(self) -> str:
        """The configuration of a registry that sends its clients here."""
        return (
            f'auth: {{token: {{realm: "{self.url}/token", service: {self.service},'
            f" issuer: {self.issuer}, rootcertbundle: {self.bundle}}}}}"
        )

    def answer(self, request: Request) -> Reply:
        """A token for what the user may do of what was asked."""
        query = parse_qs(urlsplit(request.path).query)
        user = _user(request.headers.get("Authorization", ""))
        if user is None:
            return Reply(401)
        scopes = " ".join(query.get("scope", [])).split()
        self.asked.append((user, scopes))
        access = []
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            allowed = [x for x in actions.split(",") if x == "pull" or user]
            access.append({"type": kind, "name": name, "actions": allowed})
        body = json.dumps({"token": self._token(user, access), "expires_in": 300})
        return Reply(200, body.encode())

    def _token(self, user: str, access: list[dict[str, Any]]) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        now = int(time.time())
        head = {"alg": "RS256", "typ": "JWT", "x5c": [self.chain]}
        claims: dict[str, Any] = {"iss": self.issuer, "sub": user, "aud": self.service}
        claims |= {"exp": now + 300, "nbf": now - 10, "iat": now}
        claims |= {"jti": uuid.uuid4().hex, "access": access}
        text = f"{_part(json.dumps(head))}.{_part(json.dumps(claims))}"
        signed = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_part(signed)}"


@contextmanager
def token_server(folder: Path) -> Iterator[TokenServer]:
    """A token server while the block runs."""
    tokens = TokenServer(folder)
    with serving(tokens.answer) as url:
        tokens.url = url
        yield tokens


class Request:
    """What a client sent."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method, self.path = handler.command, handler.path
        self.headers = handler.headers
        length = int(self.headers.get("Content-Length") or 0)
        self.body = handler.rfile.read(length) if length else b""
        self.authorization = self.headers.get("Authorization", "")
        self.range = self.headers.get("Range", "")


class Reply:
    """What is answered: `stall` seconds come after it, `drip` between its bytes."""

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        *,
        announced: int | None = -1,
        stall: float = 0.0,
        drip: float = 0.0,
        **headers: str,
    ) -> None:
        self.status, self.body = status, body
        self.stall, self.drip = stall, drip
        self.announced = len(body) if announced == -1 else announced
        self.headers = {k.replace("_", "-"): v for k, v in headers.items()}


Answers = Callable[[Request], Reply]


@contextmanager
def serving(answer: Answers) -> Iterator[str]:
    """The address of a server that answers as told, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            reply = answer(Request(self))
            with suppress(OSError):
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.announced is not None:
                    self.send_header("Content-Length", str(reply.announced))
                self.end_headers()
                if self.command != "HEAD":
                    for byte in reply.body if reply.drip else b"":
                        self.wfile.write(bytes([byte]))
                        time.sleep(reply.drip)
                    self.wfile.write(b"" if reply.drip else reply.body)
                time.sleep(reply.stall)
            short = reply.announced != len(reply.body) and self.command != "HEAD"
            self.close_connection = self.close_connection or short

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Shelf:
    """A registry of one model that is honest, but for what a test overrides.

    `lies` are asked first; where they give None, the honest answer is given.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self.seen: list[Request] = []
        self.lies: Callable[[Request], Reply | None] = lambda request: None
        manifest = package.manifest
        self.blobs = {manifest.config.digest: package.config}
        for source in package.sources:
            self.blobs[source.layer.digest] = source.path.read_bytes()

    def answer(self, request: Request) -> Reply:
        """A lie if there is one for this request, else the truth."""
        self.seen.append(request)
        return self.lies(request) or self.honest(request)

    def honest(self, request: Request) -> Reply:
        """What a registry answers."""
        name = request.path.rpartition("/")[2]
        if "/manifests/" in request.path:
            raw = self.package.manifest.raw
            digest = digest_of(raw)
            return Reply(
                200, raw, Content_Type=OCI_MANIFEST, Docker_Content_Digest=digest
            )
        if name not in self.blobs:
            return Reply(404)
        data = self.blobs[name]
        if request.range:
            start = int(request.range.removeprefix("bytes=").rstrip("-"))
            told = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return Reply(206, data[start:], Content_Range=told)
        return Reply(200, data)


def _part(data: str | bytes) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _user(authorization: str) -> str | None:
    """Who that is: empty for nobody, None for a wrong password."""
    if not authorization:
        return ""
    pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    return USER if pair == f"{USER}:{PASSWORD}" else None


def _certificate(key: Any, path: Path) -> str:
    """Write the certificate of a key; also as tokens carry it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    raw = made.public_bytes(serialization.Encoding.DER)
    return base64.b64encode(raw).decode()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/v2/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    pytest.fail(f"docker-registry did not start: {log.read_text()[-500:]}")
