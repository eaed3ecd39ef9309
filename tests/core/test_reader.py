"""Files as real programs write them, and files without a table; `files/README.md` describes each."""

import hashlib
from pathlib import Path

import pytest

from mxlib.core.files import reader
from mxlib.core.files.csv_reader import MAX_CELLS
from mxlib.core.files.reader import FileRefused, Limits, ReadOptions, Sheet
from mxlib.core.mapping import mapping
from mxlib.core.text.notes import sentences
from tests.support.awkward_files import READ, REFUSED, rows

FILES = Path(__file__).parents[1] / "files"


def of_file(name: str, options: ReadOptions | None = None) -> Sheet:
    return reader.read((FILES / name).read_bytes(), name, options=options)


def of_text(text: str, options: ReadOptions | None = None) -> Sheet:
    return reader.read(text.encode(), "staff.csv", options=options)


def refusal(
    data: bytes, name: str = "staff.csv", limits: Limits | None = None, options: ReadOptions | None = None
) -> str:
    try:
        sheet = reader.read(data, name, limits=limits or Limits(), options=options)
        mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
    except FileRefused as refused:
        return str(refused)
    return pytest.fail("The file was read.")


@pytest.mark.parametrize("name", READ)
def test_files_of_real_programs_are_read_row_by_row(name: str) -> None:
    options, expected = READ[name]
    sheet = of_file(name)
    table, _ = mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
    found = [f"{row.line} {row.username} {row.domain or '-'}" for row in table.itertuples()]
    assert ", ".join(found) == expected
    assert sheet.options.describe() == options


@pytest.mark.parametrize("name", REFUSED)
def test_files_without_a_table_are_refused_with_a_message(name: str) -> None:
    assert refusal((FILES / name).read_bytes(), name) == REFUSED[name]


def test_the_digest_is_the_sha_256_of_the_bytes() -> None:
    data = (FILES / "excel-german.csv").read_bytes()
    assert of_file("excel-german.csv").digest == hashlib.sha256(data).hexdigest()


def test_a_password_keeps_its_outer_blanks() -> None:
    assert rows(of_text('username,password\na, Abcd1234 \nb,"Ab""cd\t"\n'))[0][1] == " Abcd1234 "
    assert rows(of_text('username,password\na, Abcd1234 \nb,"Ab""cd\t"\n'))[1][1] == 'Ab"cd\t'


def test_a_title_above_the_header_is_noted_and_not_read_as_rows() -> None:
    sheet = of_file("title-above.csv")
    assert sheet.title == "New mailboxes 3 May"
    _, notes = mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
    assert sentences(notes) == ("Skipped above the header: 'New mailboxes 3 May'.",)
    sheet = of_text("Staff\nof May\nby Kim\nusername\nalice\n")
    assert sentences(mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))[1]) == (
        "Skipped above the header: 'Staff' and 2 more rows.",
    )


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("username;Name (first, middle, last)", ";"),
        ("Name;E-mail;Floor, room", ";"),
        ('username,"a;b;c;d"', ","),
        ("username\tpassword", "\t"),
        ("username|password;x|y", "|"),
        ("username", ","),
    ],
)
def test_the_delimiter_is_found_from_the_header_outside_quotes(header: str, delimiter: str) -> None:
    assert of_text(f"{header}\nalice\n").options.delimiter == delimiter


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;;"])
def test_the_sep_line_of_excel_sets_the_delimiter_and_is_not_a_row(first: str) -> None:
    sheet = of_text(f"{first}\r\nusername;first, last, nick, title\r\nalice;x\r\n")
    assert sheet.options.delimiter == ";"
    assert sheet.table.lines.tolist() == [3]


def test_line_numbers_count_blank_lines_comments_and_quoted_line_ends() -> None:
    text = '# a\r\n\r\nusername,note\n"a",1\r\r\n\n"b","x\r\ny\rz\nw"\n,\nc,\n'
    assert of_text(text).table.lines.tolist() == [4, 7, 12]


def test_a_header_is_looked_for_in_the_first_twenty_rows() -> None:
    assert of_text("title\n" * 19 + "username\nalice\n").options.header_line == 20
    sentence = refusal(("title\n" * 20 + "username\nalice\n").encode())
    assert sentence == "We found no usernames or addresses. The columns are: title."


def test_the_row_that_names_usernames_is_the_header_despite_a_known_word_in_a_title() -> None:
    sheet = of_text("Domain;clienta.example\nuser;pass\nalice;Abcd1234\n")
    assert (sheet.header, sheet.title) == (("user", "pass"), "Domain clienta.example")


def test_a_title_with_another_delimiter_does_not_mislead() -> None:
    sheet = of_text("One, two, three\nuser;pass\nalice;Abcd1234\n")
    assert sheet.options.delimiter == ";"


def test_detected_options_can_be_overridden() -> None:
    data = "name;user\nalice;Żółw\n".encode("windows-1250")
    assert rows(reader.read(data, "x"))[0][1] == "Żółw"
    assert rows(reader.read(data, "x", options=ReadOptions(encoding="windows-1252")))[0][1] == "¯ó³w"
    assert reader.read(data, "x", options=ReadOptions(delimiter="|")).header == ("name;user",)
    assert reader.read(data, "x", options=ReadOptions(header_line=0)).header == ("Column 1", "Column 2")
    assert len(reader.read(data, "x", options=ReadOptions(header_line=0))) == 2
    assert reader.read(data + b"bob;b\n", "x", options=ReadOptions(header_line=2)).table.lines.tolist() == [3]


def test_utf_16_without_a_byte_order_mark_is_read_when_it_is_chosen() -> None:
    sheet = of_file("utf-16-without-mark.csv", ReadOptions(encoding="utf-16-le"))
    assert rows(sheet) == [["alice", "Abcd1234"]]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (ReadOptions(encoding="utf-16-le"), "staff.csv does not read as UTF-16 LE."),
        (ReadOptions(encoding="rot13"), "staff.csv does not read as rot13."),
        (ReadOptions(delimiter='"'), "'\"' cannot separate the cells of staff.csv. Choose one character."),
        (ReadOptions(delimiter=",,"), "',,' cannot separate the cells of staff.csv. Choose one character."),
        (ReadOptions(header_line=3), "Line 3 holds no header. Choose another line."),
        (ReadOptions(header_line=900), "Line 900 holds no header. Choose another line."),
    ],
)
def test_options_that_do_not_fit_the_file_are_refused_with_a_message(options: ReadOptions, sentence: str) -> None:
    assert refusal(b"username\nalice\n\nbob.\xe9", options=options).startswith(sentence)


def test_a_file_with_an_unknown_header_is_read_for_mapping_by_hand() -> None:
    sheet = of_text("naam,telefoon\nAlice,1\nBob,2\n")
    assert (sheet.header, rows(sheet)) == (("naam", "telefoon"), [["Alice", "1"], ["Bob", "2"]])
    assert sheet.samples(1) == ["1", "2"]


def test_one_column_of_addresses_needs_no_header_but_two_do() -> None:
    assert of_text("a@x.example\nb@x.example").header == ("email",)
    assert (
        refusal(b"a@x.example,Secret1\n")
        == "We found no usernames or addresses. The columns are: a@x.example, Secret1."
    )


def test_short_rows_and_blank_extra_cells_are_accepted_but_extra_values_are_marked() -> None:
    sheet = of_text("username,password,\na\nb,2,,,\nc,3,,x\n")
    assert sheet.header == ("username", "password")
    assert sheet.table.column(1).to_pylist() == ["", "2", "3"]
    assert sheet.table.crowded(2).tolist() == [2]


def test_files_over_a_limit_are_refused_with_the_figures() -> None:
    assert refusal(bytes(12_400_000)) == "12.4 MB; the limit is 10 MB."
    data = b"username\n" + b"a\n" * 12
    assert refusal(data, limits=Limits(rows=11)) == "12 rows; the limit is 11. Split the file."
    assert len(reader.read(data, "x", limits=Limits(rows=12))) == 12
    assert refusal(data + b'"b"\n', limits=Limits(rows=12)) == "13 rows; the limit is 12. Split the file."
    assert refusal(data + b'"b"c\n', limits=Limits(rows=12)) == "13 rows; the limit is 12. Split the file."


@pytest.mark.parametrize("start", ["", '"b"\n', '"b"c\n'])
def test_a_row_with_thousands_of_cells_is_refused(start: str) -> None:
    data = f"username\n{start}{',' * MAX_CELLS}x\n".encode()
    line = 3 if start else 2
    assert refusal(data) == f"Line {line} has 1,001 values; the limit is 1,000."


def test_hundreds_of_thousands_of_blank_lines_are_not_rows() -> None:
    assert len(reader.read(b"username,password\n" + b",\n" * 300_000 + b"alice,\n", "x")) == 1
    assert len(reader.read(b"username,password\n" + b'"",\r\n' * 300_000 + b"alice,\n", "x")) == 1


def test_a_file_of_blank_lines_only_is_empty_however_long() -> None:
    for line in (b"\n", b"# x\n", b'"",\n'):
        assert refusal(line * 500_000) == "The file is empty."


def test_a_million_delimiters_after_sep_are_read_as_an_empty_file() -> None:
    assert refusal(b"sep=" + b";" * 1_000_000) == "The file is empty."


def test_line_breaks_in_a_file_name_do_not_break_the_message() -> None:
    assert refusal(b'username\n"', "a\nb.csv") == "a b.csv: a quote opens in line 2 and never closes."


def test_an_unclosed_quote_is_reported_with_its_line_however_much_follows() -> None:
    data = b'username,note\na,"x\ny"\nb,"z\n' + b"c,filler\n" * 200_000
    assert refusal(data) == "staff.csv: a quote opens in line 4 and never closes."


def test_the_delimiter_is_found_from_all_lines_of_a_header_over_several_lines() -> None:
    sheet = of_text('"User\nname";"Pass\r\nword"\nalice;"Ab,cd1234"\n')
    assert (sheet.header, sheet.options.delimiter, sheet.table.lines.tolist()) == (("User name", "Pass word"), ";", [4])


def test_quotes_can_be_read_as_characters() -> None:
    text = 'user;note\nalice;"Ab\nbob;say "x"; y"\n'
    assert refusal(text.encode()) == "staff.csv: a quote opens in line 2 and never closes."
    sheet = of_text(text, ReadOptions(quoted=False))
    assert rows(sheet) == [["alice", '"Ab'], ["bob", 'say "x"', ' y"']]
    assert sheet.options.describe() == "UTF-8, semicolons, quotes as characters, header in line 1"


def test_an_open_quote_in_the_title_is_ignored_when_the_header_line_is_chosen() -> None:
    for rest in ("bob,x\n", 'bob,"x"\n', 'bob,"x\n y"\n'):
        text = f'"Mailboxes of May\nusername,password\n{rest}'
        sheet = of_text(text, ReadOptions(header_line=2))
        assert (sheet.header, sheet.title, len(sheet)) == (("username", "password"), '"Mailboxes of May', 1)
    assert refusal(b'"Mailboxes of May\nusername,password\n', options=None).endswith("in line 1 and never closes.")
