"""A real SMTP server on loopback, with answers that a test chooses, and certificates made for it."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: What the server asks at each step; an answer of None is a good one.
Answer = Callable[[str], str | None]


@dataclass
class Certificate:
    """A self-signed certificate of one host, and the context that trusts it."""

    file: Path

    @classmethod
    def make(cls, folder: Path, host: str) -> "Certificate":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        file = folder / f"{host}.pem"
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
        return cls(file)

    def serving(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


@dataclass
class MailHost:
    """The server: what it received, and how it answers.

    `answers` are taken one by one, as (step, answer); a step without one is answered well. The answer "drop" ends the
    connection, "hang" says nothing.
    """

    port: int = 0
    received: list[bytes] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    sign_ins: list[tuple[str, str]] = field(default_factory=list)
    password: str = ""

    def answer(self, step: str) -> str | None:
        if self.answers and self.answers[0][0] == step:
            return self.answers.pop(0)[1]
        return None

    async def handle_MAIL(self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return await self._said(server, "MAIL") or "250 OK"

    async def handle_RCPT(self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: Any) -> str:
        self.tried.append(address)
        answer = await self._said(server, "RCPT")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        if answer := await self._said(server, "DATA"):
            return answer
        assert isinstance(envelope.content, bytes)
        self.received.append(envelope.content)
        return await self._said(server, "ACCEPTED") or "250 queued as 4711"

    async def _said(self, server: SMTP, step: str) -> str | None:
        answer = self.answer(step)
        if answer == "drop":
            assert server.transport is not None
            server.transport.abort()
            return "421 gone"
        if answer == "hang":
            await asyncio.sleep(30)
        return answer

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.sign_ins.append((given.login.decode(), given.password.decode()))
        good = given.password.decode() == self.password
        said = None if good else f"535 no: {self.answer('AUTH') or 'wrong password'}"
        return AuthResult(success=good, handled=good or said is None, message=said)


@contextmanager
def mail_host(
    certificate: Certificate | None = None, *, over_tls: bool = False, starttls: bool = True, password: str = "",
    port: int = 0,
) -> Iterator[MailHost]:  # fmt: skip
    """Serve on loopback until the block ends."""
    host = MailHost(password=password)
    context = certificate.serving() if certificate else None

    def session() -> SMTP:
        return SMTP(
            host, hostname="mail.test", tls_context=context if starttls and not over_tls else None,
            require_starttls=False, authenticator=host.authenticate if password else None,
            auth_require_tls=False, loop=loop, timeout=30,
        )  # fmt: skip

    loop = asyncio.new_event_loop()
    serving = loop.run_until_complete(loop.create_server(session, "127.0.0.1", port, ssl=context if over_tls else None))
    host.port = serving.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="mail-host", daemon=True)
    thread.start()
    try:
        yield host
    finally:
        asyncio.run_coroutine_threadsafe(_end(serving), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(serving: asyncio.Server) -> None:
    serving.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)
