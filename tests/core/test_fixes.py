"""Fixes of groups of rows: what is suggested, what a fix changes, and its undo."""

from dataclasses import replace
from time import perf_counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import passwords
from mxlib.core.clients import DomainTerms, Terms
from mxlib.core.editing import columns
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.editor import Editor
from mxlib.core.findings import bits_of
from mxlib.core.fixes import groups
from mxlib.core.fixes.apply import applied, apply, revert, standing
from mxlib.core.fixes.groups import _RULES, FixGroup, FixKind, Problem
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import make_rows
from mxlib.core.text import fixes as texts
from mxlib.core.validation import rules, suggested_values
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import OnExisting
from tests.support.row_strategies import ACCOUNT as ANY_ACCOUNT
from tests.support.row_strategies import STANDARD, UNHURRIED, tables

GOOD = "Geheim.2026x"
DOMAINS = frozenset({"autohaus-sievers.de", "kapper-bergmann.nl", "studio-noord.example"})
ACCOUNT = AccountSnapshot(
    DOMAINS, {name: frozenset({"there"}) for name in DOMAINS}, suggestable_domains=DOMAINS - {"studio-noord.example"}
)
DEFAULTS = Defaults("kapper-bergmann.nl")


def table(*rows: dict[str, str]) -> pd.DataFrame:
    """Return rows that are right but for the cells given."""
    whole = [{"username": f"row{at}", "password": GOOD} | row for at, row in enumerate(rows)]
    names = ("username", "password", "quota", "limit", "recovery_email", "domain", "name")
    cells = {name: [row.get(name, "") for row in whole] for name in names}
    return make_rows(cells, line=list(range(2, len(rows) + 2)), origin=list(range(len(rows))))


def validated(rows: pd.DataFrame, on_existing: OnExisting = OnExisting.SKIP) -> pd.DataFrame:
    return rules.validate(rows, ACCOUNT, DEFAULTS, on_existing)


def group(rows: pd.DataFrame, problem: Problem, on_existing: OnExisting = OnExisting.SKIP) -> FixGroup:
    return next(each for each in groups.find(validated(rows, on_existing)) if each.problem is problem)


# Suggested values.


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("autohaus-siever.de", "autohaus-sievers.de"),
        ("autohaussievers.de", "autohaus-sievers.de"),
        ("autohaus-sievers.com", "autohaus-sievers.de"),
        ("www.autohaus-sievers.de", "autohaus-sievers.de"),
        ("kapper-bergman.nl", "kapper-bergmann.nl"),
        ("somewhere-else.nl", ""),
        ("studio-nord.example", ""),  # the caller may not import into the one that is meant
        ("not a domain", ""),
        ("", ""),
    ],
)
def test_an_unknown_domain_means_the_nearest_that_may_be_imported_into(typed: str, meant: str) -> None:
    assert suggested_values.nearest_domains([typed], ACCOUNT.suggestable_domains).get(typed, "") == meant


def test_a_domain_that_may_be_two_others_or_differs_in_a_digit_means_none() -> None:
    assert not suggested_values.nearest_domains(["clientc.example"], ["clienta.example", "clientb.example"])
    assert not suggested_values.nearest_domains(["client-team1.example"], ["client-team2.example"])
    assert not suggested_values.nearest_domains(["clientb.example"], ["clienta.example"])
    assert not suggested_values.nearest_domains(["praxis-nord.de"], ["praxis-nord.at", "praxis-nord.ch"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lena@gmial.com", "lena@gmail.com"),
        ("lena@gmail,com", "lena@gmail.com"),
        ("lena @ gmail.com", "lena@gmail.com"),
        ("lena.@example.org", "lena@example.org"),
        ("<lena@example.org>", "lena@example.org"),
        ("lena vogt@example.org", ""),
        ("lena", ""),
        ("lena@home", ""),
        ("a@example.org, b@example.org", ""),
        ("Winter2026Xy@home", ""),
        ("lena@web.de privat", ""),
        ("lena@web.de, privat", ""),
        ("lena@web.de,privat", ""),
        ("lena@web.de. Privat", ""),
        ("lena@gmail.com + SMS", ""),
        ("lena@web.de Tel. 0171 123", ""),
        ("lena@home Tel. 0171", ""),
        ("lena@firma.co uk", ""),
        ("privat; lena@web.de", ""),
        ("Tel. lena@web.de", ""),
        ("privat, lena@web.de", ""),
        ("lena@web.de (privat)", "lena@web.de"),
        ("lena@gmail. com", "lena@gmail.com"),
        ("lena@gmail , com", "lena@gmail.com"),
        ("lena@exa mple.org", "lena@example.org"),
        ("lena@yahoo,co.uk", "lena@yahoo.co.uk"),
        ("lena@example..org", "lena@example.org"),
    ],
)
def test_a_recovery_email_means_an_address_only_where_that_is_evident(typed: str, meant: str) -> None:
    assert suggested_values.recovery_email(typed) == meant


@pytest.mark.parametrize(
    "domain",
    [
        *("mail.com", "gmx.de", "example.org", "hotmail.se.example", "ymail.com", "hotmail.be", "hotmail.at"),
        *("hotmail.ch", "hotmail.se", "hotmail.dk", "outlook.be", "outlook.at", "outlook.it", "outlook.pt", "live.nl"),
        *("live.be", "live.se", "live.co.uk", "yahoo.be", "yahoo.se", "yahoo.ie", "yahoo.co.ua", "orange.es"),
        *("wanadoo.es", "skynet.de", "freenet.at", "t-online.hu"),
    ],
)
def test_other_domains_are_not_taken_for_mistyped_providers(domain: str) -> None:
    assert not suggested_values.mistyped_providers([domain])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *(("gmail.co", "gmail.com"), ("gmail.cm", "gmail.com"), ("hotmail.con", "hotmail.com")),
        *(("outlook.om", "outlook.com"), ("t-onlien.de", "t-online.de"), ("hotmail.couk", "hotmail.co.uk")),
    ],
)
def test_a_wrong_ending_that_is_of_no_country_is_taken_for_mistyped(typed: str, meant: str) -> None:
    assert suggested_values.mistyped_providers([typed]) == {typed: meant}


def test_suggestions_beyond_the_bound_do_not_depend_on_the_order_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [f"autohaus-{name}.example" for name in ("bergman", "holtrop", "sievers", "vermeer")]
    typed = [name.replace("haus", "huas") for name in known]
    monkeypatch.setattr(suggested_values, "_MOST_PAIRS", 2 * len(known))
    for names in (typed, typed[::-1]):
        assert suggested_values.nearest_domains(names, known) == dict(zip(typed[:2], known[:2], strict=True))
    mistyped = [f"{sign}otmail.com" for sign in "abcd"]
    monkeypatch.setattr(suggested_values, "_MOST_PAIRS", 2 * len(suggested_values._LONG_PROVIDERS))
    for names in (mistyped, mistyped[::-1]):
        assert list(suggested_values.mistyped_providers(names)) == mistyped[:2]


def test_the_same_name_with_another_ending_is_found_however_many_domains_there_are() -> None:
    known = [f"klant{number}.nl" for number in range(3000)]
    typed = [f"klant{number}.com" for number in range(3000)]
    assert suggested_values.nearest_domains(typed, known) == dict(zip(typed, known, strict=True))


def test_a_mistyped_provider_is_warned_of_and_fixed() -> None:
    rows = table({"recovery_email": "lena@hotnail.com"}, {"recovery_email": "tim@hotmail.com"})
    found = group(rows, Problem.RECOVERY_MISTYPED)
    assert validated(rows)["verdict"].tolist() == ["ready", "ready"]
    fixed = apply(Draft(rows), found, FixKind.SUGGESTED)
    assert fixed.rows["recovery_email"].tolist() == ["lena@hotmail.com", "tim@hotmail.com"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("1.024", "1024"), ("1073741824", "1024 MB"), ("1.5", ""), ("0.512", ""), ("none", ""), ("10%", "")],
)
def test_an_unreadable_quota_means_an_amount_only_where_that_is_evident(typed: str, meant: str) -> None:
    assert suggested_values.quota(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("107374182", "102 MB"), ("10485760", "10 MB"), ("10 TB", ""), ("10485760 MB", ""), ("20480 GB", "")],
)
def test_only_a_huge_quota_without_a_unit_may_be_in_bytes(typed: str, meant: str) -> None:
    row = validated(table({"quota": typed})).iloc[0]
    assert (row["suggested_quota"], "bytes" in row["warnings"]) == (meant, meant != "")


def test_a_username_is_spelled_as_in_the_country_of_its_domain() -> None:
    rows = table({"username": "jürgen.groß", "domain": "autohaus-sievers.de"}, {"username": "jürgen"})
    assert validated(rows)["suggested_username"].tolist() == ["juergen.gross", "jurgen"]
    spelled = rules.validate(rows, ACCOUNT, replace(DEFAULTS, spelled=True))
    assert spelled["suggested_username"].tolist() == ["juergen.gross", "juergen"]
    assert (suggested_values.username("åse.bø", spelled=True), suggested_values.username("åse.bø")) == (
        "aase.boe",
        "ase.bo",
    )


@pytest.mark.parametrize("typed", ["ivаn", "a@example.org b@example.org", ""])
def test_a_username_that_needs_a_person_has_no_suggestion(typed: str) -> None:
    assert suggested_values.username(typed) == ""


# Groups.


def test_groups_are_in_order_with_their_rows_samples_and_fixes() -> None:
    rows = table(
        {"username": "lena vogt"},
        {"username": "tim berg"},
        {"username": "jérôme"},
        {"username": "rik@autohaus-siever.de"},
        {"password": "short"},
        {"password": ""},
        {"quota": "none"},
        {"recovery_email": "nobody"},
        {"username": "row0x", "recovery_email": "a@gmail,com"},
        {"username": "row4"},
        {"username": "row9"},
        {"username": "there"},
    )
    found = groups.find(validated(rows))
    assert [(each.problem.value, len(each), each.samples) for each in found] == [
        ("username_space", 2, ("lena.vogt", "tim.berg")),
        ("username_letters", 1, ("jerome",)),
        ("unknown_domain", 1, ("autohaus-sievers.de",)),
        ("weak_password", 1, ()),
        ("needs_password", 1, ()),
        ("quota_unreadable", 1, ()),
        ("recovery_meant", 1, ("a@gmail.com",)),
        ("recovery_unreadable", 1, ()),
        ("already_exists", 1, ("there",)),
    ]
    assert found[6].fixes == (FixKind.SUGGESTED, FixKind.CLEAR)
    assert found[-1].fixes == (FixKind.EXCLUDE, FixKind.SHOW_CHANGES)


def test_what_a_client_may_not_have_is_fixed_in_groups() -> None:
    terms = {DEFAULTS.domain: DomainTerms("A", Terms(max_quota=500, max_mailboxes=2), 1)}
    rows = table({"quota": "600"}, {"quota": "400"}, {"quota": "400"})
    found = groups.find(rules.validate(rows, replace(ACCOUNT, terms=terms), DEFAULTS))

    assert [(each.problem, each.origins.tolist(), each.samples, each.fixes) for each in found] == [
        (Problem.QUOTA_OVER_CAP, [0], ("500 MB",), (FixKind.SUGGESTED,)),
        (Problem.MAILBOXES_OVER_CAP, [2], (DEFAULTS.domain,), (FixKind.EXCLUDE,)),
    ]
    assert [texts.problem(each) for each in found] == [
        "1 quota is over its client's largest quota", "1 mailbox more than its client may have",
    ]  # fmt: skip


def test_rows_that_all_exist_are_no_group() -> None:
    rows = table({"username": "there"}, {"username": "There", "domain": "autohaus-sievers.de"}, {"username": "x y"})
    rows.loc[2, "ticked"] = False
    assert groups.find(validated(rows)) == []
    assert groups.find(validated(rows, OnExisting.UPDATE)) == []


def test_rows_left_out_or_unreadable_are_only_where_they_belong() -> None:
    rows = table({"username": "a b"}, {"username": "c d"}, {"username": "e f"})
    rows.loc[0, "ticked"] = False
    rows.loc[1, "fault"] = "One value too many."
    assert [(each.problem, each.origins.tolist()) for each in groups.find(validated(rows))] == [
        (Problem.USERNAME_SPACE, [2]),
        (Problem.UNREADABLE_ROW, [1]),
    ]


def test_a_weak_password_of_an_existing_mailbox_is_cleared_and_never_generated() -> None:
    rows = table({"username": "there", "password": "short"}, {"password": "short"})
    found = groups.find(validated(rows, OnExisting.UPDATE))
    assert [(each.problem, each.fixes, each.origins.tolist()) for each in found] == [
        (Problem.WEAK_PASSWORD, (FixKind.GENERATE,), [1]),
        (Problem.EXISTING_PASSWORD, (FixKind.CLEAR,), [0]),
    ]


def test_a_domain_is_fixed_wherever_the_row_names_it() -> None:
    rows = table(
        {"username": "Rik V@autohaus-siever.de"},
        {"domain": "autohaus-siever.de"},
        {"username": "una@autohaus-siever.de", "domain": "Autohaus-Siever.de"},
        {"username": "ivo@autohaus-sievers.de", "domain": "autohaus-siever.de"},
    )
    draft = Draft(rows)
    for problem in (Problem.UNKNOWN_DOMAIN, Problem.TWO_DOMAINS, Problem.USERNAME_SPACE):
        draft = apply(draft, group(draft.rows, problem), FixKind.SUGGESTED)
    assert draft.rows["username"].tolist()[::2] == ["rik.v@autohaus-sievers.de", "una@autohaus-sievers.de"]
    assert draft.rows["domain"].tolist() == ["", *["autohaus-sievers.de"] * 3]
    assert set(validated(draft.rows)["verdict"]) == {"ready"}


def test_no_text_of_a_group_quotes_a_password() -> None:
    secret = "Kr0ket"
    rows = table({"password": secret}, {"password": f" {GOOD}"}, {"username": "Kroket2026Xa!"})
    for each in groups.find(validated(rows)):
        assert secret not in repr(each) + texts.problem(each) + "".join(each.samples)
        assert GOOD not in repr(each)


def test_every_problem_has_its_texts() -> None:
    assert set(_RULES) == set(Problem)
    rows = table({"username": "a b"}, {"username": "c d"})
    found = group(rows, Problem.USERNAME_SPACE)
    assert (texts.problem(found), texts.label(found, FixKind.SUGGESTED)) == ("2 usernames have a space", "Fix 2")
    for problem, rule in _RULES.items():
        each = FixGroup(problem, rule.column, rule.fixes, found.origins, (), False, {})
        assert texts.problem(each)
        assert all(texts.label(each, kind) for kind in rule.fixes)


# Undo.


def opened(rows: pd.DataFrame) -> Editor:
    """Return an editor over these rows."""

    def validate(batch: ImportBatch) -> pd.DataFrame:
        return rules.validate(batch.rows, ACCOUNT, Defaults(batch.domain), batch.on_existing)

    editor = Editor(Draft(rows), validate, domain=DEFAULTS.domain)
    editor.filter_again()
    return editor


def usernames(editor: Editor) -> list[str]:
    return list(editor.latest.rows["username"])


def test_a_fix_is_one_step_and_its_undo_restores_the_rows_exactly() -> None:
    editor = opened(table({"username": "a b"}, {"username": "c d"}, {}))
    before = editor.latest
    editor.fix(group(editor.latest.rows, Problem.USERNAME_SPACE), FixKind.SUGGESTED)
    assert usernames(editor) == ["a.b", "c.d", "row2"]
    ((fix, rows),) = editor.standing_fixes()
    assert (texts.done(fix, rows), editor.is_last_step(fix)) == ("2 usernames fixed", True)
    editor.undo_fix(fix)
    assert editor.latest is before
    assert not editor.standing_fixes()
    editor.redo()
    assert [rows for _, rows in editor.standing_fixes()] == [2]


def test_a_fix_is_undone_after_further_edits_which_stay() -> None:
    editor = opened(table({"username": "a b"}, {"username": "c d"}, {"username": "e f"}))
    editor.fix(group(editor.latest.rows, Problem.USERNAME_SPACE), FixKind.SUGGESTED)
    editor.receive({1: {"username": "carl"}, 2: {"quota": "512"}})
    ((fix, rows),) = editor.standing_fixes()
    said = texts.undoing(fix, rows, last=editor.is_last_step(fix))
    assert said == "Undoes this fix in 2 rows of 3: 1 row was edited since. Your edits stay."
    editor.undo_fix(fix)
    assert usernames(editor) == ["a b", "carl", "e f"]
    assert editor.latest.rows["quota"].tolist() == ["", "", "512"]
    editor.undo()
    assert usernames(editor) == ["a.b", "carl", "e.f"]


def test_rows_that_changed_since_the_group_was_shown_are_left_alone() -> None:
    editor = opened(table({"username": "a b"}, {"username": "c d"}, {"username": "e f"}))
    shown = group(editor.latest.rows, Problem.USERNAME_SPACE)
    editor.receive({0: {"username": "someone"}})
    editor.delete_row(1)
    editor.fix(shown, FixKind.SUGGESTED)
    assert usernames(editor) == ["someone", "e.f"]


def test_excluded_rows_and_generated_passwords_are_undone() -> None:
    editor = opened(table({"username": "there"}, {"password": ""}))
    editor.fix(group(editor.latest.rows, Problem.NEEDS_PASSWORD), FixKind.GENERATE)
    editor.fix(group(editor.latest.rows, Problem.ALREADY_EXISTS), FixKind.EXCLUDE)
    rows = editor.latest.rows
    assert rows["ticked"].tolist() == [False, True]
    assert (rows["generated"].tolist(), passwords.is_missing(rows["password"][1])) == ([False, True], False)
    for fix, _ in editor.standing_fixes():
        editor.undo_fix(fix)
    rows = editor.latest.rows
    assert (rows["ticked"].all(), rows["generated"].any(), rows["password"][1]) == (True, False, "")


def test_showing_what_would_change_edits_nothing() -> None:
    editor = opened(table({"username": "there"}, {}))
    rows = editor.latest
    editor.fix(group(rows.rows, Problem.ALREADY_EXISTS), FixKind.SHOW_CHANGES)
    assert (editor.on_existing, editor.latest, editor.standing_fixes()) == (OnExisting.UPDATE, rows, [])


# Properties.


@pytest.mark.slow
@given(tables(), st.sampled_from(OnExisting), st.data())
@UNHURRIED
def test_a_fix_removes_its_finding_from_its_rows_alone_and_is_undone(
    rows: pd.DataFrame, on_existing: OnExisting, data: st.DataObject
) -> None:
    rows = rows.assign(origin=range(len(rows)))
    account = replace(ANY_ACCOUNT, suggestable_domains=frozenset(ANY_ACCOUNT.domains - ANY_ACCOUNT.forbidden.keys()))
    draft, seen = Draft(rows), rules.validate(rows, account, STANDARD, on_existing)
    choices = [(each, kind) for each in groups.find(seen) for kind in each.fixes if kind is not FixKind.SHOW_CHANGES]
    if not choices:
        return
    each, kind = data.draw(st.sampled_from(choices))
    fixed = apply(draft, each, kind)
    others = ~rows["origin"].isin(each.origins)
    pd.testing.assert_frame_equal(fixed.rows[others], rows[others])
    after = rules.validate(fixed.rows, account, STANDARD, on_existing)
    still = after["ticked"] & (
        (after["reason_codes"] | after["warning_codes"]) & bits_of(*_RULES[each.problem].codes) != 0
    )
    assert not still[~others].any()
    done = applied(each, kind, draft, fixed)
    assert done is not None
    assert len(standing(fixed, done)) == done.count
    pd.testing.assert_frame_equal(revert(fixed, done).rows, rows)


def test_many_rows_are_grouped_and_fixed_in_linear_time() -> None:
    """Ten times as many rows, all of them different, take about ten times as long."""

    def seconds(count: int) -> float:
        rows = table(*({"username": f"p {at}", "domain": f"autohaus-siever{at % 7}.de"} for at in range(count)))
        frame = validated(rows)
        began = perf_counter()
        for each in groups.find(frame):
            apply(Draft(rows), each, each.fixes[0])
        return perf_counter() - began

    seconds(100)
    assert seconds(5_000) < 40 * max(seconds(500), 0.005)


# One row.


def test_a_row_takes_everything_that_is_suggested_for_it_in_one_step() -> None:
    rows = table({"username": "a b", "password": "weak"}, {"username": "c d"}, {})
    editor = opened(rows)
    found = groups.find(editor.validate_rows())
    assert columns.suggestions(found, rows["origin"]).tolist() == ["a.b", "c.d", ""]
    editor.fix_shown(0)
    assert usernames(editor) == ["a.b", "c d", "row2"]
    assert editor.latest.rows["generated"].tolist() == [True, False, False]
    editor.undo()
    assert (usernames(editor), editor.can_undo) == (["a b", "c d", "row2"], False)


def test_a_row_without_a_suggestion_stays_and_so_does_a_place_off_the_page() -> None:
    editor = opened(table({}, {"quota": "lots"}))
    before = editor.latest
    for place in (0, 1, 7, -1):
        editor.fix_shown(place)
    assert editor.latest is before
    assert not editor.can_undo


def test_the_label_of_a_suggestion_is_its_value_or_what_it_does() -> None:
    rows = table({"username": "x@autohaus-siever.de"}, {"password": "weak"}, {"recovery_email": "kim@gmial.com"})
    found = groups.find(validated(rows))
    assert columns.suggestions(found, rows["origin"]).tolist() == ["autohaus-sievers.de", "Generate", "kim@gmail.com"]
