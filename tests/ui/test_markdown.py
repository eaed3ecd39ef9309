"""Foreign text is shown on the pages as it is: it makes no link, picture, formula, colour or icon."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Forbidden
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import PlanLimitReached
from mxlib.mxroute.protocol import Mailbox, Request
from mxlib.services import Services
from mxlib.services.account_storage import AccountStorage
from mxlib.store import mailbox_lists, manual_writes, stored_columns
from mxlib.ui.app import errors as faults
from mxlib.ui.widgets.format import escaped, spoken, verbatim
from tests.support.pages import ENTRY, FILE, opened, search
from tests.support.threaded_runs import until

UI = Path(__file__).parents[2] / "mxlib" / "ui"
PAGES = Path(__file__).parents[2] / "pages"

#: What Streamlit renders as Markdown, as its own documentation says, by method: the names of the parameters.
#: Two kinds are added by hand: HTML, and what comes from the app's own wrappers.
_OF_OURS = {
    "html": {"body"},
    "write": {"args"},
    "table": {"data"},
    "dialog": {"title"},
    "download": {"label"},
    "set_page_config": {"menu_items"},
}


def _documented(doc: str) -> set[str]:
    """The parameters of one docstring whose text speaks of Markdown that they may hold."""
    found, name = set(), ""
    for line in inspect.cleandoc(doc).partition("Returns\n---")[0].partition("Examples\n---")[0].splitlines():
        if begins := re.match(r"\*{0,2}(\w+)\s*:\s", line):
            name = begins[1]
        if re.search(r"GitHub-flavored|supports? Markdown|Markdown formatting|label Markdown", line) and name:
            found.add(name)
    return found


@cache
def renders() -> dict[str, tuple[list[str], set[str]]]:
    """Each method of Streamlit: its parameters in order, and those that it renders as Markdown."""
    found: dict[str, tuple[list[str], set[str]]] = {}
    for where in (DeltaGenerator, st, st.column_config):
        for name, method in inspect.getmembers(where, callable):
            if name.startswith("_") or not inspect.getdoc(method):
                continue
            try:
                order = [each for each in inspect.signature(method).parameters if each != "self"]
            except ValueError:
                continue
            marked = _documented(inspect.getdoc(method) or "") | _OF_OURS.get(name, set())
            marked |= {"help", "captions", "text"} & set(order)
            if marked & set(order) or name in _OF_OURS:
                found[name] = (order, marked & set(order) or _OF_OURS[name])
    for name in ("pills", "segmented_control", "radio", "select_slider"):
        found[name][1].update({"options", "format_func"})
    found["menu_button"][1].update({"options", "format_func"} & set(found["menu_button"][0]))
    found["dialog"] = (["title"], {"title"})
    found["download"] = (["label"], {"label"})
    found["metric"][1].update({"label", "value", "delta"})
    return found


#: What makes text safe, and what gives only numbers, units, moments or words of our own.
#: A page of the navigation has one of six titles.
SAFE = {
    "escaped", "verbatim", "spoken", "escape", "count", "megabytes", "age", "moment", "day", "len", "sum", "int",
    "bool", "read_ago", "Page", "floor",
}  # fmt: skip


def module_of(path: Path) -> str:
    """Return the name of a module of the pages: its folder in mxlib/ui, and its file."""
    where = path.relative_to(UI) if UI in path.parents else path.relative_to(PAGES)
    return where.with_suffix("").as_posix()


#: Expressions that hold nothing of others, as they stand in the code, by module.
OURS: dict[str, set[str]] = {
    "admin/role_choice": {"role.capitalize()"},
    "admin/permissions": {"admin", "right.value.capitalize()"},
    "mailboxes/table": {
        "whole",
        "least",
        "change_text.shown(len(addresses), number, len(selection.selected() - set(addresses)))",
        "filters.described(domains)",
    },
    "mailboxes/filters": {"state", "st.session_state.get('search-presses', 0)"},
    # Names are escaped where the dictionary is made.
    "mailboxes/saved_views": {"{f'{_VIEW}{view.key}': escaped(view.name) for view in own}", "labels.get(name, name)"},
    "email_accounts": {"table.totals(mailboxes)"},
    "audit": {"app.settings.audit_days"},
    "app/banner": {"view.id"},
    "imports/bulk_edit": {"labels.verdict(kind)"},
    "mailboxes/change_dialogs": {"proposed.typed", "verb", "now", "later", "password", "link"},
    "imports/file_changes": {"label", "line"},
    "mailboxes/client_setup": {"each.use", "label"},
    "imports/confirm": {
        "confirmations.nothing_to_change(figures[UNCHANGED])",
        "confirmations.nothing_to_import(exist if alone else 0)",
        "confirmations.to_do(creates, updates)",
        "confirmations.to_do(figures.new, figures.changed)",
        "label",
        "value",
    },
    "widgets/dialogs": {"look", "title", "held.title"},
    "app/layout": {
        "__version__",
        "title",
        "each",
        "{heading: [_page(name, listed=name in listed) for name in names] for heading, names in _SECTIONS.items()}",
    },
    "widgets/domain_field": {"label", "look"},
    "app/jump": {"key", "what", "title"},
    "app/status": {"session.caller()"},
    "overview/figures": {"label", "value"},
    "overview/waiting": {"run.id", "texts.more(number - _MOST)"},
    "imports/upload": {
        "_CHOOSE.format(most=settings.max_file_mb)",
        "_TABLE.format(quota=settings.new_quota or 'unlimited', limit=settings.new_limit)",
    },
    "mailboxes/card": {"action.title", "action.description", "column.noun", "size(usage)", "size(quota)"},
    "mailboxes/mailbox_drawer": {
        "each.title",
        "each.description",
        "others",
        "{name: each.title for name, each in others.items()}",
    },
    "imports/mapping_columns": {"MEANINGS[meaning].plural", "claimants", "title"},
    "imports/mapping_encoding": {"label"},
    "imports/filters": {"kind"},
    "imports/problems": {
        "where",
        "labels.kind(row.kind)",
        "texts.undoing(fix, standing, last=last)",
        "group.more",
        "filter(None, [texts.advice(group), samples if suggested else ''])",
        "texts.label(group, kind)",
    },
    "imports/row_form": {"labels.kind(row['kind'])"},
    "runs/card": {
        "number",
        "str.capitalize",
        "run_status.hidden_rows(view.hidden)",
        "run_status.no_longer_allowed(view.id)",
    },
    "links/board": {"name", "paper"},
    "runs/handover": {
        "label",
        "progress.done",
        "progress.people",
        "progress.to_have",
        "progress.waiting",
        "texts.shown(start, people, number)",
        "texts.mark(len(offer.positions))",
        "texts.never_taken(lost)",
        "view.id",
    },
    "admin/background_tasks": {"label"},
    "admin/texts": {"label"},
    "admin/outbox": {"label", "texts.paced(app.settings.mails_per_hour)"},
    "runs/jobs": {"view.id"},
    "runs/progress": {"run_status.hidden_rows(view.hidden)", "labels.outcome(outcome)"},
    "runs/rows": {"figures.index", "labels.outcome(outcome)"},
    "mailboxes/selection_bar": {"action.label", "action.description", "verbs", "last"},
    "runs/undo": {"label", "planned.typed", "labels.run_kind(view.kind)"},
}


def unsafe(source: str, ours: frozenset[str] = frozenset()) -> list[str]:
    """Markdown with something in it that no helper made safe."""
    tree = ast.parse(source)
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for rendered in _rendered(call, tree)
        for node in _parts(rendered, tree, call)
        if ast.unparse(node) not in ours
    ]


def _rendered(call: ast.Call, tree: ast.AST) -> Iterator[ast.expr]:
    """What a call hands to Streamlit as Markdown, by position, by name, and in options by `**`."""
    functions = [call.func.body, call.func.orelse] if isinstance(call.func, ast.IfExp) else [call.func]
    arguments, keywords = list(call.args), list(call.keywords)
    if ast.unparse(call.func).rpartition(".")[2] == "partial" and arguments:
        functions, arguments = [arguments[0]], arguments[1:]
    for function in functions:
        if not isinstance(function, ast.Attribute) or _is_elsewhere(function.value, tree):
            continue
        order, marked = renders().get(function.attr, ([], set()))
        if not marked:
            continue
        for at, argument in enumerate(arguments):
            name = "args" if "args" in marked else order[at] if at < len(order) else ""
            if name in marked:
                yield from _made_of(argument, name)
        for word in keywords:
            if word.arg is None:
                yield word.value
            elif word.arg in marked:
                yield from _made_of(word.value, word.arg)


def _made_of(argument: ast.expr, name: str) -> Iterator[ast.expr]:
    """The text in an argument; of what formats options, the result."""
    yield argument.body if isinstance(argument, ast.Lambda) and name == "format_func" else argument


def _is_elsewhere(value: ast.expr, tree: ast.AST) -> bool:
    """Whether a method is that of a module of this project and no wrapper of Streamlit's."""
    if not isinstance(value, ast.Name):
        return False
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    return value.id in imported - {"st", "dialogs", "links"}


def _parts(node: ast.expr, tree: ast.AST, call: ast.AST) -> Iterator[ast.expr]:
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
        case ast.Compare():
            return
        case ast.List() | ast.Tuple():
            for each in node.elts:
                yield from _parts(each, tree, call)
        case ast.Dict():
            for each in node.values:
                yield from _parts(each, tree, call)
        case ast.Starred():
            yield from _parts(node.value, tree, call)
        case ast.ListComp() | ast.GeneratorExp():
            yield from _parts(node.elt, tree, call)
        case ast.Subscript():
            yield from _parts(node.value, tree, call)
        case ast.Call():
            yield from _called(node, tree, call)
        case ast.Name() if node.id.lstrip("_")[:1].isupper():
            return
        case ast.Attribute(attr="__getitem__"):
            yield from _parts(node.value, tree, call)
        case ast.Attribute() if node.attr.isupper():
            return
        case ast.Name():
            if returned := _returned(node, tree):  # a function that formats options
                for part in returned:
                    assert part.value is not None
                    yield from _parts(part.value, tree, part)
            else:
                yield from _assigned(node, tree, call)
        case _:
            yield node


def _called(node: ast.Call, tree: ast.AST, call: ast.AST) -> Iterator[ast.expr]:
    """The pieces of what a call gives: those of its arguments, or of what a function of the module returns."""
    name = ast.unparse(node.func)
    last = name.rpartition(".")[2]
    if last in SAFE or (name == "map" and ast.unparse(node.args[0]) in SAFE):
        return
    if isinstance(node.func, ast.Attribute) and last in ("join", "strip", "lower"):
        yield from _parts(node.func.value, tree, call)
        for each in node.args:
            yield from _parts(each, tree, call)
    elif last in ("list", "sorted", "str", "DataFrame"):
        for each in node.args:
            yield from _parts(each, tree, call)
    elif returned := _returned(node.func, tree):
        for part in returned:
            assert part.value is not None
            yield from _parts(part.value, tree, part)
    else:
        yield node


def _returned(function: ast.expr, tree: ast.AST) -> list[ast.Return]:
    """What a function of this module returns; nothing for one of another module."""
    return [
        part
        for made in ast.walk(tree)
        if isinstance(made, ast.FunctionDef) and isinstance(function, ast.Name) and made.name == function.id
        for part in ast.walk(made)
        if isinstance(part, ast.Return) and part.value is not None
    ]


def _assigned(name: ast.Name, tree: ast.AST, call: ast.AST) -> Iterator[ast.expr]:
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
    for path in sorted((*UI.rglob("*.py"), *PAGES.glob("*.py"))):
        found = unsafe(path.read_text(encoding="utf-8"), frozenset(OURS.get(module_of(path), ())))
        faults += [f"{module_of(path)} {fault}" for fault in found]
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
        "def f():\n st.markdown('x', help=name)",
        "def f():\n st.metric('Used', name)",
        "def f():\n st.metric('Used', 1, delta=name)",
        "def f():\n st.radio('Which', [1, 2], format_func=lambda at: names[at])",
        "def f():\n st.radio('Which', [1, 2], captions=[name])",
        "def f():\n st.radio('Which', [name])",
        "def f():\n st.pills('Which', names)",
        "def f():\n st.segmented_control('Which', [name, 'other'])",
        "def f():\n st.tabs([name])",
        "def f():\n st.expander(name)",
        "def f():\n st.popover('x', help=name)",
        "def f():\n st.toast(name)",
        "def f():\n st.badge(name)",
        "def f():\n st.status(name)",
        "def f():\n st.spinner(name)",
        "def f():\n st.error('x', title=name)",
        "def f():\n place.title(name)",
        "def f():\n (st.warning if x else st.success)(name)",
        "def f():\n partial(st.warning, name)()",
        "def f():\n st.dataframe(x, column_config={'a': st.column_config.TextColumn('A', help=name)})",
        "def f():\n st.column_config.MarkdownColumn(help=name)",
        "def f():\n st.button('x', **look)",
        "def f():\n st.write('x', name)",
        "def f():\n st.html(name)",
        "def f():\n st.table(frame)",
        "def f():\n st.table(pd.DataFrame({'Name': [name for name in names]}))",
        "def label(name):\n return f'**{name}**'\ndef f():\n st.markdown(label(name))",
        "def f():\n st.dialog(name)",
        "@dialogs.dialog(name)\ndef f():\n pass",
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
        "def f():\n st.radio('Which', OPTIONS, format_func=lambda at: escaped(names[at]))",
        "from mxlib import words\ndef f():\n words.title(name)",
        "def f():\n st.text_input('Name', name, placeholder=name)",
    ],
)
def test_what_is_safe_is_not(source: str) -> None:
    assert not unsafe(source)


def test_what_streamlit_renders_is_read_from_its_documentation() -> None:
    known = {name: marked for name, (_, marked) in renders().items()}
    for method, parameters in {
        "markdown": "body help", "button": "label help", "text_input": "label help", "error": "body title",
        "radio": "label options captions help format_func", "pills": "label options format_func help",
        "segmented_control": "label options format_func help", "tabs": "tabs", "expander": "label",
        "popover": "label help", "toast": "body", "badge": "label help", "status": "label", "metric":
        "label value delta help", "progress": "text", "spinner": "text", "title": "body help", "caption": "body help",
        "TextColumn": "help", "NumberColumn": "help", "selectbox": "label help", "file_uploader": "label help",
        "form_submit_button": "label help", "dialog": "title", "checkbox": "label help",
    }.items():  # fmt: skip
        assert set(parameters.split()) <= known[method], method


def test_no_entry_of_the_list_of_ours_stands_for_nothing() -> None:
    found: dict[str, set[str]] = {}
    for path in (*UI.rglob("*.py"), *PAGES.glob("*.py")):
        lines = unsafe(path.read_text(encoding="utf-8"))
        found.setdefault(module_of(path), set()).update(line.partition(": ")[2] for line in lines)
    assert not {
        f"{module}: {entry}" for module, entries in OURS.items() for entry in entries - found.get(module, set())
    }


def test_no_sentence_that_is_escaped_on_the_pages_has_marks_of_its_own() -> None:
    marked = set()
    for folder in ("core", "services", "runs", "auth", "store"):
        for path in (UI.parent / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
                    if re.search(r"\*\*\w[^*]*\*\*", text):
                        marked.add(f"{path.stem}: {text}")
    assert not marked


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


#: The fields of what Streamlit sends to the browser that are rendered as Markdown there, whatever the element.
MARKED = {"label", "help", "body", "text", "title", "caption", "captions", "delta", "content"}
OPTIONS = {"radio", "button_group", "menu_button"}


def rendered(tab: AppTest) -> list[str]:
    """Everything on a page, in its sidebar and in its dialog that Streamlit renders as Markdown."""
    found: list[str] = []
    for node in tab._tree:
        if node.type in ("html", "code", "iframe"):
            assert "<b>c</b>" not in str(getattr(node, "value", "")) or node.type == "code"
        elif getattr(node, "proto", None) is not None:
            found += _texts(node.proto, MARKED | ({"options"} if node.type in OPTIONS else set()))
    return found


def _texts(proto: Any, fields: set[str]) -> Iterator[str]:
    for field, value in proto.ListFields():
        each = value if field.is_repeated else [value]
        if field.message_type is not None:
            if not field.message_type.GetOptions().map_entry and field.name not in (
                "data",
                "arrow_data",
                "html",
                "code",
            ):
                for part in each:
                    yield from _texts(part, fields)
        elif field.name in fields:
            yield from (text for text in each if isinstance(text, str))


def holds(tab: AppTest) -> None:
    """Check that the page shows hostile words, and all of them as plain text."""
    texts = rendered(tab)
    assert not tab.exception
    assert any("e.example" in text for text in texts), "nothing hostile is on this page"
    assert not [text for text in texts if loose(text)]


def a_run(services: Services) -> None:
    file = b"username,password\r\nnina.berg,Geheim.2026x\r\n"
    batch = services.files.batch_from_file(file, f"{HOSTILE}.csv", "clienta.nl")
    ready = services.imports.confirm(LOCAL, batch, before=services.imports.validate(LOCAL, batch))
    run = services.runs.start(LOCAL, ready.plan, days=1)
    until(lambda: (view := services.runs.get(LOCAL, run)) is not None and view.status == "finished")


def test_a_hostile_file_name_stands_on_each_page_as_it_is(services: Services) -> None:
    a_run(services)
    tab = opened("email_accounts")  # the banner of the run that ended
    assert not [text for text in rendered(tab) if loose(text)]
    holds(opened("jobs"))
    tab = opened("import_mailboxes", domain="clienta.nl")
    tab.file_uploader(key="upload").upload(f"{HOSTILE}.csv", FILE).run()
    holds(tab)
    tab.button(key="create").click().run()
    holds(tab)
    holds(opened("import_mailboxes", domain="clienta.nl"))  # the draft


def test_hostile_headers_and_cells_stand_as_they_are(services: Services) -> None:
    tab = opened("import_mailboxes", domain="clienta.nl")
    named = "a **e** [y](//e.example) $a^2$ <b>c</b> `d` ~~f~~ _g_ www.e.example"  # with a colon in it, it is masked
    tab.file_uploader(key="upload").upload("odd.csv", f"{named},Foo\r\n{named},1\r\n".encode()).run()
    assert "mapping" in tab.session_state
    holds(tab)
    tab = opened("import_mailboxes", domain="clienta.nl")
    tab.file_uploader(key="upload").upload("rows.csv", f"username,domain\r\n{named},{named}\r\n".encode()).run()
    assert not [text for text in rendered(tab) if loose(text)]


def test_hostile_words_of_the_host_stand_as_they_are(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    known, boxes = services.lists.domains(LOCAL), services.lists.mailboxes(LOCAL, "clienta.nl")
    monkeypatch.setattr(services.lists, "domains", lambda *_, **__: replace(known, problem=HOSTILE))
    monkeypatch.setattr(services.lists, "mailboxes", lambda *_, **__: replace(boxes, problem=HOSTILE))
    for page in ("email_accounts", "jobs", "audit", "access"):
        holds(opened(page, domain="clienta.nl"))


def test_a_hostile_name_of_a_token_and_a_hostile_search_stand_as_they_are(services: Services) -> None:
    services.tokens.create(LOCAL, HOSTILE[:100], admin=True)
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.session_state["tokens-picked"] = services.tokens.list_all(LOCAL)[0].id
    holds(tab.run().switch_page(str(PAGES / "access.py")).run())
    tab = opened("email_accounts", domain="clienta.nl")
    tab.text_input(key="search").input(HOSTILE).run()
    holds(tab)


def test_a_hostile_refusal_stands_as_it_is(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = opened("email_accounts")
    tab.session_state["refused"] = HOSTILE
    holds(tab.run())
    shown: list[str] = []
    monkeypatch.setattr(faults.st, "error", lambda text, icon: shown.append(text))
    faults.say_it_failed(Forbidden(HOSTILE))
    assert not loose(shown[0])


#: As it may stand in a name: lower case, no blanks.
NAMED_BY_HOST = ":material/delete:**e**[y](https://e.example)$a^2$:red[b]<b>c</b>~~f~~"


def a_domain_of_odd_names(services: Services, domain: str = "clienta.nl") -> str:
    """A domain in which one mailbox has a hostile name and a hostile recovery email; its address."""
    box = Mailbox(NAMED_BY_HOST, f"{NAMED_BY_HOST}@{domain}", 2048, 3.0, 7000, 1, suspended=True)
    with services.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, domain, [box], services.clock.now())
        stored_columns.put(tx, "recovery_email", domain, box.username, f"{HOSTILE}@e.example", services.clock.now())
    return f"{box.username}@{domain}"


def on_the_card(address: str) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    query = {"domain": address.rpartition("@")[2], "address": address}
    for name, value in query.items():
        tab.query_params[name] = value
    tab.run().switch_page(str(PAGES / "mailbox.py"))
    for name, value in query.items():
        tab.query_params[name] = value
    return tab.run()


@pytest.mark.parametrize("domain", ["clienta.nl", f"{NAMED_BY_HOST}.example"])
def test_hostile_names_of_the_host_stand_on_the_card_and_in_each_dialog_as_they_are(
    services: Services, domain: str
) -> None:
    with services.store.write() as tx:
        mailbox_lists.keep_domains(tx, sorted({"clienta.nl", domain}), services.clock.now())
    address = a_domain_of_odd_names(services, domain)
    holds(on_the_card(address))
    for action in ("quota", "password", "recovery", "delete"):
        tab = on_the_card(address)
        tab.button(key=f"card_{action}").click().run()
        if action == "quota":
            tab.text_input(key="change_quota").input("1").run()
        holds(tab)
        for box in tab.checkbox:
            if box.key == "change_below":
                box.check().run()
        if action == "delete":
            tab.text_input(key="change_typed").input(address).run()
        for go in [button for button in tab.button if button.key == "change_go" and not button.disabled]:
            holds(go.click().run())
    holds(on_the_card(f"{NAMED_BY_HOST}gone@{domain}"))
    for name in ("do_quota", "do_password", "do_recovery", "do_delete", "do_setup"):
        tab = AppTest.from_file(str(ENTRY), default_timeout=60)
        tab.query_params["domain"] = domain
        tab.session_state["selected"] = {"domain": domain, "addresses": {address}, "turn": 0}
        tab.run().button(key=name).click().run()
        assert not tab.exception
        assert not [text for text in rendered(tab) if loose(text)]
    tab = opened("email_accounts", domain=domain)
    holds(search(tab, "e.example"))
    tab = opened("email_accounts", domain=domain)  # the search is a dialog, and only one is open
    tab.button(key="new").click().run()
    tab.text_input(key="new_username").input(NAMED_BY_HOST).run()
    tab.text_input(key="new_password").input(HOSTILE).run()
    assert not [text for text in rendered(tab) if loose(text)]
    for page in ("import_mailboxes", "jobs", "audit", "access"):
        assert not [text for text in rendered(opened(page, domain=domain)) if loose(text)]


def test_hostile_figures_that_do_not_fit_and_storage_stand_as_they_are(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = AccountStorage(used=5, limit=10, reckoned_at=None, read_at=services.clock.now(), grace_until=HOSTILE)
    monkeypatch.setattr(services.storage, "known", lambda: known)
    monkeypatch.setattr(services.storage, "capacity_warnings", lambda *_: (HOSTILE,))
    holds(opened("email_accounts"))
    tab = opened("import_mailboxes", domain="clienta.nl")
    tab.file_uploader(key="upload").upload("staff.csv", FILE).run()
    holds(tab.button(key="create").click().run())


def test_a_hostile_answer_of_the_host_to_a_write_stands_as_it_is(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "info@clienta.nl"
    services.lists.mailboxes(LOCAL, "clienta.nl")
    send = MXrouteClient.send

    def answer(host: MXrouteClient, request: Request, **more: Any) -> Any:
        if request.kind == "write":
            raise PlanLimitReached(HOSTILE, HOSTILE, status=400)
        return send(host, request, **more)

    monkeypatch.setattr(MXrouteClient, "send", answer)
    tab = on_the_card(address)
    tab.button(key="card_password").click().run()
    tab.button(key="change_go").click().run()
    holds(tab)
    tab = opened("email_accounts", domain="clienta.nl")
    tab.button(key="new").click().run()
    tab.text_input(key="new_username").input("nina.berg").run()
    tab.text_input(key="new_password").input("Geheim.2026x").run()
    holds(tab.button(key="new_go").click().run())
    a_run(services)
    holds(opened("jobs"))


def test_hostile_words_stand_in_an_undo_an_unconfirmed_write_and_the_banners_as_they_are(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run(services)
    tab = opened("jobs", run=str(services.runs.all(LOCAL)[0].id))
    if "undo_look" in [button.key for button in tab.button]:
        tab.button(key="undo_look").click().run()
    holds(tab)
    with services.store.write() as tx:
        number = manual_writes.add(
            tx, services.store.key, "Geheim.2026x", at=services.clock.now(), who=HOSTILE, kind="operator", address="",
            action="update", domain="clienta.nl", username=NAMED_BY_HOST, asked={}, recovery_email="", settle_at=0.0,
            passwords_until=services.clock.now() + 1000.0,
        )  # fmt: skip
        manual_writes.change(tx, number, status="kept", outcome=HOSTILE)
    holds(opened("email_accounts", domain="clienta.nl"))
    holds(on_the_card(f"{NAMED_BY_HOST}@clienta.nl"))
    monkeypatch.setattr(services.housekeeping, "damage", lambda: [HOSTILE])
    monkeypatch.setattr(services.housekeeping, "wrong_time", lambda: [HOSTILE])
    monkeypatch.setattr(services.backups, "problems", lambda: [HOSTILE])
    monkeypatch.setattr(services.backups, "advice", lambda: HOSTILE)
    monkeypatch.setattr(services.run_watch, "run", lambda *_: None)
    for page in ("email_accounts", "import_mailboxes", "audit", "access"):
        holds(opened(page, domain="clienta.nl"))


def test_a_label_that_is_only_read_out_has_no_backslash_and_no_mark_that_works() -> None:
    assert spoken("E-mail_1 (old)") == "E-mail_1 (old)"
    assert not set(r"\[]<>:`") & set(spoken(HOSTILE))
