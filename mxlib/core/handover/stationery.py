"""Text, language and letterhead of what goes to the owner of a mailbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mxlib.core.handover import texts
from mxlib.core.handover.texts import NO_CELLS, Placeholder, Text
from mxlib.core.text import letters
from mxlib.core.text.letters import LetterWords


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The sender: the agency's name, an address for help, and a logo (PNG or JPEG). Each may be blank.

    `without_logo` says that letters have none, whatever the general letterhead has.
    """

    agency: str = ""
    help_address: str = ""
    logo: bytes = field(default=b"", repr=False)
    without_logo: bool = False

    def filled_by(self, general: "Letterhead") -> "Letterhead":
        """Return this letterhead with what it leaves blank from the general one."""
        logo = b"" if self.without_logo else self.logo or general.logo
        return Letterhead(
            self.agency or general.agency, self.help_address or general.help_address, logo, self.without_logo
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

    def filled(
        self, name: str, address: str, password: str = "", *, link: str = "", expires: str = "",
        cells: Mapping[str, str] = NO_CELLS,
    ) -> Text:  # fmt: skip
        """Return the text for one person; without a password it says that this comes separately.

        `cells` are the own cells of their row, by their headers.
        """
        values = self._values(name, address, password or self.words.separately, cells)
        return texts.fill(self.text, {**values, Placeholder.LINK: link, Placeholder.EXPIRES: expires}, cells)

    def left_out(self, cells: Mapping[str, str] = NO_CELLS) -> tuple[str, ...]:
        """Return the placeholders whose lines are left out for a person with these own cells."""
        return texts.left_out(self.text, self._values("", "", "", cells), cells)

    def _values(self, name: str, address: str, password: str, cells: Mapping[str, str]) -> Mapping[Placeholder, str]:
        return {
            Placeholder.SALUTATION: texts.salutation_of(cells),
            Placeholder.NAME: name,
            Placeholder.ADDRESS: address,
            Placeholder.PASSWORD: password,
            Placeholder.SERVER: self.server,
            Placeholder.PORTS: "\n".join(letters.port_lines(self.words)),
            Placeholder.HELP: self.letterhead.help_address,
            Placeholder.AGENCY: self.letterhead.agency,
        }
