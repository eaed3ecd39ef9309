"""Text, language and letterhead of what goes to the owner of a mailbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mxlib.core.handover import texts
from mxlib.core.handover.texts import Placeholder, Text
from mxlib.core.text import letters
from mxlib.core.text.letters import LetterWords


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The sender: the agency's name, an address for help, and a logo (PNG or JPEG). Each may be blank."""

    agency: str = ""
    help_address: str = ""
    logo: bytes = field(default=b"", repr=False)

    def filled_by(self, general: "Letterhead") -> "Letterhead":
        """Return this letterhead with what it leaves blank from the general one."""
        return Letterhead(
            self.agency or general.agency, self.help_address or general.help_address, self.logo or general.logo
        )


@dataclass(frozen=True, slots=True)
class Stationery:
    """A text in one language with its letterhead, to be filled for each person.

    `server` is the host of the mail server, and `settings_page` the public page about it, or blank.
    """

    text: Text
    language: str
    letterhead: Letterhead
    server: str
    settings_page: str = ""

    @property
    def words(self) -> LetterWords:
        """Return the fixed words of its language."""
        return letters.WORDS[self.language]

    def filled(self, name: str, address: str, password: str = "", *, link: str = "", expires: str = "") -> Text:
        """Return the text for one person; without a password it says that this comes separately."""
        values = self._values(name, address, password or self.words.separately)
        return texts.fill(self.text, {**values, Placeholder.LINK: link, Placeholder.EXPIRES: expires})

    def _values(self, name: str, address: str, password: str) -> Mapping[Placeholder, str]:
        return {
            Placeholder.NAME: name,
            Placeholder.ADDRESS: address,
            Placeholder.PASSWORD: password,
            Placeholder.SERVER: self.server,
            Placeholder.PORTS: "\n".join(letters.port_lines(self.words)),
            Placeholder.HELP: self.letterhead.help_address,
            Placeholder.AGENCY: self.letterhead.agency,
        }
