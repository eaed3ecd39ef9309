"""The words of a letter with a password."""

from dataclasses import dataclass

from mxlib.core.client_setup import SECURITY, SERVICES


@dataclass(frozen=True, slots=True)
class LetterWords:
    """The fixed words of a letter in one language."""

    title: str = "Your mailbox"
    name: str = "Name"
    address: str = "Email address"
    password: str = "Password"  # noqa: S105 (a label)
    look_alikes: str = "0 is the digit zero, O the letter; 1 is the digit one, l the letter L, I the letter i."
    settings: str = "Settings for a mail app"
    user_name: str = "User name: your whole email address"
    server: str = "Server"
    help: str = "Help"


ENGLISH = LetterWords()


def settings_lines(words: LetterWords, server: str) -> tuple[str, ...]:
    """Return the settings of a mail app, one a line."""
    ports = (f"{each.use} ({each.name}): port {each.port}, {SECURITY}" for each in SERVICES)
    return (words.user_name, f"{words.server}: {server}", *ports)
