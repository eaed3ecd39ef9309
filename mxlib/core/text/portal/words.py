"""The texts of the public pages as one set for each language.

Words in braces are filled in. No text has a default: a language without it does not load.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.core.password_rules import MAX_LENGTH, MIN_LENGTH, PasswordProblem


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of the public pages in one language."""

    language: str
    months: tuple[str, ...]
    day: str
    test_data: str
    colon: str

    ask: str
    ask_unnamed: str
    copy: str
    copied: str
    address: str
    to_settings: str

    password_title: str
    password_intro: str
    rules: str
    rule_length: str
    rule_kinds: str
    rule_signs: str
    rule_names: str
    rule_common: str
    new_password: str
    again: str
    set_password: str
    until_day: str
    until_minutes: str
    not_set: str
    problems: Mapping[PasswordProblem, str]

    done_title: str
    done: str
    not_yet_title: str
    not_yet: str
    expired_title: str
    expired: str
    ended_title: str
    ended: str
    unknown_title: str
    unknown: str
    new_link: str
    by_reset: str

    busy_title: str
    busy: str
    not_answered_title: str
    not_answered: str
    host_down_title: str
    host_down: str
    too_many_title: str
    too_many: str

    settings_title: str
    settings_intro: str
    settings_address: str
    show: str
    apple: str
    apple_button: str
    apple_steps: tuple[str, ...]
    apple_note: str
    manual: str
    user_name: str
    user_name_is_address: str
    password: str
    password_is_own: str
    server: str
    imap: str
    smtp: str
    pop3: str
    port: str
    outgoing: str

    reset_title: str
    reset_intro: str
    reset_button: str
    reset_done_title: str
    reset_done: str
    reset_nothing: str
    reset_off: str

    recovery_title: str
    recovery_intro: str
    recovery_label: str
    recovery_hint: str
    recovery_button: str
    recovery_invalid: str
    recovery_own: str
    recovery_here: str
    recovery_sent_title: str
    recovery_sent: str
    confirm_title: str
    confirm_intro: str
    confirm_button: str
    confirmed_title: str
    confirmed: str

    not_found_title: str
    not_found: str
    foreign_title: str
    foreign: str
    refused_title: str
    refused: str
    failed_title: str
    failed: str

    @property
    def all_rules(self) -> tuple[str, ...]:
        """Return the rules of a new password, one a line."""
        length = self.rule_length.format(least=MIN_LENGTH, most=MAX_LENGTH)
        return (length, self.rule_kinds, self.rule_signs, self.rule_names, self.rule_common)

    def problem(self, code: PasswordProblem) -> str:
        """Return the sentence for a problem of a password."""
        return self.problems[code].format(least=MIN_LENGTH, most=MAX_LENGTH)
