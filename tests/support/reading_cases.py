"""The files in tests/files/cases, with what must come out of each: rows, notes, or a refusal.

Each goes to the preview as it is, with `clienta.nl` as the default domain. A row may have more than one right outcome.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The password that most rows have.
P = "Kroket-2026a"
DOMAIN = "clienta.nl"
ANY = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One right outcome of a row; blank parts are not compared.

    `says` is searched for in the sentences of the row, and `never` must not be found in them.
    """

    verdict: str = ANY
    address: str = ANY
    password: str = ANY
    quota: int | None = None
    recovery: str = ANY
    says: str = ANY
    never: str = ANY
    #: The phrases of an update; None where they are not compared.
    changes: tuple[str, ...] | None = None

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row of the preview has this outcome."""
        said = "\n".join([*row["errors"], *row["warnings"]])
        stopped = row["verdict"] == "invalid"
        return (
            self.verdict in (ANY, row["verdict"], "flagged" if stopped or row["warnings"] else ANY)
            and self.address in (ANY, f"{row['username']}@{row['domain']}")
            and self.password in (ANY, row["password"])
            and self.quota in (None, row["quota"])
            and self.recovery in (ANY, row["recovery_email"])
            and self.changes in (None, tuple(row.get("changes", ("no changes in the answer",))))
            and (not self.says or re.search(self.says, said, re.IGNORECASE) is not None)
            and (not self.never or re.search(self.never, said, re.IGNORECASE) is None)
        )


Outcomes = tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """The outcome of a file: its rows by line, patterns of its notes, or the pattern of its refusal.

    With both `rows` and `refused`, either is right. `hidden` is never in the answer outside the password column.
    """

    rows: Mapping[int, Outcomes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: str = ""
    never: str = ""
    hidden: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()


def ready(name: str, password: str = P, quota: int | None = None, recovery: str = ANY) -> Outcomes:
    """Return the outcome of a row that can be sent."""
    return (Outcome("ready", name if "@" in name else f"{name}@{DOMAIN}", password, quota, recovery),)


def flagged(says: str, never: str = ANY) -> Outcomes:
    """Return the outcome of a row that has an error or a warning."""
    return (Outcome("flagged", says=says, never=never),)


def invalid(says: str = ANY, never: str = ANY, address: str = ANY) -> Outcomes:
    """Return the outcome of a row that cannot be sent."""
    return (Outcome("invalid", address, says=says, never=never),)


def all_of(lines: Iterable[int], outcomes: Outcomes) -> dict[int, Outcomes]:
    """Return the same outcome for several lines."""
    return dict.fromkeys(lines, outcomes)


TWO = {2: ready("lotte.maas", P, 2048), 3: ready("tim.berg", P, 512)}
_NO_VALUE = r"formula has no value"
_FAILED = r"formula of the spreadsheet failed"
_MERGED = r"merged"
_COMMENT = "comments stand above"
_DATE = r"date"
_FILES_IN_B = "mar1 dec10 sept2 3-4 1.10 5e-3 1e5 007 00123 true"
_ADVICE = r"\btry {}"

CASES: dict[str, Case] = {
    "formula-without-value.xlsx": Case(
        {
            2: (Outcome("invalid", f"lotte.maas@{DOMAIN}", P, says=_NO_VALUE, never=_COMMENT),),
            3: invalid(_NO_VALUE, never=f"No username|{_COMMENT}"),
            4: invalid(_NO_VALUE, never=f"No username|{_COMMENT}"),
            5: (Outcome("flagged", f"ivo.stein@{DOMAIN}", P, 2048, says=_NO_VALUE),),
        }
    ),
    "merged-domain.xlsx": Case(
        {
            2: ready("lotte.maas@clientb.nl", P, 2048),
            3: ready("tim.berg@clientb.nl", P, 2048) + flagged(_MERGED),
            4: ready("una.holm@clientb.nl", P, 2048) + flagged(_MERGED),
            5: ready("ivo.stein@studio-noord.example", P, 4096),
            6: ready("rik.vogel@studio-noord.example", P, 4096) + flagged(_MERGED),
        }
    ),
    "zeros-by-format.xlsx": Case(
        {
            2: ready("00123", P, 2048) + flagged("zero"),
            3: ready("tim.berg", P, 5120) + flagged("format|GB"),
            4: ready("00077", P, 256000) + flagged("format|GB"),
        }
    ),
    "sixteen-digits.xlsx": Case(
        {
            2: ready("400012341234123"),
            3: ready("4000123412341230") + flagged("15 digits"),
            4: ready("40001234123412300") + flagged("15 digits|long number", never=r"'\+'"),
            5: (Outcome("duplicate"), *flagged("15 digits")),
        }
    ),
    "almost-whole.xlsx": Case(
        {2: ready("lotte.maas", P, 1024), 3: ready("tim.berg", P, 2048), 4: ready("una.holm", P, 5120)}
    ),
    "names-become-dates.xlsx": Case(
        {
            2: invalid("date of the username: type it as text"),
            3: invalid("date of the password"),
            4: invalid("date of the quota"),
            5: invalid("date of the username: type it as text"),
        },
        never="\"2026-03-01\"|'2026-03-01'",
    ),
    "totals-row.xlsx": Case(
        {2: ready("lotte.maas", P, 1024), 3: ready("tim.berg", P, 2048), 4: invalid("total")},
        notes=("Line 4 looks like a sum",),
    ),
    "error-cells.xlsx": Case(
        all_of(range(2, 9), invalid(_FAILED, never="try |needs|write 1024|is no address|0 to 9600"))
    ),
    "a-sheet-for-each-client.xlsx": Case({2: ready("lotte.maas"), 3: ready("tim.berg")}, notes=(r"Client B.*2 rows",)),
    "hidden-sheet.xlsx": Case({2: ready("lotte.maas")}, refused="Benutzer, Kennwort"),
    "filtered-rows.xlsx": Case(
        {2: ready("lotte.maas"), 3: (Outcome(),), 4: (Outcome(),), 5: ready("ivo.stein")},
        notes=(r"3.*4.*hidden|hidden.*3.*4",),
    ),
    "formulas-filled-down.xlsx": Case(TWO),
    "stray-blank-far-away.xlsx": Case(TWO),
    "backslashes-in-zip.xlsx": Case(TWO, refused="open it in a spreadsheet and save it again"),
    "group-header-as-wide.csv": Case(
        {3: ready("lotte.maas", P, 2048), 4: ready("tim.berg", "Stoomboot-77x", 512)}, notes=("Mailbox.*Remarks",)
    ),
    "preamble-with-email.csv": Case({6: ready("lotte.maas", P, 2048), 7: ready("tim.berg", P, 512)}, notes=("Report",)),
    "names-only-header.csv": Case(
        refused="We found no usernames or addresses.*Voornaam, Achternaam, Afdeling", never="Nieuwe medewerkers"
    ),
    "column-without-header.csv": Case(
        all_of((2, 3), (Outcome("needs_password"),)), notes=("Column 2 has no header and 2 filled cells",), hidden=(P,)
    ),
    "second-password-column.csv": Case(
        {2: ready("xconfirm.one", P, 512), 3: ready("xconfirm.two", "Stoomboot-77x", 512)},
        notes=("Confirm Password", "Initial password"),
        hidden=("Start-2026a", "Start-2026b"),
    ),
    "entra-bulk-create.csv": Case({3: ready("lotte.maas"), 4: ready("tim.berg", "Stoomboot-77x")}),
    "username-and-private-email.csv": Case(
        {
            2: ready("lotte", P, 5120),
            3: invalid("none", address=f"tim.b@{DOMAIN}", never="account"),
            4: invalid("default", address=f"una.holm@{DOMAIN}", never="account"),
        },
        notes=("'email' has addresses of other domains in 2 rows",),
    ),
    "user-is-a-name.csv": Case(
        {
            2: ready("lotte.maas") + invalid("lotte.maas@clienta.nl"),
            3: ready("tberg") + invalid("tberg@clienta.nl", never="tim.berg"),
        },
        never="try tim.berg",
    ),
    "bytes-as-quota.csv": Case(
        {
            2: flagged("bytes"),
            3: invalid("two addresses"),
            4: invalid("two addresses"),
            5: flagged("bytes"),
        }
    ),
    "hashes-as-passwords.csv": Case(all_of(range(2, 6), flagged("hash"))),
    "google-template-with-hash.csv": Case(
        {
            2: ready("lotte.maas", P, None, "lotte@example.org"),
            3: (Outcome("invalid", f"tim.berg@{DOMAIN}", recovery="tim@example.org", says="^[^\n]*hash[^\n]*$"),),
        }
    ),
    "odd-passwords.csv": Case(
        all_of(range(2, 6), flagged("invisible"))
        | all_of((6, 7), flagged("blank|space"))
        | all_of((8, 9), invalid("invisible"))
        | {
            10: ready("p10", "😀Kroket-2026a"),
            11: ready("p11", "“Abcd-2026x”"),
            12: ready("p12", "Ab cd 2026x"),
            13: ready("p13", "=1+1Aa234567"),
            14: ready("p14", "'Abcd-2026x"),
            15: ready("p15", "&amp;Abcd-2026"),
            16: ready("p16", 'Ab"cd-2026x'),
        }
    ),
    "stray-byte-in-utf-8.csv": Case(
        {
            2: ready("lotte.maas", "Grüße-2026A"),
            3: ready("tim.berg", "Stoomboot-77x"),
            4: ready("una.holm", "Stoomboot-77y"),
            5: ready("ivo.stein", "Kläder-2026X"),
        },
        notes=("line 4",),
        refused="line 4",
        never="GrÃ¼",
    ),
    "windows-1251.csv": Case(
        {2: ready("lotte.maas", "Пароль-2026Ab") + flagged("encoding"), 3: ready("tim.berg", "Stoomboot-77x")}
    ),
    "quotas.csv": Case(
        {line: ready(f"q{line:02}", P, 1024) for line in range(2, 8)}
        | {line: ready(f"q{line:02}", P, 5120) for line in range(8, 12)}
        | {line: ready(f"q{line:02}", P, 500) for line in (12, 13)}
        | {line: ready(f"q{line:02}", P, 512) for line in (14, 15)}
        | {16: ready("q16", P, 1536), 17: ready("q17", P, 0), 18: flagged("999|quota")}
        | all_of(range(19, 26), invalid("quota"))
    ),
    "recovery-emails.csv": Case(
        all_of((2, 3, 4), invalid("recovery email"))
        | {
            5: ready("r5", P, None, "+tag@example.org"),
            6: ready("r6", P, None, "o'neil@example.org"),
            7: ready("r7", P, None, "anna@xn--bcher-kva.example"),
            8: ready("r8", P, None, "a@example.org"),
        }
    ),
    "address-forms.csv": Case(
        {
            line: ready(name) + invalid(_ADVICE.format(re.escape(f"{name}@{DOMAIN}")))
            for line, name in enumerate(
                ("lotte.maas", "tim.berg", "una.holm", "ivo.stein", "rik.vogel", "wies.adler", "zoe.busch"), 2
            )
        }
        | {
            9: ready("pim.vos", P, None, "pim@example.org") + invalid("pim@example.org"),
            10: ready("noor.bos", P, None, "noor@example.org") + invalid("noor@example.org"),
            11: invalid("keep one"),
        },
        notes=("read as the address in it",),
    ),
    "names-beyond-ascii.csv": Case(
        all_of((2, 14), invalid("cyrillic.*looks like"))
        | {
            3: invalid("try bob"),
            4: invalid("try irem"),
            5: invalid("try fiona"),
            6: invalid("try strasse"),
            7: invalid(),
            8: invalid("try bjorn.al"),
            9: invalid("try zoe"),
            10: invalid("try jose.maria"),
            11: invalid("try ivan-petrov"),
            12: invalid("try oneil"),
            13: invalid("try alice"),
            15: invalid("try smile"),
        }
    ),
    "failed-formulas.csv": Case(all_of(range(2, 9), invalid(_FAILED, never="comment|try nv"))),
    "excel-resaved-export.csv": Case(
        {
            2: flagged("mar1 exists"),
            3: flagged("dec10 exists"),
            4: flagged("sept2 exists"),
            5: flagged("3-4 exists"),
            6: flagged("1\\.10 exists"),
            7: flagged("5e-3 exists"),
            8: (Outcome("invalid", "1.00e+05@clientb.nl"), *flagged("1e5")),
            9: flagged("007 exists"),
            10: flagged("00123 exists"),
            11: (Outcome("ready", "true@clientb.nl", never=".", changes=()),),
            12: (Outcome("needs_password", "wies.adler@clientb.nl", never="."),),
        },
        existing=tuple(f"{name}@clientb.nl" for name in _FILES_IN_B.split()),
    ),
    "each-line-in-quotes.csv": Case(
        {2: ready("lotte.maas", P, 2048), 3: ready("tim.berg", "Ab,cd-2026x", 512)},
        refused="each line is one quoted cell",
    ),
    "single-quotes.csv": Case(
        {
            2: (Outcome("flagged", says="single quotes"), Outcome("ready", password=P)),
            3: (Outcome("flagged", says="single quotes"), Outcome("ready", password="Stoomboot-77x")),
        }
    ),
    "blank-before-quote.csv": Case(
        {
            2: ready("lotte.maas", "Ab,cd-2026x", 2048) + invalid("blank.*before the quote"),
            3: ready("tim.berg", "Stoomboot-77x", 512) + invalid("blank.*before the quote"),
            4: ready("una.holm", P, 512),
        },
        never="put a password with a comma in quotes",
    ),
    "ctrl-z.csv": Case(TWO),
    "colon-lines.csv": Case(refused="colon", hidden=(P, "Stoomboot-77x")),
    "html-table.xls": Case(refused="web page.*(xlsx|CSV)"),
    "xml-spreadsheet.xls": Case(refused="Excel XML"),
    "json-file.csv": Case(refused="JSON.*(CSV|xlsx)", hidden=(P,)),
}


_SHOWN = ("verdict", "username", "domain", "quota", "recovery_email", "errors", "warnings")


def trouble(case: Case, answer: Mapping[str, Any]) -> list[str]:
    """Return what in an answer of the preview differs from the case; empty when nothing does."""
    if not answer["success"]:
        message = answer["error"]["message"]
        if not case.refused or not re.search(case.refused, message):
            return [f"refused: {message}"]
        return [f"in clear: {secret}" for secret in case.hidden if secret in message]
    if not case.rows:
        return ["read, and not refused"]
    data = answer["data"]
    rows = {row["line"]: row for row in data["rows"]}
    found = [] if rows.keys() == case.rows.keys() else [f"lines {sorted(rows)}"]
    found += [
        f"line {line}: " + ", ".join(str(row[name]) for name in _SHOWN)
        for line, row in rows.items()
        if not any(outcome.fits(row) for outcome in case.rows.get(line, ()))
    ]
    notes = [note["message"] for note in data.get("notes", ())]
    found += [f"no note {wanted!r}: {notes}" for wanted in case.notes if not any(re.search(wanted, n) for n in notes)]
    said = "\n".join([*notes, *(text for row in rows.values() for text in (*row["errors"], *row["warnings"]))])
    found += [f"never: {case.never}"] * bool(case.never and re.search(case.never, said + str(list(rows.values()))))
    found += [f"in clear: {secret}" for secret in case.hidden if secret in said]
    return found
