"""No password in any column is stored or shown in clear; other cells of a row are in its results."""

import csv
import io
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.auth.permissions import LOCAL
from mxlib.core.arrow_text import texts
from mxlib.core.mapping import secret_cells
from mxlib.core.schema import MASK
from mxlib.core.text import findings
from mxlib.store import FILE, Store, journal, own_cells
from tests.support import app as support
from tests.support.app import GOOD, App, data
from tests.support.pages import opened, preview, sent

#: A password of each kind that people hand out; none may be found anywhere but sealed.
P, Q, R = "Kroket-2026a", "Stoomboot-77x", "Start-2026b"
HASH = "$6$Zq1aB7cD$hN3kP0xYwE9uT2vR5sL8mQ4jF6gH1iK7"


#: Files with passwords in unexpected places.
FILES = {
    "colon lines": f"lotte.maas@a.nl:{{PLAIN}}{P}:1001:1001::/var/vmail/lotte::q=*:storage=1G\ntim@a.nl:{Q}:1::/v::\n",
    "addresses and passwords": f"lotte.maas@a.nl {P}\ntim.berg@a.nl {Q}\n",
    "users and passwords by colon": f"lotte.maas:{P}\ntim.berg:{Q}\n",
    "a column without header": f"username,,quota\nlotte.maas,{P},2048\ntim.berg,{Q},512\n",
    "second password columns": f"username,password,Confirm Password,Initial password,quota\none,{P},{P},{R},512\n",
    "a hash function": f"Email Address,Password,First Name,Last Name,Password Hash Function\nt@a.nl,{HASH},T,,crypt\n",
    "an unknown header": f"username,Start\nlotte,{P}\ntim,{Q}\n",
    "a remark": f"username,Remarks\nlotte,first login {P} then change\ntim,on leave\n",
    "usernames": f"username,quota\nlotte:{P},512\ntim {Q},1024\n{R}!,5\n",
    "quotas": f"username,quota,limit\nlotte,{P},5\ntim,5,{Q}\n",
    "recovery emails": f"username,recovery_email\nlotte,{P}\ntim,tim@home.nl {Q}\n",
    "domains": f"username,domain\nlotte,{P}\ntim,a.nl:{Q}\n",
    "addresses": f"email\nlotte@a.nl;{P}\n{P}@{Q}\n",
    "a line above the header": f"lotte {P}\nusername,quota\nlotte,512\n",
    "no header": f"lotte,{P},512\ntim,{Q},1024\n",
    "no known header": f"wie,geheim\nlotte,{P}\ntim,{Q}\n",
    "JSON": f'[{{"username":"lotte","password":"{P}"}}]\n',
    "semicolons in a CSV": f"username,quota\nlotte;{P};512,\n",
}


@pytest.mark.parametrize(
    "name",
    """Initial password;PIN;pin-code;Temp pwd;Kennwort;Startpasswort;Wachtwoord;Mot de passe;Contraseña;Senha;Hasło;
    Heslo;Jelszó;Lösenord;Adgangskode;Passord;Salasana;Şifre;Parola;Κωδικός πρόσβασης;Пароль;密码;パスワード;
    비밀번호;סיסמה;كلمة المرور;รหัสผ่าน;Mật khẩu;InitialPwd;PW;Pass 2;Secret question;Security answer;
    Recovery codes;API key;2FA token;Geheimes Wort;Zugangscode;Password (again)""".replace("\n", "").split(";"),
)
def test_headers_about_secrets_are_recognised_in_many_languages(name: str) -> None:
    assert secret_cells.is_secret_header(name.strip())
    assert secret_cells.is_secret_header(name.strip().upper())
    assert secret_cells.holds_secrets(name.strip(), texts(["x", "4711"]))


@pytest.mark.parametrize(
    "name", ["Department", "Phone", "Passport no", "Compass", "Spin", "Notes", "Key", "Room", "Wing", "Pinterest", ""]
)
def test_other_headers_are_not_taken_for_secrets(name: str) -> None:
    assert not secret_cells.is_secret_header(name)
    assert not secret_cells.holds_secrets(name, texts(["Sales", "on leave", "B2-045", "+31 20 123", "2026-05-01", ""]))


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Product_line", "Widget_Pro_X2"),
        ("Laptop", "ThinkPad-T14s"),
        ("Vehicle", "VW_Golf8"),
        ("Order", "PO-2026/0012a"),
    ],
)
def test_names_of_things_stay_as_they_are(name: str, cell: str) -> None:
    assert not secret_cells.holds_secrets(name, texts([cell] * 3))
    assert secret_cells.own_cell(name, cell) == cell


@pytest.mark.parametrize("name", ["Change Password at Next Sign-In", "Password never expires", "Block credential"])
def test_words_about_passwords_stay(name: str) -> None:
    assert not secret_cells.holds_secrets(name, texts(["True", "FALSE", "nein", "2026-05-01", ""]))


@pytest.mark.parametrize(
    ("name", "secret"),
    [("", "welkom123"), ("", P), ("Column 3", Q), ("Start", P), ("Start", HASH), ("Start", "{SSHA}Gk3Jp0QxZ7vB"),
     (P, "lotte")],
)  # fmt: skip
def test_an_unknown_column_is_classified_by_its_cells(name: str, secret: str) -> None:
    assert secret_cells.holds_secrets(name, texts([secret, "", secret]))


@given(
    st.sampled_from(["username", "address", "recovery_email", "domain"]),
    st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True),
    st.sampled_from(["", "@a.nl", "@Clienta24.nl", "@sub.example.org"]),
)
def test_no_plausible_name_address_or_domain_is_masked(column: str, name: str, domain: str) -> None:
    cell = domain[1:] or "a.nl" if column == "domain" else f"{name}{domain or '@a.nl' * (column == 'recovery_email')}"
    assert secret_cells.masked_in(column, cell) == cell
    assert secret_cells.cover(texts([cell]), column).to_pylist() == [cell]


@pytest.mark.parametrize("cell", ["1024", "1,024", "2 GB", "unlimited", "1.024,00", "10%", "5G", "0x400", "lots"])
def test_no_figure_is_masked(cell: str) -> None:
    assert secret_cells.masked_in("quota", cell) == cell


@pytest.mark.parametrize(
    "cell",
    ["Lotte Maas <lotte@a.nl>", '"Berg, Tim" <tim@a.nl>', "lotte@a.nl (Lotte)", "SMTP:lotte@a.nl", "a@b.nl; c@d.nl",
     "mailto:lotte@a.nl", "jan jansen", "o'neil", "Jan.Jansen1", "[z@a.nl](mailto:z@a.nl)"],
)  # fmt: skip
def test_forms_of_addresses_are_not_masked(cell: str) -> None:
    assert secret_cells.masked_in("username", cell) == cell


@pytest.mark.parametrize("piece", ["a", "a ", ":", "a:", "@", "a@", "a.", ";", "A1a-", " ", "{", "$", "a@b.", "\u0301"])
def test_the_search_for_passwords_takes_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        calls = (secret_cells.masked, secret_cells.masked_cell, secret_cells.masked_value, secret_cells.masked_header)
        return min(_timed(lambda: [call(text) for call in calls]) for _ in range(3))

    assert seconds(200_000) < max(0.1, 30 * seconds(20_000))


def _timed(do: Callable[[], object]) -> float:
    began = time.thread_time()
    do()
    return time.thread_time() - began


def sent_file(app: App, content: str, path: str = "/email-accounts/import/preview") -> Any:
    return app.ask("POST", f"{path}?default_domain=a.nl&generate_passwords=true&file=staff.csv", content=content,
                     headers={"Content-Type": "text/csv"})  # fmt: skip


def without_passwords(answer: Any) -> str:
    """An answer without the cells of the password column, which are asked for."""
    body = answer.json()
    for row in (body.get("data") or {}).get("rows", []) if isinstance(body.get("data"), dict) else []:
        row.pop("password", None)
    return json.dumps(body, ensure_ascii=False)


def kept(app: App) -> bytes:
    """Everything that the data folder holds but the stand-in's own notes."""
    app.services.store.scrub()
    folder = app.services.settings.data_dir
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if not file.name.startswith("sandbox"))


def passwords_in(text: str | bytes) -> list[str]:
    """The passwords that can be read in a text, in whatever case."""
    plain = (text if isinstance(text, str) else text.decode("utf-8", "replace")).lower()
    return [secret for secret in (P, Q, R, HASH) if secret.lower() in plain]


@pytest.mark.parametrize("name", FILES)
def test_a_password_in_another_column_is_in_no_answer_page_file_database_or_log(
    app: App, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    assert not passwords_in(without_passwords(sent_file(app, FILES[name])))
    answer = sent_file(app, FILES[name], "/imports")
    assert not passwords_in(without_passwords(answer))
    for tab in (preview(opened("import_mailboxes", domain="a.nl"), FILES[name].encode()),):
        assert not passwords_in(sent(tab))
    if answer.status_code == 202:
        run = data(answer, 202)["id"]
        app.ended(run)
        assert not passwords_in(kept(app))
        app.services.runs.handed_over(LOCAL, run)
        for kind in ("results.csv", "failed.csv"):
            assert not passwords_in(app.services.exports.run_file(LOCAL, run, kind).content)
        tab = opened("jobs", run=str(run))
        tab.session_state["rows-open"] = True
        assert not passwords_in(sent(tab.run()))
        assert not passwords_in(app.ask("GET", f"/imports/{run}/results").text)
        assert not passwords_in(app.ask("GET", "/audit").text)
    assert not passwords_in(kept(app))
    assert not passwords_in(caplog.text)


def test_text_typed_into_the_grid_is_masked_too(app: App) -> None:
    tab = preview(opened("import_mailboxes", domain="a.nl"), b"username,quota\r\nlotte,5\r\n")
    key = tab.session_state["preview"].editor.key
    tab.session_state[key] = {
        "edited_rows": {0: {"username": f"lotte:{P}", "quota": Q}}, "added_rows": [], "deleted_rows": []
    }  # fmt: skip
    tab.run()
    assert findings.PASSWORD_ELSEWHERE in tab.data_editor[0].value["fix"].iat[0]
    assert not passwords_in(sent(tab))
    assert not passwords_in(kept(app))


def test_json_rows_are_masked_too(app: App) -> None:
    body = {
        "default_domain": "a.nl",
        "rows": [
            {"username": "kim", "password": P, "Initial password": Q, "PIN": "4711", "note": f"was {R}", "Dept": "IT"},
            {"username": f"lou:{Q}", "quota": R, "recovery_email": P, "Temp pwd": "geheim"},
        ],
    }
    assert not passwords_in(without_passwords(app.ask("POST", "/email-accounts/import/preview", body)))
    run = data(app.ask("POST", "/imports", body), 202)["id"]
    app.ended(run)
    assert not passwords_in(kept(app))
    (kim, lou) = results(app, run)
    assert (kim["Dept"], kim["note"], kim["password"]) == ("IT", f"was {MASK}", P)
    assert lou["address"] == f"lou:{MASK}@a.nl"
    assert not {"Initial password", "PIN", "Temp pwd"} & kim.keys()


def results(app: App, run: int) -> list[dict[str, str]]:
    content = app.services.exports.run_file(LOCAL, run, "results.csv").content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


WITH_OWN = (
    f"username,password,Department,Phone,Room,PIN,Confirm,Note\r\n"
    f"kim,{GOOD},Sales,+31 20 123,B2-045,47110815,{GOOD},call after 5\r\n"
    f"lou,short,IT,,C1,1234,x,first {GOOD}\r\n"
)


def started(app: App, content: str = WITH_OWN) -> int:
    answer = app.ask("POST", "/imports?default_domain=a.nl&file=staff.csv", content=content,
                       headers={"Content-Type": "text/csv"})  # fmt: skip
    run = int(data(answer, 202)["id"])
    app.ended(run)
    return run


def test_own_columns_are_encrypted_and_stay_after_handed_over(app: App) -> None:
    run = started(app)
    app.services.runs.handed_over(LOCAL, run)
    kim, lou = results(app, run)
    assert {"PIN"}.isdisjoint(kim)
    assert (kim["Department"], kim["Phone"], kim["Room"], kim["Note"]) == (
        "Sales",
        "\t+31 20 123",
        "B2-045",
        "call after 5",
    )
    assert (kim["password"], kim.get("Confirm", "")) == ("", "")
    assert lou["Note"] == f"first {MASK}"
    assert not [own for own in (b"Sales", b"B2-045", b"call after 5", b"47110815", GOOD.encode()) if own in kept(app)]


def test_an_undo_keeps_the_own_columns(app: App) -> None:
    run = started(app, f"username,password,Department\r\nkim,{GOOD},Sales\r\n")
    back = app.services.undo.start(LOCAL, run, app.services.undo.look(LOCAL, run).typed)
    app.ended(back)
    assert [(row["outcome"], row["Department"]) for row in results(app, back)] == [("deleted", "Sales")]


def test_with_another_key_the_results_say_that_own_columns_cannot_be_opened(app: App) -> None:
    run = started(app)
    app.services.store.key = type(app.services.store.key).make("another")
    for row in results(app, run):
        assert "Department" not in row
        assert "server key was changed" in row["own columns"]


def test_clear_cells_of_an_earlier_release_are_encrypted_or_deleted_at_the_start(tmp_path: Path) -> None:
    with support.opened(tmp_path) as app:
        run = started(app, f"username,password\r\nkim,{GOOD}\r\nlou,{GOOD}\r\nmax,\r\n")
        clock, folder = app.services.clock, app.services.settings.data_dir
    file = next(folder.rglob(FILE))
    with closing(sqlite3.connect(file)) as old:
        old.execute("DELETE FROM meta WHERE name = 'own_cells_sealed'")
        for at, cells in enumerate((
            {"Initial password": P, "": Q, "Department": "Canary-Sales", "note": f"is {R} now"},
            {"Initial password": Q, "": P, "Department": "Canary-Ops", "note": ""},
            {"Initial password": Q, "": R, "Department": "", "note": ""},
        )):  # fmt: skip
            old.execute("UPDATE run_row SET cells = ? WHERE run = ? AND position = ?", (json.dumps(cells), run, at))
        old.execute(
            "UPDATE run_row SET verdict = 'invalid', code = '', username = ?, reason = ? "
            "WHERE run = ? AND position = 2",
            (f"max:{P.lower()}", f"'max:{P.lower()}' has ':'. Quota '{Q}': write 1024 or 1 GB.", run),
        )
        old.execute(
            "INSERT INTO draft (id, operator, file_name, domains, rows, changed_at, sealed_file, sealed_rows) "
            "VALUES ('x', 'ops', '', ?, 1, 1.0, x'00', x'00')", (json.dumps(["a.nl", f"a.nl:{P.lower()}"]),)
        )  # fmt: skip
        old.commit()
    assert b"Canary-Sales" in file.read_bytes()
    with closing(Store.open(file, clock)) as store:
        everything = b"".join(each.read_bytes() for each in folder.iterdir() if not each.name.startswith("sandbox"))
        assert not passwords_in(everything)
        assert b"Canary" not in everything
        with store.read() as tx:
            rows = journal.rows(tx, run)
            assert tx.exec_driver_sql("SELECT domains FROM draft WHERE id = 'x'").scalar() == '["a.nl"]'
        first = own_cells.unseal(store.key, rows[0].sealed_cells)
        assert first == {"Department": "Canary-Sales", "note": f"is {MASK} now"}
        assert rows[2].username == f"max:{MASK}"
        assert f"'max:{MASK}' has ':'" in rows[2].reason


def test_the_mapping_page_shows_no_secret_for_any_meaning_of_its_column(app: App) -> None:
    rows = f"wie,Start,wat,PIN\nlotte,{P},x,zz-pin-zz\ntim,{Q},first {R},zz-pin-zz\n"
    tab = preview(opened("import_mailboxes", domain="a.nl"), rows.encode())
    step = tab.session_state["mapping"]
    for target in ("who", "quota", "name"):
        tab.selectbox(key=step.key(f"target-{target}")).set_value(1).run()
        text = sent(tab)
        assert "lotte" in text
        assert not [*passwords_in(text), *(["pin"] if "zz-pin-zz" in text else [])]


def test_a_data_row_taken_for_the_header_is_masked(app: App) -> None:
    rows = f"wie,wat\nlotte,{P}\ntim,{Q}\n"
    tab = preview(opened("import_mailboxes", domain="a.nl"), rows.encode())
    step = tab.session_state["mapping"]
    tab.selectbox(key=step.key("header_line")).set_value(2).run()
    assert not passwords_in(sent(tab))


def test_a_draft_has_no_secret_in_clear_and_its_file_none_in_own_columns(app: App) -> None:
    rows = f"username,domain,password,Start,Note\nlotte,b.nl:{Q},{GOOD},{P},was {R}\nkim,a.nl,{GOOD},{P},\n"
    tab = preview(opened("import_mailboxes", domain="a.nl"), rows.encode())
    tab.session_state["preview"].editor.changes_shown = True
    assert not passwords_in(sent(tab.run()))
    assert not passwords_in(kept(app))
    (draft,) = app.services.drafts.offered(LOCAL)
    assert draft.domains == ("a.nl",)
    file = app.services.drafts.file(LOCAL, draft.id, "csv").content
    assert GOOD.encode() in file
    assert f"was {MASK}".encode() in file
    assert not passwords_in(file)
