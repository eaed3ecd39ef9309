"""Texts of changes of selected mailboxes: questions, warnings and results."""

import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from mxlib.core.plans import change_text
from mxlib.core.plans.changes import Change, ChangeSummary, Deletion, NewPassword, NewQuota, NewStored, OverQuota
from mxlib.core.schema import NAME

FIGURES = ChangeSummary(
    mailboxes=3, acting=3, quota_before=3072, quota_after=6144, unlimited=0, suspended=0, mail=3481.6
)
ONE = replace(FIGURES, mailboxes=1, acting=1, quota_before=1024, quota_after=2048)
KIM = "kim@a.nl"
EMAIL = NewStored({KIM: "kim@home.nl", "nina@a.nl": ""})
NO_EMAIL = NewStored({KIM: ""})
FULL_NAME = NewStored({KIM: "Kim"}, NAME)
TWICE = NewQuota(times=Decimal(2))
AT_MOST_20 = "at MXroute's limit of 20 a minute. You can close this tab."


def asked(
    change: Change, figures: ChangeSummary = FIGURES, *, alone: str = "", seconds: float = 0.0, **other: Any
) -> str:
    """Return the question about a change whose figures differ from FIGURES in `other`."""
    readable_until = time.mktime((2026, 11, 29, 12, 0, 0, 0, 0, -1))
    return change_text.question(
        change, replace(figures, **other), alone=alone, readable_until=readable_until, seconds=seconds
    )


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (NewQuota(2048), "Set quota: 2,048 MB"),
        (NewQuota(0), "Set quota: unlimited"),
        (TWICE, "Set quota: × 2"),
        (NewQuota(times=Decimal("1.50")), "Set quota: × 1.5"),
        (NewQuota(times=Decimal(100)), "Set quota: × 100"),
        (NewQuota(plus=1024), "Set quota: + 1,024 MB"),
        (NewPassword(), "Reset passwords"),
        (EMAIL, "Set recovery emails"),
        (NO_EMAIL, "Clear recovery emails"),
        (FULL_NAME, "Set full names"),
        (Deletion(), "Delete mailboxes"),
    ],
)
def test_a_run_is_named_after_its_change(change: Change, name: str) -> None:
    assert change_text.name(change) == name


@pytest.mark.parametrize(
    ("change", "figures", "question"),
    [
        (NewQuota(2048), {}, "Set the quota of 3 mailboxes to 2,048 MB? In all 3.0 GB now, 6.0 GB then."),
        (NewQuota(2048), {"acting": 2},
         "Set the quota of 3 mailboxes to 2,048 MB? 1 has it already. In all 3.0 GB now, 6.0 GB then."),
        (NewQuota(2048), {"mailboxes": 1_003, "acting": 1_000},
         "Set the quota of 1,003 mailboxes to 2,048 MB? 3 have it already. In all 3.0 GB now, 6.0 GB then."),
        (NewQuota(512), {"unlimited": 2, "quota_before": 512, "quota_after": 1536},
         "Set the quota of 3 mailboxes to 512 MB? In all 512 MB and 2 unlimited now, 1.5 GB then."),
        (NewQuota(0), {"quota_after": 0}, "Set the quota of 3 mailboxes to unlimited?"),
        (NewQuota(2 * 1024**2), {"quota_after": 6 * 1024**2},
         "Set the quota of 3 mailboxes to 2,097,152 MB? In all 3.0 GB now, 6.0 TB then."),
        (NewQuota(512), {"quota_before": 1024**2, "quota_after": 1536},
         "Set the quota of 3 mailboxes to 512 MB? In all 1.0 TB now, 1.5 GB then."),
        (TWICE, {"acting": 2}, "Change the quota of 3 mailboxes: × 2? In all 3.0 GB now, 6.0 GB then."),
        (TWICE, {"acting": 2, "unlimited": 1},
         "Change the quota of 3 mailboxes: × 2? 1 is unlimited and stays so. In all 3.0 GB now, 6.0 GB then."),
        (NewQuota(plus=1024), {"acting": 1, "unlimited": 2},
         "Change the quota of 3 mailboxes: + 1,024 MB? 2 are unlimited and stay so. In all 3.0 GB now, 6.0 GB then."),
    ],
)  # fmt: skip
def test_the_question_about_quotas_compares_the_totals(change: Change, figures: dict[str, Any], question: str) -> None:
    assert asked(change, **figures) == question


@pytest.mark.parametrize(
    ("change", "figures", "question"),
    [
        (NewQuota(2048), {"quota_after": 2048}, "Raise the quota from 1 GB to 2 GB? kim@a.nl uses 3.4 GB."),
        (NewQuota(512), {"quota_after": 512}, "Lower the quota from 1 GB to 512 MB? kim@a.nl uses 3.4 GB."),
        (NewQuota(2048), {"quota_before": 0, "quota_after": 2048, "unlimited": 1},
         "Limit kim@a.nl to 2 GB? It is unlimited now and uses 3.4 GB."),
        (NewQuota(0), {"quota_after": 0}, "Make kim@a.nl unlimited? It has 1 GB now and uses 3.4 GB."),
        (TWICE, {"quota_before": 900, "quota_after": 1800},
         "Raise the quota from 900 MB to 1.8 GB? kim@a.nl uses 3.4 GB."),
        (NewPassword(), {},
         "Give kim@a.nl a new password? The old one stops working at once, in every mail program."),
        (FULL_NAME, {}, "Set the full name of kim@a.nl? MXM keeps full names; MXroute is not asked."),
        (NO_EMAIL, {}, "Clear the recovery email of kim@a.nl? MXM keeps recovery emails; MXroute is not asked."),
        (Deletion(), {}, "Delete kim@a.nl with 3.4 GB of mail? This can't be undone."),
    ],
)  # fmt: skip
def test_the_question_about_one_mailbox_names_it(change: Change, figures: dict[str, Any], question: str) -> None:
    assert asked(change, ONE, alone=KIM, **figures) == question


def test_the_question_about_stored_values_counts_only_mailboxes_that_change() -> None:
    assert asked(EMAIL, acting=2, seconds=600) == (
        "Set the recovery email of 2 mailboxes? MXM keeps recovery emails; MXroute is not asked."
    )


def test_the_question_about_a_run_shows_its_duration() -> None:
    assert asked(NewQuota(2048), seconds=61).endswith(f" 6.0 GB then. About 2 minutes {AT_MOST_20}")
    assert asked(Deletion(), seconds=3600).endswith(f" Type 3. About 1 hour {AT_MOST_20}")


def test_the_question_about_new_passwords_says_where_they_are_and_until_when() -> None:
    assert asked(NewPassword(), seconds=30) == (
        "Give 3 mailboxes new passwords? The old ones stop working at once, in every mail program. "
        f"They are in the results. MXM's copy is kept until 29 Nov. About 1 minute {AT_MOST_20}"
    )
    assert "in the results" not in asked(NewPassword(), ONE, alone=KIM)


@pytest.mark.parametrize(
    ("suspended", "sentence"), [(1, " 1 is suspended and stays so."), (1_200, " 1,200 are suspended and stay so.")]
)
def test_suspended_mailboxes_are_counted_when_a_change_leaves_them_suspended(suspended: int, sentence: str) -> None:
    for change in (NewQuota(2048), NewPassword()):
        assert asked(change, suspended=suspended).endswith(sentence)
    for change in (Deletion(), EMAIL):
        assert "suspended" not in asked(change, suspended=suspended)


@pytest.mark.parametrize(
    ("change", "figures", "reason"),
    [
        (NewQuota(2048), {"mailboxes": 0}, "none of these mailboxes is there any more."),
        (Deletion(), {"mailboxes": 0}, "none of these mailboxes is there any more."),
        (NewQuota(2048), {}, "that is the quota already."),
        (NewQuota(0), {"unlimited": 3}, "that is the quota already."),
        (EMAIL, {}, "the recovery emails are so already."),
        (EMAIL, {"mailboxes": 1}, "that is the recovery email already."),
        (NewStored({KIM: ""}), {"mailboxes": 1}, "this mailbox has no recovery email."),
        (FULL_NAME, {}, "the full names are so already."),
        (FULL_NAME, {"mailboxes": 1}, "that is the full name already."),
    ],
)
def test_a_change_without_effect_says_why_and_asks_nothing(
    change: Change, figures: dict[str, Any], reason: str
) -> None:
    assert asked(change, acting=0, suspended=2, seconds=60, **figures) == f"Nothing to change: {reason}"


def test_unlimited_mailboxes_ask_for_a_size() -> None:
    assert asked(TWICE, acting=0, unlimited=3) == "These mailboxes are unlimited. Enter a size to limit them."
    assert asked(TWICE, ONE, acting=0, unlimited=1, alone=KIM) == change_text.UNLIMITED


@pytest.mark.parametrize(
    ("megabytes", "text"),
    [
        (0.0, "no mail"),
        (0.2, "hardly any mail"),
        (1.0, "1 MB of mail"),
        (512.4, "512 MB of mail"),
        (1024.0, "1.0 GB of mail"),
        (2_500_000.0, "2,441.4 GB of mail"),
    ],
)
def test_a_deletion_shows_how_much_mail_it_takes(megabytes: float, text: str) -> None:
    assert asked(Deletion(), mail=megabytes) == f"Delete 3 mailboxes with {text}? This can't be undone. Type 3."


def test_a_deletion_shows_no_amount_to_a_caller_who_may_not_view_it() -> None:
    hidden = FIGURES.without_figures()
    assert asked(Deletion(), hidden) == "Delete 3 mailboxes with all mail? This can't be undone. Type 3."
    assert (hidden.mailboxes, hidden.acting, hidden.mail, hidden.quota_before, hidden.suspended) == (3, 3, 0.0, 0, 0)


# Warnings and refusals.


def test_mailboxes_that_would_be_over_quota_are_listed_and_the_rest_counted() -> None:
    full = tuple(OverQuota(f"{name}@a.nl", 1_536.4, 1_024) for name in ("kim", "nina", "tess", "vera"))
    each = "1,536 of 1,024 MB"
    assert change_text.below(full[:1]) == f"1 mailbox would be over quota and get no more mail: kim@a.nl {each}."
    assert change_text.below(full) == (
        f"4 mailboxes would be over quota and get no more mail: kim@a.nl {each}, nina@a.nl {each} and 2 more."
    )


@pytest.mark.parametrize(
    ("addresses", "text"),
    [
        (["a@a.nl"], "a@a.nl is not there any more; left out."),
        (["a@a.nl", "b@a.nl"], "a@a.nl and b@a.nl are not there any more; left out."),
        ([f"{name}@a.nl" for name in "abcde"], "a@a.nl, b@a.nl and 3 more are not there any more; left out."),
    ],
)
def test_selected_mailboxes_that_no_longer_exist_are_listed(addresses: list[str], text: str) -> None:
    assert change_text.gone(tuple(addresses)) == text


def test_a_request_for_too_many_mailboxes_names_both_numbers() -> None:
    assert change_text.too_many(12_000, 10_000) == "12,000 mailboxes; the limit is 10,000. Send them in parts."


def test_a_deletion_that_is_not_confirmed_asks_for_its_number() -> None:
    assert change_text.not_typed("12") == "Type 12 to confirm."


def test_a_failure_says_what_to_do_next() -> None:
    assert change_text.kept("MXroute does not answer.") == (
        "MXroute does not answer. What you typed stays here: try again in a minute."
    )
    assert change_text.not_as_listed("There is no mailbox x@a.nl.") == (
        "There is no mailbox x@a.nl. Press Refresh to see what is there now."
    )


def test_a_full_plan_quotes_the_host_on_one_line_and_not_at_length() -> None:
    text = change_text.plan_says_no("limit of\naccounts \u202ereached")
    assert text == (
        "MXroute: 'limit of accounts reached'. Raise the plan or free some of it, then press the button again."
    )
    assert len(change_text.plan_says_no("x" * 5_000)) < 300


# Results.


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (NewQuota(2048), "kim@a.nl: quota 2,048 MB."),
        (NewQuota(0), "kim@a.nl: quota unlimited."),
        (EMAIL, "kim@a.nl: recovery email saved."),
        (NO_EMAIL, "kim@a.nl: recovery email cleared."),
        (FULL_NAME, "kim@a.nl: full name saved."),
        (Deletion(), "kim@a.nl and its mail are deleted."),
        (NewPassword(), "kim@a.nl has a new password."),
    ],
)
def test_a_change_of_one_mailbox_says_what_was_done(change: Change, text: str) -> None:
    assert change_text.did(change, KIM) == text


@pytest.mark.parametrize(
    ("hidden", "text"),
    [
        (0, "12 of 1,200 mailboxes."),
        (1, "12 of 1,200 mailboxes. 1 selected one is not among them."),
        (1_001, "12 of 1,200 mailboxes. 1,001 selected ones are not among them."),
    ],
)
def test_a_table_shows_how_many_selected_mailboxes_it_hides(hidden: int, text: str) -> None:
    assert change_text.shown(12, 1_200, hidden) == text


@pytest.mark.parametrize(
    ("found", "missing", "text"),
    [
        (1, 0, "1 mailbox of a.nl found."),
        (0, 1, "0 mailboxes of a.nl found. 1 not found; it is left out:"),
        (1_200, 2_300, "1,200 mailboxes of a.nl found. 2,300 not found; they are left out:"),
    ],
)
def test_a_pasted_list_shows_how_many_addresses_were_found(found: int, missing: int, text: str) -> None:
    assert change_text.addresses_found(found, missing, "a.nl") == text


@pytest.mark.parametrize(("action", "verb"), [("create", "create"), ("update", "change"), ("delete", "delete")])
def test_a_change_without_an_answer_shows_who_asked_and_its_outcome_when_known(action: str, verb: str) -> None:
    start = f"ops asked MXroute to {verb} kim@a.nl (3 May, 10:42)"
    assert change_text.unconfirmed(action, KIM, "ops", "3 May, 10:42", "") == (
        f"{start}; no answer came yet. MXM checks by itself whether it took effect."
    )
    assert change_text.unconfirmed(action, KIM, "ops", "3 May, 10:42", "it exists") == f"{start}: it exists."
