"""Mail ports: states after looks, what is stored of them, and the line of the sidebar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.mail_ports import MailPort, MailPorts, PortLook, PortProblem
from mxlib.core.text import mail_ports as texts

NOW = 1_800_000_000.0
DAY = 86_400.0
LOOKS = tuple(PortLook(port, None, NOW + 60 * DAY) for port in MailPort)


def state(*looks: PortLook, at: float = NOW - 120) -> MailPorts:
    return MailPorts(at, ()).after(looks or LOOKS, at)


def failing(*ports: MailPort, problem: PortProblem = PortProblem.TIMEOUT) -> tuple[PortLook, ...]:
    return tuple(PortLook(port, problem if port in ports else None) for port in MailPort)


looks = st.lists(
    st.tuples(*(
        st.builds(PortLook, st.just(port), st.none() | st.sampled_from(PortProblem), st.none() | st.floats(1.0, 1e10))
        for port in MailPort
    )),
    min_size=1, max_size=5,
)  # fmt: skip


@given(looks)
def test_what_is_stored_is_what_was_seen(rounds: list[tuple[PortLook, ...]]) -> None:
    found = MailPorts(NOW, ())
    for number, each in enumerate(rounds, 1):
        found = found.after(each, NOW + number)
    assert MailPorts.from_figures(found.to_figures()) == found
    for port_state in found.ports:
        row = [look.problem is not None for each in rounds for look in each if look.port is port_state.look.port]
        failed = next((number for number, fails in enumerate(reversed(row)) if not fails), len(row))
        assert port_state.failed == failed
        assert port_state.silent_since == (NOW + len(row) - failed + 1 if failed else None)


def test_nothing_is_known_before_the_first_look() -> None:
    assert MailPorts.from_figures({}) is None
    assert texts.line(None, NOW) == "Mail: not looked at yet"
    assert texts.details(None, "mail.example", NOW) == "The first look is due within two minutes."


def test_the_line_says_how_old_the_look_is() -> None:
    assert texts.line(state(), NOW) == "Mail: reachable, looked at 2 minutes ago"
    assert texts.line(state(at=NOW - 3 * 3600), NOW) == "Mail: not looked at for 3 hours"


def test_the_line_names_the_ports_that_fail_and_since_when() -> None:
    one = state(*failing(MailPort.IMAP)).after(failing(MailPort.IMAP, MailPort.WEBMAIL), NOW)
    assert texts.line(state(*failing(MailPort.IMAP)), NOW).startswith("Mail: IMAP fails since ")
    assert texts.line(one, NOW).startswith("Mail: IMAP and webmail fail since ")
    assert [each.failed for each in one.silent] == [2, 1]


@pytest.mark.parametrize(("days", "text"), [(6.5, "in 6 days"), (1.5, "in 1 day"), (-1.0, "in 0 days")])
def test_a_certificate_that_ends_soon_is_reported(days: float, text: str) -> None:
    ending = state(*(PortLook(port, None, NOW + days * DAY) for port in MailPort))
    assert texts.line(ending, NOW) == f"Mail: certificate ends {text}"
    assert state().ends_soon(NOW) is None
    assert state(*failing(MailPort.IMAP)).certificate_until is None


@pytest.mark.parametrize("problem", PortProblem)
def test_the_details_name_each_port(problem: PortProblem) -> None:
    found = texts.details(state(*failing(MailPort.SMTP, problem=problem)), "mail.example", NOW)
    assert found.startswith("mail.example, without signing in. IMAP (993): answers. SMTP (465): ")
    assert found.endswith(" webmail (443): answers.")
    assert "The certificate holds for 60 more days." in texts.details(state(), "mail.example", NOW)
