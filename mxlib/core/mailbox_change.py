"""Changes of a mailbox at MXroute by one write."""

from dataclasses import dataclass

from mxlib.core.text import findings


@dataclass(frozen=True, slots=True)
class MailboxChange:
    """A password, a quota and a limit that were asked for.

    `had` is the quota before, None where it is not known.
    """

    password: bool
    had: int | None = None
    quota: int | None = None
    limit: int | None = None

    @property
    def text(self) -> str:
        """Return it as phrases, without the password."""
        return findings.what_changed(password=self.password, had=self.had, quota=self.quota, limit=self.limit)

    @property
    def facts(self) -> dict[str, object]:
        """Return it for programs, without the password and without what is not known."""
        figures = {"had_quota": self.had if self.quota is not None else None, "quota": self.quota, "limit": self.limit}
        return {"password": self.password} | {name: value for name, value in figures.items() if value is not None}
