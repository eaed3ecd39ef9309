"""Validation of rows: every message, the precedence of verdicts, and the cleaned values."""

from typing import Any

import pandas as pd
import pytest

from mxlib.core.import_batch import ImportBatch
from mxlib.core.plans.changes import NewStored, normalised
from mxlib.core.schema import MASK, make_rows
from mxlib.core.text import findings
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Verdict

GOOD = "Winter-2026"
ACCOUNT = AccountSnapshot(
    domains=frozenset({"clienta.nl", "clientb.nl", "xn--mnchen-3ya.de"}),
    existing={
        "clienta.nl": frozenset({"info", "o'brien"}),
        "clientb.nl": frozenset(),
        "xn--mnchen-3ya.de": frozenset(),
    },
)
STANDARD = Defaults("clienta.nl")


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return rows that are ready except for the given cells; lines count from 2, as below a header."""
    full = [{"username": f"row{n}", "password": GOOD, "line": n + 2} | row for n, row in enumerate(rows)]
    names = {name for row in full for name in row}
    blanks = {"ticked": True, "line": 0}
    columns = {name: [row.get(name, blanks.get(name, "")) for row in full] for name in names}
    metadata = {name: columns.pop(name) for name in ("line", "ticked", "fault", "fault_column") if name in columns}
    return make_rows(columns, **metadata)


def validated(*rows: dict[str, Any], account: AccountSnapshot = ACCOUNT, defaults: Defaults = STANDARD) -> list[Any]:
    return list(validate(table(*rows), account, defaults).itertuples())


def one(account: AccountSnapshot = ACCOUNT, defaults: Defaults = STANDARD, **row: Any) -> Any:
    return validated(row, account=account, defaults=defaults)[0]


def test_a_good_row_is_ready_without_reasons_or_warnings():
    row = one(username="jan.jansen", quota="2048", limit="9600", recovery_email="jan@home.nl")
    assert (row.verdict, row.reasons, row.warnings) == (Verdict.READY, "", "")
    assert (row.clean_username, row.clean_domain, row.clean_recovery_email) == (
        "jan.jansen",
        "clienta.nl",
        "jan@home.nl",
    )
    assert (row.clean_quota, row.clean_limit) == (2048, 9600)


def test_validation_adds_columns_and_changes_nothing_else():
    rows = table({"username": " Jan "}, {"quota": "lots"})
    before = rows.copy(deep=True)
    after = validate(rows, ACCOUNT, STANDARD)
    pd.testing.assert_frame_equal(rows, before)
    pd.testing.assert_frame_equal(after[rows.columns], before)
    assert list(after.columns[len(rows.columns) :]) == [
        "verdict", "reasons", "warnings", "clean_username", "clean_domain", "action", "changes", "clean_recovery_email",
        "clean_name", "had_recovery_email", "had_name", "suggested_username", "suggested_domain", "suggested_quota",
        "suggested_limit", "suggested_recovery_email", "suggested_name",
        "clean_quota", "clean_limit", "asked_limit", "exists", "had_quota", "had_limit",
        "reason_codes", "warning_codes", "change_codes",
    ]  # fmt: skip
    assert {str(after[name].dtype) for name in ("clean_quota", "clean_limit")} == {"Int64"}
    assert {str(after[name].dtype) for name in ("verdict", "reasons", "warnings", "clean_username")} == {"str"}


def test_an_empty_table_is_validated():
    assert validate(make_rows({}), ACCOUNT, STANDARD).empty


def test_missing_values_are_blank():
    rows = table({"username": "jan"}).astype(object)
    rows.loc[0, ["quota", "limit", "recovery_email", "domain", "fault"]] = None
    row = next(validate(rows, ACCOUNT, STANDARD).itertuples())
    assert (row.verdict, row.clean_domain, row.clean_quota) == (Verdict.READY, "clienta.nl", 1024)


# Usernames


@pytest.mark.parametrize("typed", ["Jan.Jansen", " jan.jansen ", "\u200bJAN.JANSEN\u00a0", "\ufeffjan.jansen\t"])
def test_capitals_and_blanks_around_a_username_are_fixed_silently(typed: str):
    row = one(username=typed)
    assert (row.verdict, row.clean_username) == (Verdict.READY, "jan.jansen")


@pytest.mark.parametrize("name", ["a", "007", "1e5", "na", "null", "true", "a-b_c.d", "a" * 64, "a-", "a_"])
def test_usernames_that_look_like_numbers_or_null_are_accepted(name: str):
    assert one(username=name).verdict == Verdict.READY


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("jan jansen", "'jan jansen' has a space; try jan.jansen."),
        ("jan  jansen", "'jan  jansen' has a space; try jan.jansen."),
        ("josé", "'josé' has 'é'; try jose."),
        ("Søren", "'søren' has 'ø'; try soren."),
        ("o'neil", "'o'neil' has an apostrophe; try oneil."),
        ("a..b", "'a..b' has two dots in a row; try a.b."),
        ("jan.", "'jan.' ends with a dot; try jan."),
        (".jan", "'.jan' must start with a letter or a digit; try jan."),
        ("-jan", "'-jan' must start with a letter or a digit; try jan."),
        ("jan\u200bjansen", "'janjansen' has an invisible character; try janjansen."),
        ("jan@", "'jan@' has an @ in the wrong place; try jan."),
        ("a@b@c", "'a@b@c' has an @ in the wrong place; use a-z, 0-9, dot, dash and underscore."),
        ("jan+news", "'jan+news' has '+'; use a-z, 0-9, dot, dash and underscore."),
        ("张伟", "'张伟' has '张'; use a-z, 0-9, dot, dash and underscore."),
        ("", "No username: type one."),
        ("\u00a0 ", "No username: type one."),
        ("@clienta.nl", "No username: type one."),
    ],
)
def test_an_invalid_username_is_reported_with_a_suggestion(name: str, message: str):
    row = one(username=name)
    assert (row.verdict, row.reasons) == (Verdict.INVALID, message)


def test_a_username_of_65_characters_is_too_long():
    assert one(username="a" * 65).reasons.endswith(
        "is longer than 64 characters; use a-z, 0-9, dot, dash and underscore."
    )


def test_the_username_rule_does_not_apply_to_existing_mailboxes():
    assert one(username="O'Brien").verdict == Verdict.EXISTS
    assert one(username="o'brien@clientb.nl").verdict == Verdict.INVALID


def test_a_cell_quoted_in_a_reason_is_short_and_printable():
    row = one(username="jan\x1b[2J " + "x" * 200)
    assert "\x1b" not in row.reasons
    assert len(row.reasons) < 130


# Domains


def test_a_full_address_in_the_username_is_split():
    row = one(username="Jan@ClientB.nl")
    assert (row.verdict, row.clean_username, row.clean_domain) == (Verdict.READY, "jan", "clientb.nl")


def test_an_address_that_matches_the_domain_column_is_accepted():
    assert one(username="jan@clientb.nl", domain="CLIENTB.NL ").verdict == Verdict.READY
    assert one(username="jan@münchen.de", domain="xn--mnchen-3ya.de").verdict == Verdict.READY


def test_an_address_that_contradicts_the_domain_column_is_invalid():
    row = one(username="jan@a.nl", domain="b.nl")
    assert row.reasons == "The address says a.nl, the domain column b.nl. Keep one."
    assert one(username="jan@a.nl", domain="x@b.nl").reasons == (
        "The address says a.nl, the domain column x@b.nl. Keep one."
    )


def test_a_blank_domain_is_the_default_domain():
    assert one(domain=" ", defaults=Defaults("clientb.nl")).clean_domain == "clientb.nl"


def test_a_row_without_any_domain_is_invalid():
    assert one(defaults=Defaults("")).reasons == findings.NO_DOMAIN


@pytest.mark.parametrize("typed", ["münchen.de", "MÜNCHEN.de", "xn--mnchen-3ya.de", "münchen。de"])
def test_an_international_domain_becomes_punycode(typed: str):
    assert one(domain=typed).clean_domain == "xn--mnchen-3ya.de"
    assert one(domain=typed).verdict == Verdict.READY


def test_a_domain_that_is_not_on_the_account_is_invalid():
    assert one(domain="elsewhere.nl").reasons == (
        "elsewhere.nl is not on this MXroute account. Add it there, then Refresh."
    )


@pytest.mark.parametrize("typed", ["clienta", "a b.nl", "-a.nl", "a..nl", "http://a.nl", "☃☃", "a" * 300])
def test_text_that_is_not_a_domain_is_reported(typed: str):
    assert "is no domain; write it like example.com." in one(domain=typed).reasons


def test_a_forbidden_domain_is_the_first_reason():
    account = AccountSnapshot(
        ACCOUNT.domains, ACCOUNT.existing, forbidden={"clientb.nl": "You have no permission to import into clientb.nl."}
    )
    row = one(username="jan jansen", domain="clientb.nl", fault="One value too many.", account=account)
    assert row.verdict == Verdict.INVALID
    assert row.reasons.splitlines()[0] == "You have no permission to import into clientb.nl."
    assert one(username="jan", account=account).verdict == Verdict.READY


@pytest.mark.parametrize(
    "account",
    [
        AccountSnapshot(ACCOUNT.domains, ACCOUNT.existing, unchecked=frozenset({"clienta.nl"})),
        AccountSnapshot(ACCOUNT.domains, {}),
    ],
)
def test_an_unchecked_domain_is_warned_of_and_not_treated_as_empty(account: AccountSnapshot):
    row = one(username="jan", account=account)
    assert (row.verdict, row.warnings) == (
        Verdict.READY,
        "Could not check clienta.nl for existing mailboxes; one that exists will be skipped.",
    )


def test_the_domains_that_need_a_list_are_named_once_and_normalised():
    rows = table({"username": "a@ClientB.nl"}, {"domain": "münchen.de"}, {}, {"domain": "clientb.nl"})
    assert ImportBatch(rows, STANDARD.domain).domains == {"clientb.nl", "xn--mnchen-3ya.de", "clienta.nl"}
    assert ImportBatch(make_rows({}), "").domains == frozenset()


# Passwords


@pytest.mark.parametrize("cell", ["", "   ", "\u00a0", "****", "*", MASK, f" {MASK} ", f"{MASK}x", "••"])
def test_a_blank_or_masked_password_counts_as_missing(cell: str):
    row = one(password=cell)
    assert (row.verdict, row.reasons) == (Verdict.NEEDS_PASSWORD, "Type one, or tick Generate secure passwords.")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("winter-abc", "The password needs a capital and a digit."),
        ("Ab1", "The password needs 8 characters."),
        ("x", "The password needs 8 characters, a capital and a digit."),
        ("12345678", "The password needs a capital and a small letter."),
        ("ÉÉÉéééé1", "The password needs a capital and a small letter."),
        (" Winter-2026", "The password starts or ends with a blank; remove it."),
        ("Winter-2026\u00a0", "The password starts or ends with a blank; remove it."),
        ("Winter-\x002026", "The password has an invisible character in it, which nobody can type; remove it."),
        ("Winter-\n2026", "The password has an invisible character in it, which nobody can type; remove it."),
    ],
)
def test_a_weak_password_is_reported_with_what_it_needs(cell: str, message: str):
    row = one(password=cell)
    assert (row.verdict, row.reasons) == (Verdict.INVALID, message)


@pytest.mark.parametrize("start", "=+-@＝＋－＠")
def test_a_password_that_starts_like_a_formula_is_ready_with_a_warning(start: str):
    first, last = validated({"password": f"{start}Geheim.2026"}, {"password": f"Geheim.2026{start}"})
    assert (first.verdict, first.warnings) == (Verdict.READY, findings.FORMULA)
    assert (last.verdict, last.warnings) == (Verdict.READY, "")
    assert start not in findings.FORMULA


def test_a_password_without_a_special_character_is_ready_with_a_warning():
    row = one(password="Winter2026")
    assert (row.verdict, row.warnings) == (Verdict.READY, "No special character: MXroute may refuse it.")


@pytest.mark.parametrize("cell", ["Win ter-2026", "=Winter-2026", "Winter,2026;", "Wïnter-2026"])
def test_a_password_may_hold_anything_inside(cell: str):
    assert one(password=cell).verdict == Verdict.READY


# Numbers


@pytest.mark.parametrize(
    ("cell", "megabytes"),
    [
        ("", 1024), ("0", 0), ("007", 7), ("1024", 1024), (" 1024 ", 1024), ("1,024", 1024), ("1 024", 1024),
        ("1\u00a0024", 1024), ("1\u202f024", 1024), ("1,024,000", 1024000), ("1024.0", 1024), ("1,024.00", 1024),
        ("2048,0", 2048), ("1,5 GB", 1536),
        ("2 GB", 2048), ("2gb", 2048), ("1.5 GB", 1536), ("512 MB", 512), ("1 TB", 1048576), ("unlimited", 0),
        ("Unlimited", 0), ("999999999", 999999999), ("1'024", 1024), ("1\u2009024", 1024),
        ("5G", 5120), ("5 GiB", 5120), (".5 GB", 512), ("1023.9999999999999", 1024),
    ],
)  # fmt: skip
def test_quotas_are_read_as_spreadsheets_write_them(cell: str, megabytes: int):
    row = one(quota=cell)
    assert (row.verdict, row.clean_quota) == (Verdict.READY, megabytes)


@pytest.mark.parametrize(
    "cell",
    ["1.024", "1.000", "1.024 GB", "1024.5", "0.3 MB", "-5", "+5", "lots", "1e5", "1,02", "1,024 000", "1,0",
     "١٠٢٤", "2 GB x", "GB", "9" * 10, "1" * 5000, "½"],
)  # fmt: skip
def test_meaningless_and_ambiguous_quotas_are_invalid(cell: str):
    row = one(quota=cell)
    assert row.verdict == Verdict.INVALID
    assert row.reasons.startswith("Quota '")
    assert row.reasons.endswith(": write 1024 or 1 GB.")
    assert pd.isna(row.clean_quota)


def test_the_reason_for_an_invalid_quota_quotes_it():
    assert one(quota="1.024").reasons == "Quota '1.024': write 1024 or 1 GB."


@pytest.mark.parametrize(("cell", "sends"), [("", 9600), ("0", 0), ("9600", 9600), ("9,600", 9600), ("500.0", 500)])
def test_limits_from_0_to_9600_are_accepted(cell: str, sends: int):
    row = one(limit=cell)
    assert (row.verdict, row.clean_limit) == (Verdict.READY, sends)


@pytest.mark.parametrize("cell", ["9601", "-1", "unlimited", "2 GB", "lots", "9.600", "0.5"])
def test_other_limits_are_invalid(cell: str):
    row = one(limit=cell)
    assert (row.verdict, row.reasons) == (Verdict.INVALID, "Limit: 0 to 9600.")
    assert pd.isna(row.clean_limit)


def test_blank_quota_and_limit_are_the_defaults():
    row = one(defaults=Defaults("clienta.nl", quota=0, limit=300))
    assert (row.clean_quota, row.clean_limit) == (0, 300)
    assert row.warnings == "MXroute will set limit 9600, not 300."


def test_a_limit_that_the_host_ignores_gets_a_warning():
    assert one(limit="500").warnings == "MXroute will set limit 9600, not 500."


def test_a_quota_that_may_be_meant_in_gb_gets_a_warning():
    assert one(quota="5").warnings == "5 MB: did you mean 5 GB?"
    assert [one(quota=cell).warnings for cell in ("5 MB", "0", "100", "unlimited")] == [""] * 4
    assert one(defaults=Defaults("clienta.nl", quota=50)).warnings == ""


# Recovery emails


@pytest.mark.parametrize("cell", ["Jan+mx@Home.NL", " jan@home.nl ", "j@münchen.de", "o'neil@a-b.co.uk"])
def test_recovery_emails_that_are_addresses_are_accepted(cell: str):
    assert one(recovery_email=cell).verdict == Verdict.READY


def test_a_recovery_email_is_sent_in_lower_case_and_punycode():
    assert one(recovery_email=" Jan@München.DE").clean_recovery_email == "jan@xn--mnchen-3ya.de"


@pytest.mark.parametrize("cell", ["jan", "jan@", "@home.nl", "jan@home", "a b@c.nl", "a@b@c.nl", "Jan <a@b.nl>", "--"])
def test_recovery_emails_that_are_not_addresses_are_invalid(cell: str):
    row = one(recovery_email=cell)
    assert row.verdict == Verdict.INVALID
    assert "is no address; write it like name@example.com." in row.reasons


def test_an_invalid_recovery_email_is_quoted_as_it_was_typed():
    message = "Recovery email 'J an@München.DE' is no address; write it like name@example.com."
    assert one(recovery_email=" J an@München.DE ").reasons == message
    assert normalised(NewStored({"Jan@clienta.nl": "J an@München.DE"}))[1] == message


def test_a_mailbox_cannot_be_its_own_recovery_email():
    row = one(username="Jan", recovery_email="jan@ClientA.nl")
    assert (row.verdict, row.reasons) == (Verdict.INVALID, "The recovery email is this mailbox; use another.")


# Verdicts


def test_an_existing_mailbox_is_skipped():
    row = one(username="INFO")
    assert (row.verdict, row.reasons) == (
        Verdict.EXISTS,
        "Skipped. To change it, choose Update existing.",
    )


def test_an_existing_mailbox_needs_no_password_and_no_warning():
    row = one(username="info", password="", limit="500")
    assert (row.verdict, row.warnings) == (Verdict.EXISTS, "")


def test_a_later_row_of_the_same_address_is_a_duplicate_named_by_line():
    first, second = validated({"username": "jan", "line": 14}, {"username": "JAN@clienta.nl", "line": 20})
    assert (first.verdict, second.verdict) == (Verdict.READY, Verdict.DUPLICATE)
    assert second.reasons == "Same address as line 14. Change one, or leave this one out."


def test_the_duplicate_of_a_row_added_by_hand_names_it_so():
    _, second = validated({"username": "jan", "line": 0}, {"username": "jan", "line": 2})
    assert second.reasons == "Same address as a row added manually. Change one, or leave this one out."


def test_all_duplicates_name_the_row_that_would_be_sent():
    rows = validated(*[{"username": "jan"}] * 3)
    assert [row.reasons.split(".")[0] for row in rows[1:]] == ["Same address as line 2"] * 2


def test_the_same_name_in_another_domain_is_no_duplicate():
    assert validated({"username": "jan"}, {"username": "jan", "domain": "clientb.nl"})[1].verdict == Verdict.READY


@pytest.mark.parametrize("flaw", [{"ticked": False}, {"quota": "lots"}, {"fault": "One value too many."}])
def test_a_row_that_is_not_sent_makes_no_later_row_a_duplicate(flaw: dict[str, Any]):
    rows = validated({"username": "jan"} | flaw, {"username": "jan"}, {"username": "jan"})
    assert [row.verdict for row in rows[1:]] == [Verdict.READY, Verdict.DUPLICATE]


def test_a_row_that_needs_a_password_claims_its_name():
    rows = validated({"username": "jan", "password": ""}, {"username": "jan"})
    assert [row.verdict for row in rows] == [Verdict.NEEDS_PASSWORD, Verdict.DUPLICATE]


def test_rows_of_an_existing_mailbox_are_all_existing_and_no_duplicates():
    assert [row.verdict for row in validated({"username": "info"}, {"username": "info"})] == [Verdict.EXISTS] * 2


def test_every_reason_is_reported_and_the_most_severe_decides():
    rows = validated(
        {"username": "jan"},
        {"username": "jan", "password": "short", "quota": "lots", "limit": "x", "recovery_email": "jan@clienta.nl"},
    )
    assert rows[1].verdict == Verdict.INVALID
    assert rows[1].reasons.splitlines() == [
        "The password needs 8 characters, a capital and a digit.",
        "Quota 'lots': write 1024 or 1 GB.",
        "Limit: 0 to 9600.",
        "The recovery email is this mailbox; use another.",
        "Same address as line 2. Change one, or leave this one out.",
    ]


def test_a_reason_after_another_names_its_verdict():
    assert one(username="info", quota="lots").reasons.splitlines()[1] == (
        "Already exists. Skipped. To change it, choose Update existing."
    )
    assert one(password="", quota="lots").reasons.splitlines()[1] == (
        "Needs password. Type one, or tick Generate secure passwords."
    )


def test_an_invalid_row_has_no_warnings():
    assert one(limit="500", quota="lots").warnings == ""


def test_a_reading_fault_makes_a_row_invalid():
    message = "One value too many: put a password with a comma in quotes."
    row = one(fault=message, fault_column="password")
    assert (row.verdict, row.reasons) == (Verdict.INVALID, message)


@pytest.mark.parametrize("name", ["İnfo", "\u212aees"])
def test_a_letter_that_only_looks_like_a_capital_is_not_fixed_silently(name: str):
    assert one(username=name).verdict == Verdict.INVALID


def test_a_blank_inside_a_recovery_email_is_not_fixed_silently():
    assert one(recovery_email="jan@ home.nl").verdict == Verdict.INVALID
    assert one(recovery_email="jan@home.nl").verdict == Verdict.READY
