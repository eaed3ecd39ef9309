"""Mail over SMTP, by a real server on loopback: what ends a mail, and what lets it wait."""

import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from email import message_from_bytes
from email.headerregistry import Address
from pathlib import Path

import pytest

from mxlib.core.mails import MailProblem, Refused, SendResult, Sent, TrialMail, TryLater
from mxlib.mail.message import Message, Recipient, compose
from mxlib.mail.smtp import SmtpTransport
from mxlib.settings import MailSecurity, MailServer
from tests.support.mail_server import Certificate, MailHost, mail_host

PASSWORD = "Mail-that-nobody-may-see-5.x"
MESSAGE = compose(Address("MXM", "mxm", "agency.example"), Recipient("nina@mail.example"), TrialMail("kim", ""), 1e9)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture
def host() -> Iterator[MailHost]:
    with mail_host() as serving:
        yield serving


def send(host: MailHost, message: Message = MESSAGE, step: float = 5.0, whole: float = 10.0) -> SendResult:
    server = MailServer(MailSecurity.NONE, "127.0.0.1", host.port)
    return SmtpTransport(server, step=step, whole=whole).send(message)


def test_a_mail_arrives_with_its_message_id(host: MailHost) -> None:
    assert send(host) == Sent(250, "queued as 4711")
    assert host.tried == ["nina@mail.example"]
    assert message_from_bytes(host.received[0])["Message-ID"] == MESSAGE.message_id


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_an_answer_about_the_mail_decides_whether_it_is_tried_again(host: MailHost, step: str) -> None:
    host.answers = [(step, "451 4.7.1 Greylisted"), (step, "550 5.1.1 No such user here")]
    assert send(host) == TryLater(MailProblem.ANSWERED, 451, "4.7.1 Greylisted")
    assert send(host) == Refused(MailProblem.ANSWERED, 550, "5.1.1 No such user here")
    assert isinstance(send(host), Sent)


@pytest.mark.parametrize("step", ["RCPT", "DATA", "ACCEPTED"])
def test_a_connection_that_breaks_lets_the_mail_wait(host: MailHost, step: str) -> None:
    host.answers = [(step, "drop")]
    result = send(host)
    assert isinstance(result, TryLater)
    assert result.problem in {MailProblem.DISCONNECTED, MailProblem.NOT_READY}


def test_a_server_that_says_nothing_lets_the_mail_wait(host: MailHost) -> None:
    host.answers = [("DATA", "hang")]
    assert send(host, step=0.2) == TryLater(MailProblem.TIMEOUT)


def test_a_server_that_closes_lets_the_mail_wait(host: MailHost) -> None:
    host.answers = [("RCPT", "421 4.3.2 shutting down")]
    assert send(host) == TryLater(MailProblem.NOT_READY, 421, "4.3.2 shutting down")


def test_a_closed_port_and_an_unknown_name_let_the_mail_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        closed = MailServer(MailSecurity.NONE, "127.0.0.1", port)
        assert SmtpTransport(closed).send(MESSAGE) == TryLater(MailProblem.NOT_CONNECTED)

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    assert SmtpTransport(closed).send(MESSAGE) == TryLater(MailProblem.UNKNOWN_HOST)


@pytest.mark.parametrize(
    "said", [b"220-more\r\n" * 20_000, b"hello\r\n", b"220 " + b"x" * 20_000 + b"\r\n", b"\xff\xfe\r\n"]
)
def test_a_server_that_says_too_much_or_nonsense_is_left(said: bytes) -> None:
    with raw_server(said) as port:
        server = MailServer(MailSecurity.NONE, "127.0.0.1", port)
        assert isinstance(SmtpTransport(server, step=0.3, whole=0.6).send(MESSAGE), TryLater)


def test_answers_without_an_end_are_read_up_to_a_bound() -> None:
    with raw_server(b"220-more\r\n" * 20_000) as port:
        server = MailServer(MailSecurity.NONE, "127.0.0.1", port)
        assert SmtpTransport(server, step=1, whole=5).send(MESSAGE) == TryLater(MailProblem.DISCONNECTED)


def test_nothing_is_sent_in_clear_where_the_server_refuses_starttls() -> None:
    answers = b"220 hi\r\n250-mail\r\n250 STARTTLS\r\n454 4.7.0 no TLS now\r\n"
    goes_on = b"250 mail\r\n250 OK\r\n250 OK\r\n354 go on\r\n250 queued\r\n"
    with raw_server(answers + goes_on) as port:
        server = MailServer(MailSecurity.STARTTLS, "127.0.0.1", port)
        assert SmtpTransport(server).send(MESSAGE) == TryLater(MailProblem.NO_STARTTLS, 454, "4.7.0 no TLS now")


def test_a_server_that_dribbles_is_left_in_time() -> None:
    with raw_server(b"2", every=0.05) as port:
        server = MailServer(MailSecurity.NONE, "127.0.0.1", port)
        assert SmtpTransport(server, step=5, whole=0.3).send(MESSAGE) == TryLater(MailProblem.TIMEOUT)


class raw_server:
    """A server that says the same to everyone, once or at intervals."""

    def __init__(self, said: bytes, every: float = 0.0) -> None:
        self._said, self._every, self._stop = said, every, threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return int(self._listening.getsockname()[1])

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            try:
                connection.sendall(self._said)
                while self._every and not self._stop.wait(self._every):
                    connection.sendall(self._said)
                self._stop.wait(5)
            except OSError:
                pass

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)
        self._listening.close()


def test_over_tls_the_certificate_is_checked(certificate: Certificate, tmp_path: Path) -> None:
    with mail_host(certificate, over_tls=True, password=PASSWORD) as host:
        server = MailServer(MailSecurity.TLS, "localhost", host.port, "mxm", PASSWORD)
        assert isinstance(SmtpTransport(server, certificate.trusting()).send(MESSAGE), Sent)
        unknown = SmtpTransport(server).send(MESSAGE)
        other = MailServer(MailSecurity.TLS, "127.0.0.1", host.port, "mxm", PASSWORD)
        wrong_name = SmtpTransport(other, certificate.trusting()).send(MESSAGE)
        assert isinstance(unknown, TryLater)
        assert isinstance(wrong_name, TryLater)
        assert unknown.problem is wrong_name.problem is MailProblem.CERTIFICATE
        assert host.sign_ins == [("mxm", PASSWORD)], "No password goes to a server whose certificate is wrong."


def test_starttls_is_required(certificate: Certificate) -> None:
    server = MailServer(MailSecurity.STARTTLS, "localhost", 0, "mxm", PASSWORD)
    with mail_host(certificate, password=PASSWORD) as host:
        here = SmtpTransport(
            MailServer(server.security, server.host, host.port, "mxm", PASSWORD), certificate.trusting()
        )
        assert isinstance(here.send(MESSAGE), Sent)
        strict = SmtpTransport(MailServer(server.security, server.host, host.port, "mxm", PASSWORD))
        assert strict.send(MESSAGE) == TryLater(MailProblem.CERTIFICATE, words="self-signed certificate")
        assert host.sign_ins == [("mxm", PASSWORD)]
    with mail_host(certificate, starttls=False, password=PASSWORD) as stripped:
        here = SmtpTransport(
            MailServer(server.security, server.host, stripped.port, "mxm", PASSWORD), certificate.trusting()
        )
        assert here.send(MESSAGE) == TryLater(MailProblem.NO_STARTTLS)
        assert stripped.sign_ins == stripped.received == []


def test_a_refused_sign_in_lets_every_mail_wait_and_repeats_no_secret(certificate: Certificate) -> None:
    with mail_host(certificate, over_tls=True, password="another one") as host:
        sent = b64encode(f"\0mxm\0{PASSWORD}".encode()).decode()
        host.answers = [("AUTH", f"you sent {sent} that is {PASSWORD}")] * 3
        server = MailServer(MailSecurity.TLS, "localhost", host.port, "mxm", PASSWORD)
        result = SmtpTransport(server, certificate.trusting()).send(MESSAGE)
        assert isinstance(result, TryLater)
        assert result.problem is MailProblem.SIGN_IN_REFUSED
        assert "you sent" in result.words
        assert PASSWORD not in repr(result) + repr(server)
        assert sent not in result.words


def test_the_default_context_checks_names_and_chains() -> None:
    context = SmtpTransport(MailServer(MailSecurity.TLS, "localhost", 1))._context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
