"""Texts of the groups of problems: what is wrong, what the fix does, and what was done."""

from collections.abc import Mapping

from mxlib.core.fixes.apply import AppliedFix
from mxlib.core.fixes.groups import FixGroup, FixKind, Problem
from mxlib.core.format import count

#: What is wrong with one row, and with several; `{n}` is their number.
_PROBLEMS: Mapping[Problem, tuple[str, str]] = {
    Problem.USERNAME_SPACE: ("1 username has a space", "{n} usernames have a space"),
    Problem.USERNAME_LETTERS: ("1 username has an accent or a special letter", "{n} usernames have accents"),
    Problem.USERNAME_OTHER: ("1 username is not valid", "{n} usernames are not valid"),
    Problem.UNKNOWN_DOMAIN: ("1 unknown domain", "{n} unknown domains"),
    Problem.DOMAIN_NOT_ALLOWED: ("1 domain that you may not import into", "{n} domains that you may not import into"),
    Problem.TWO_DOMAINS: ("1 row names two domains", "{n} rows name two domains"),
    Problem.WEAK_PASSWORD: ("1 weak password", "{n} weak passwords"),
    Problem.UNUSABLE_PASSWORD: ("1 password nobody can type", "{n} passwords nobody can type"),
    Problem.PASSWORD_BLANKS: ("1 password has a blank around it", "{n} passwords have blanks around them"),
    Problem.PASSWORD_HASHES: ("1 password is a hash", "{n} passwords are hashes"),
    Problem.EXISTING_PASSWORD: ("1 existing mailbox would get a weak or unusable password",
                                "{n} existing mailboxes would get weak or unusable passwords"),
    Problem.MAILBOX_LOCKED: ("1 locked mailbox would get a password", "{n} locked mailboxes would get passwords"),
    Problem.NEEDS_PASSWORD: ("1 password is missing", "{n} passwords are missing"),
    Problem.QUOTA_MEANT: ("1 quota is unclear", "{n} quotas are unclear"),
    Problem.QUOTA_UNREADABLE: ("1 quota cannot be read", "{n} quotas cannot be read"),
    Problem.QUOTA_OVER_CAP: ("1 quota is over its client's largest quota",
                             "{n} quotas are over their client's largest quota"),
    Problem.LIMIT_MEANT: ("1 limit is not possible", "{n} limits are not possible"),
    Problem.LIMIT_UNREADABLE: ("1 limit cannot be read", "{n} limits cannot be read"),
    Problem.RECOVERY_MEANT: ("1 recovery email is not an address", "{n} recovery emails are not addresses"),
    Problem.RECOVERY_UNREADABLE: ("1 recovery email is not an address", "{n} recovery emails are not addresses"),
    Problem.RECOVERS_ITSELF: ("1 recovery email is the mailbox itself", "{n} recovery emails are the mailbox itself"),
    Problem.RECOVERY_MISTYPED: ("1 recovery email looks mistyped", "{n} recovery emails look mistyped"),
    Problem.NAME_UNREADABLE: ("1 name has a hidden character", "{n} names have hidden characters"),
    Problem.TINY_QUOTA: ("1 quota of a few MB", "{n} quotas of a few MB"),
    Problem.HUGE_QUOTA: ("1 quota looks like bytes", "{n} quotas look like bytes"),
    Problem.DUPLICATE: ("1 duplicate", "{n} duplicates"),
    Problem.MAILBOXES_OVER_CAP: ("1 mailbox more than its client may have",
                                 "{n} mailboxes more than their clients may have"),
    Problem.ALREADY_EXISTS: ("1 already exists", "{n} already exist"),
    Problem.MAYBE_NAMESAKE: ("1 excluded row has the name of an existing mailbox",
                             "{n} excluded rows have the names of existing mailboxes"),
    Problem.NO_PERMISSION: ("1 row is in a domain that you may not import into",
                            "{n} rows are in domains that you may not import into"),
    Problem.DOMAIN_NOT_FOUND: ("1 domain is not on the account", "{n} domains are not on the account"),
    Problem.UNREADABLE_ROW: ("1 row could not be read", "{n} rows could not be read"),
}  # fmt: skip

#: The things that a problem is about, to say what a fix has changed.
_NOUNS: Mapping[str, tuple[str, str]] = {
    "username": ("username", "usernames"),
    "domain": ("domain", "domains"),
    "password": ("password", "passwords"),
    "quota": ("quota", "quotas"),
    "limit": ("limit", "limits"),
    "recovery_email": ("recovery email", "recovery emails"),
    "name": ("name", "names"),
}
_BUTTONS = {
    FixKind.INCLUDE: "Same people: include {n}",
    FixKind.EXCLUDE: "Exclude {n}",
    FixKind.SHOW_CHANGES: "Show what would change",
}
_DONE = {
    FixKind.INCLUDE: "included",
    FixKind.EXCLUDE: "excluded",
    FixKind.GENERATE: "generated",
    FixKind.CLEAR: "cleared",
}


def problem(group: FixGroup) -> str:
    """Return what is wrong with the rows of a group: `5 usernames have a space`."""
    one, several = _PROBLEMS[group.problem]
    return one if len(group) == 1 else several.format(n=f"{len(group):,}")


def advice(group: FixGroup) -> str:
    """Return what the main fix does, without the samples; blank where these say it."""
    match group.fixes[0]:
        case FixKind.GENERATE:
            return "generate"
        case FixKind.INCLUDE:
            return "update, if they are the same people"
        case FixKind.STRIP:
            return "remove the blanks"
        case FixKind.EXCLUDE:
            return "exclude, or show what would change" if FixKind.SHOW_CHANGES in group.fixes else "exclude"
        case FixKind.CLEAR if group.column == "password":
            return "keep their own"
        case FixKind.CLEAR:
            return f"use the default {group.column}" if group.column in ("quota", "limit") else "leave blank"
        case _:
            return ""


def label(group: FixGroup, kind: FixKind) -> str:
    """Return the label of a fix: `Fix 5`, `Exclude 12`, and for a further one what else it does."""
    words = _BUTTONS.get(kind, "Clear {n}" if kind is FixKind.CLEAR and kind is not group.fixes[0] else "Fix {n}")
    return words.format(n=f"{len(group):,}")


def done(fix: AppliedFix, standing: int) -> str:
    """Return what a fix has done in the rows where it still holds: `5 usernames fixed`."""
    noun = (
        ("row", "rows")
        if fix.kind in (FixKind.EXCLUDE, FixKind.INCLUDE)
        else _NOUNS.get(fix.group.column, ("row", "rows"))
    )
    return f"{count(standing, *noun)} {_DONE.get(fix.kind, 'fixed')}"


def undoing(fix: AppliedFix, standing: int, *, last: bool) -> str:
    """Return what undoing a fix does."""
    if last:
        return "Undoes this fix."
    kept = fix.count - standing
    rows = count(standing, "row")
    if not kept:
        return f"Undoes this fix in {rows}. What you changed since stays."
    edited = count(kept, "row was", "rows were")
    return f"Undoes this fix in {rows} of {fix.count:,}: {edited} edited since. Your edits stay."


def suggestion(group: FixGroup, at: int) -> str:
    """Return the label of the main fix in one row of a group: the value that it puts there."""
    match group.fixes[0]:
        case FixKind.GENERATE:
            return "Generate"
        case FixKind.STRIP:
            return "Trim"
        case _ if group.column == "name":
            return "Clean"  # the value itself has hidden characters removed, and looks like the cell
        case _ if group.column == "username":
            return group.becomes["username"][at].partition("@")[0]
        case _ if group.column == "domain":
            return group.becomes["domain"][at] or group.becomes["username"][at].partition("@")[2]
        case _:
            return group.becomes[group.column][at]
