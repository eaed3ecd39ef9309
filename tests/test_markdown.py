"""Words of others stand on the pages as they are: no link, picture, formula, colour or icon is made of them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib import services
from mxlib.auth.permissions import LOCAL, Forbidden
from mxlib.services import Services
from mxlib.settings import Settings
from mxlib.ui import faults
from mxlib.ui.figures import escaped, verbatim
from tests.desk import until
from tests.test_pages import ENTRY, FILE, opened

UI = Path(__file__).parents[1] / "mxlib" / "ui"
PAGES = Path(__file__).parents[1] / "pages"

#: What Streamlit renders as Markdown: the first argument of these, and these arguments of any.
RENDERS = {
    "markdown", "caption", "warning", "error", "info", "success", "toast", "badge", "title", "header", "subheader",
    "button", "form_submit_button", "checkbox", "toggle", "radio", "selectbox", "multiselect", "text_input",
    "text_area", "file_uploader", "segmented_control", "pills", "date_input", "expander", "popover", "metric",
    "spinner", "dialog", "html", "write", "tabs", "link_button", "download_button", "menu_button",
}  # fmt: skip
NAMED = {"help", "text", "captions"}

#: What makes text safe, and what gives only numbers, units, moments or words of our own.
SAFE = {
    "escaped", "verbatim", "escape", "count", "megabytes", "age", "moment", "day", "len", "str.join", "read_ago",
}  # fmt: skip

#: Expressions that hold nothing of others, as they stand in the code, by module.
OURS: dict[str, set[str]] = {
    "access_leaving": {"_label(token)"},
    "access_rights": {"_label(right)", "admin"},
    "accounts": {"questions.shown(len(shown), len(mailboxes), len(picking.picked(domain) - set(addresses)))"},
    "audit": {"_figures(found, len(before), page)", "services.current().settings.audit_days"},
    "banner": {"view.id"},
    "bulk_tools": {"words.verdict(kind)"},
    "change_dialogs": {"_whom(addresses)", "proposed.typed", "verb"},
    "changes": {"'\\n'.join(_lines(rows, unlike, positions[:_MOST]))", "_figures(unlike)"},
    "client_setup": {"each.use", "label"},
    "confirm": {
        "_loud(ready, now + days * 86400)",
        "words.nothing_to_change(figures[UNCHANGED])",
        "words.to_do(creates, updates)",
    },
    "dialogs": {"title"},
    "intake": {
        "_CHOOSE.format(most=settings.max_file_mb)",
        "frame_text.format(quota=settings.new_quota or 'unlimited', limit=settings.new_limit)",
        "settings.max_file_mb",
    },
    "mailbox_card": {"action.label", "action.told"},
    "mapping": {"PLURALS[meaning]", "[_samples(step, at) for at in claimants]", "_samples(step, at)", "title"},
    "mapping_names": {"' '.join(told)"},
    "mapping_reading": {"label"},
    "preview_view": {"' '.join(parts)", "LABELS[kind]"},
    "problems": {"'\\n'.join((_line(row) for row in rows.head(_MOST).itertuples()))"},
    "row_form": {"NAMES[name]", "words.kind(row['kind'])"},
    "run_card": {
        "datetime.fromtimestamp(view.created_at).strftime('%-d %b %Y, %H:%M')",
        "number",
        "view",
        "view.id",
        "words.hidden_rows(view.hidden)",
        "words.no_longer_allowed(view.id)",
    },
    "run_list": {"run"},
    "selection": {"_hint(frame.caller(), domain)", "action.label", "action.told"},
    "storage": {"_help(known)", "_use(known)"},
    "undo": {"_label(planned)", "label", "planned.typed", "words.run_kind(view.kind).lower()"},
    "access": {"['People', 'Tokens', *(['You'] if own else [])]"},
}


def unsafe(source: str, ours: frozenset[str] = frozenset()) -> list[str]:
    """Markdown with something in it that no helper made safe."""
    tree = ast.parse(source)
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for rendered in _rendered(call)
        for node in _parts(rendered, tree, call)
        if ast.unparse(node) not in ours
    ]


def _rendered(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in RENDERS and call.args:
        yield call.args[0]
    yield from (word.value for word in call.keywords if word.arg in NAMED and name)


def _parts(node: ast.expr, tree: ast.AST, call: ast.Call) -> Iterator[ast.expr]:
    """The pieces of an expression that may be text of others."""
    match node:
        case ast.Constant():
            return
        case ast.JoinedStr():
            for part in node.values:
                if isinstance(part, ast.FormattedValue) and part.format_spec is None:
                    yield from _parts(part.value, tree, call)
        case ast.BinOp():
            yield from _parts(node.left, tree, call)
            yield from _parts(node.right, tree, call)
        case ast.IfExp():
            yield from _parts(node.body, tree, call)
            yield from _parts(node.orelse, tree, call)
        case ast.BoolOp():
            for each in node.values:
                yield from _parts(each, tree, call)
        case ast.Call():
            name = ast.unparse(node.func)
            if name.rpartition(".")[2] in SAFE:
                return
            if name.endswith(".strip") and isinstance(node.func, ast.Attribute):
                yield from _parts(node.func.value, tree, call)
                return
            yield node
        case ast.Name() if node.id.isupper() or node.id.lstrip("_").isupper():
            return
        case ast.Attribute() if node.attr.isupper():
            return
        case ast.Name():
            yield from _assigned(node, tree, call)
        case _:
            yield node


def _assigned(name: ast.Name, tree: ast.AST, call: ast.Call) -> Iterator[ast.expr]:
    """What a local name was given, in the function around the call."""
    around = [
        scope for scope in ast.walk(tree)
        if isinstance(scope, (ast.FunctionDef, ast.Module)) and any(part is call for part in ast.walk(scope))
    ]  # fmt: skip
    given = [
        part.value
        for part in ast.walk(around[-1])
        if isinstance(part, (ast.Assign, ast.AugAssign))
        for target in (part.targets if isinstance(part, ast.Assign) else [part.target])
        if isinstance(target, ast.Name) and target.id == name.id
    ]
    if not given:
        yield name
    for value in given:
        if not any(isinstance(part, ast.Name) and part.id == name.id for part in ast.walk(value)):
            yield from _parts(value, tree, call)


def test_no_page_renders_what_no_helper_made_safe() -> None:
    faults = []
    for path in sorted((*UI.glob("*.py"), *PAGES.glob("*.py"))):
        found = unsafe(path.read_text(encoding="utf-8"), frozenset(OURS.get(path.stem, ())))
        faults += [f"{path.stem} {fault}" for fault in found]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n st.markdown(f'**{name}**')",
        "def f():\n text = f'x {name}'\n st.caption(text)",
        "def f():\n st.button('x', help=refusal)",
        "def f():\n st.error(str(refusal))",
        "def f():\n st.progress(0.5, text=words.progress(view))",
        "def f():\n st.text_input('Recovery email of ' + address)",
    ],
)
def test_what_no_helper_made_safe_is_found(source: str) -> None:
    assert unsafe(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n st.markdown(f'**{escaped(name)}** {total:,}')",
        "def f():\n text = escaped(name)\n st.caption(text)",
        "def f():\n st.button('Save', help=HELP)",
    ],
)
def test_what_is_safe_is_not(source: str) -> None:
    assert not unsafe(source)


#: Everything that Markdown as Streamlit has it makes something of.
HOSTILE = (
    "![x](http://e.example/x.png) [y](https://e.example) $a^2$ :red[b] :smile: :material/delete: <b>c</b> `d` **e** "
    "~~f~~ _g_ www.e.example -> h | i"
)


def test_no_sign_is_left_to_markdown() -> None:
    made = escaped(HOSTILE)
    assert not loose(made)
    assert made.replace("\\", "").replace("\u2060", "") == HOSTILE
    for icon in ("www.e", ":material/delete", ":streamlit:", "http://", "https://"):
        assert icon not in escaped(f"{icon}x").replace("\\", "")


@pytest.mark.parametrize(
    "line", ["1. one", "12) one", "# head", "- item", "+ item", "===", "a\n===", "a\n---", "    code"]
)
def test_no_line_becomes_a_list_a_heading_or_code(line: str) -> None:
    last = escaped(line).splitlines()[-1]
    assert last[0] in "\\\u00a0" or last.split(")")[0].split(".")[0].endswith("\\")


def test_a_value_stays_in_its_code_whatever_is_in_it() -> None:
    assert verbatim("a`b") == "`` a`b ``"
    assert "\n" not in verbatim("a\n\n# b")
    assert ":material/" not in verbatim(":material/delete:")


def loose(markdown: str) -> list[str]:
    """Signs that Markdown would take for marks, in text of ours with `HOSTILE` in it; code is left out."""
    text = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", re.sub(r"\\.", "", markdown))
    return re.findall(r"\]\(|:red\[|\$a|:smile:|:material/delete|<b>|~~f|_g_|www\.e|`d|\*\*e", text)


def rendered(tab: AppTest) -> list[str]:
    """Everything on a page that Streamlit renders as Markdown."""
    kinds = (tab.markdown, tab.caption, tab.title, tab.subheader, tab.error, tab.warning, tab.info, tab.success)
    texts = [str(each.value) for kind in kinds for each in kind]
    fields = (tab.button, tab.text_input, tab.text_area, tab.selectbox, tab.checkbox, tab.radio, tab.toggle)
    for kind in fields:
        for each in kind:
            texts += [str(each.label), str(getattr(each, "help", "") or "")]
    texts += [str(each.label) for each in tab.expander]
    return texts


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services.build(Settings(data_dir=tmp_path, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400))
    services.install(built)
    built.engine.recover()
    yield built
    services.install(None)
    built.close()


def holds(tab: AppTest) -> None:
    """The page shows hostile words, and all of them as words."""
    texts = rendered(tab)
    assert not tab.exception
    assert any("e.example" in text for text in texts), "nothing hostile is on this page"
    assert not [text for text in texts if loose(text)]


def a_run(house: Services) -> None:
    reading = house.previews.read(b"username,password\r\nnina.berg,Geheim.2026x\r\n", f"{HOSTILE}.csv")
    judged = house.previews.judge(LOCAL, reading.rows, "clienta.nl")
    ready = house.previews.confirm(LOCAL, reading.rows, "clienta.nl", reading, before=judged)
    run = house.runs.start(LOCAL, ready.plan, days=1)
    until(lambda: (view := house.runs.get(LOCAL, run)) is not None and view.status == "finished")


def test_a_hostile_file_name_stands_on_each_page_as_it_is(house: Services) -> None:
    a_run(house)
    tab = opened("email_accounts")  # the banner of the run that ended
    assert not [text for text in rendered(tab) if loose(text)]
    holds(opened("runs"))
    tab = opened("import_mailboxes", domain="clienta.nl")
    tab.file_uploader(key="upload").upload(f"{HOSTILE}.csv", FILE).run()
    tab.button(key="preview_import").click().run()
    holds(tab)
    tab.button(key="create").click().run()
    holds(tab)
    holds(opened("import_mailboxes", domain="clienta.nl"))  # the draft


def test_hostile_headers_and_cells_stand_as_they_are(house: Services) -> None:
    tab = opened("import_mailboxes", domain="clienta.nl")
    named = HOSTILE.replace(",", "")
    tab.file_uploader(key="upload").upload("odd.csv", f"{named},Foo\r\n{named},1\r\n".encode()).run()
    tab.button(key="preview_import").click().run()
    assert "mapping" in tab.session_state
    holds(tab)
    tab = opened("import_mailboxes", domain="clienta.nl")
    tab.file_uploader(key="upload").upload("rows.csv", f"username,domain\r\n{named},{named}\r\n".encode()).run()
    tab.button(key="preview_import").click().run()
    assert not [text for text in rendered(tab) if loose(text)]


def test_hostile_words_of_the_host_stand_as_they_are(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    known, boxes = house.lists.domains(LOCAL), house.lists.mailboxes(LOCAL, "clienta.nl")
    monkeypatch.setattr(house.lists, "domains", lambda *_, **__: replace(known, problem=HOSTILE))
    monkeypatch.setattr(house.lists, "mailboxes", lambda *_, **__: replace(boxes, problem=HOSTILE))
    for page in ("email_accounts", "runs", "audit", "access"):
        holds(opened(page, domain="clienta.nl"))


def test_a_hostile_name_of_a_token_and_a_hostile_search_stand_as_they_are(house: Services) -> None:
    house.tokens.create(LOCAL, HOSTILE[:100], admin=True)
    tab = AppTest.from_file(str(ENTRY), default_timeout=20)
    tab.session_state["tokens-picked"] = house.tokens.every(LOCAL)[0].id
    holds(tab.run().switch_page(str(PAGES / "access.py")).run())
    tab = opened("email_accounts", domain="clienta.nl")
    tab.text_input(key="search").input(HOSTILE).run()
    holds(tab)


def test_a_hostile_refusal_stands_as_it_is(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = opened("email_accounts")
    tab.session_state["refused"] = HOSTILE
    holds(tab.run())
    shown: list[str] = []
    monkeypatch.setattr(faults.st, "error", lambda text, icon: shown.append(text))
    faults.say_it_failed(Forbidden(HOSTILE))
    assert not loose(shown[0])
