"""The look at mail ports, against real servers with TLS on loopback."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from mxlib.core.mail_ports import MailPort, PortProblem
from mxlib.outgoing.mail_probe import MailProbe
from tests.support.mail_server import Certificate

SERVER = "mail.agency.example"
GREETINGS = {
    MailPort.IMAP: b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
    MailPort.SMTP: b"220 mail.agency.example ESMTP\r\n",
    MailPort.WEBMAIL: b"HTTP/1.1 302 Found\r\nLocation: /webmail\r\n\r\n",
}
DAY = 86_400.0


@contextmanager
def port(certificate: Certificate | None, greeting: bytes, heard: list[bytes] | None = None) -> Iterator[int]:
    """Serve one port on loopback; a blank greeting keeps the client waiting."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = certificate.serving() if certificate else None
    ended = threading.Event()

    def serve(plain: socket.socket) -> None:
        try:
            with plain, context.wrap_socket(plain, server_side=True) if context else plain as served:
                if greeting.startswith(b"HTTP") and heard is not None:
                    heard.append(served.recv(4096))
                if greeting:
                    served.sendall(greeting)
                else:
                    ended.wait(5)
                if heard is not None:
                    served.settimeout(2)
                    heard.append(served.recv(4096))
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(plain,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate.make(tmp_path, SERVER)


Look = Callable[..., dict[MailPort, PortProblem | None]]


@pytest.fixture
def look(certificate: Certificate) -> Look:
    def looked(
        *, seconds: float = 5.0, context: ssl.SSLContext | None = None, **ports: int
    ) -> dict[MailPort, PortProblem | None]:
        numbers = {MailPort(name): number for name, number in ports.items()}
        probe = MailProbe(
            SERVER, numbers, context or certificate.trusting(), address="127.0.0.1", seconds=seconds
        )  # fmt: skip
        return {each.port: each.problem for each in probe.look()}

    return looked


def test_ports_that_greet_serve_and_the_end_of_their_certificate_is_known(certificate: Certificate) -> None:
    heard: list[bytes] = []
    with ExitStack() as stack:
        ports = {each: stack.enter_context(port(certificate, GREETINGS[each], heard)) for each in MailPort}
        looks = MailProbe(SERVER, ports, certificate.trusting(), address="127.0.0.1").look()
    assert [(each.port, each.problem) for each in looks] == [(each, None) for each in MailPort]
    for each in looks:
        assert each.certificate_until is not None
        assert 0.9 * DAY < each.certificate_until - time.time() < 1.1 * DAY
    said = b"".join(heard)
    assert b"LOGIN" not in said
    assert b"AUTH" not in said
    assert b"Host: mail.agency.example" in said


def test_another_greeting_is_not_the_service(certificate: Certificate, look: Look) -> None:
    with port(certificate, b"554 go away\r\n") as smtp, port(certificate, b"* BYE overloaded\r\n") as imap:
        assert look(smtp=smtp, imap=imap) == {
            MailPort.SMTP: PortProblem.GREETING, MailPort.IMAP: PortProblem.GREETING,
        }  # fmt: skip


def test_a_greeting_without_end_is_bounded(certificate: Certificate, look: Look) -> None:
    with port(certificate, b"x" * 1_000_000) as imap:
        assert look(imap=imap) == {MailPort.IMAP: PortProblem.GREETING}


def test_a_server_that_keeps_silent_ends_the_look_in_time(certificate: Certificate, look: Look) -> None:
    begin = time.monotonic()
    with port(certificate, b"") as imap, port(certificate, b"") as smtp, port(certificate, b"") as webmail:
        found = look(seconds=1.0, imap=imap, smtp=smtp, webmail=webmail)
    assert set(found.values()) == {PortProblem.TIMEOUT}
    assert time.monotonic() - begin < 5


def test_a_server_without_tls(look: Look) -> None:
    with port(None, b"220 plain\r\n") as smtp:
        assert look(smtp=smtp) == {MailPort.SMTP: PortProblem.TLS_FAILED}


def test_a_certificate_of_another_name_or_of_nobody_known(tmp_path: Path, look: Look, certificate: Certificate) -> None:
    other = Certificate.make(tmp_path, "other.example")
    with port(other, GREETINGS[MailPort.IMAP]) as imap:
        assert look(imap=imap, context=other.trusting()) == {MailPort.IMAP: PortProblem.CERTIFICATE}
    with port(certificate, GREETINGS[MailPort.IMAP]) as imap:
        assert look(imap=imap, context=ssl.create_default_context()) == {MailPort.IMAP: PortProblem.CERTIFICATE}


def test_nobody_listens_and_a_name_is_not_found(look: Look) -> None:
    with port(None, b"x") as closed:
        pass
    assert look(imap=closed) == {MailPort.IMAP: PortProblem.NOT_CONNECTED}
    (found,) = MailProbe("does-not-exist.invalid", {MailPort.IMAP: 993}).look()
    assert found.problem is PortProblem.UNKNOWN_HOST


def test_the_ports_are_those_of_mail_programs() -> None:
    assert {each: each.number for each in MailPort} == {
        MailPort.IMAP: 993, MailPort.SMTP: 465, MailPort.WEBMAIL: 443,
    }  # fmt: skip
