"""The files in tests/files, with what must come out of each."""

from mxlib.core.files.reader import Sheet

#: File: how it was read, and line, username and domain of every row.
READ = {
    "addresses.txt": (
        "UTF-8, commas, no header",
        "3 alice@clienta.example -, 5 bob@clientb.example -, 6 not an address -",
    ),
    "comment-among-rows.csv": (
        "UTF-8, commas, header in line 1",
        "2 alice clienta.example, 3 # carol comes in june -, 4 #bob clienta.example",
    ),
    "excel-german.csv": (
        "Windows-1252, semicolons, header in line 1",
        "2 anna@beispiel.example -, 3 joerg@beispiel.example -",
    ),
    "excel-mac.csv": ("UTF-8, semicolons, header in line 1", "2 alice -, 4 bob -"),
    "excel-sep.csv": ("UTF-8, bars, header in line 2", "3 alice -"),
    "excel-unicode-text.txt": (
        "UTF-16 LE, tabs, header in line 1",
        "2 alice clienta.example, 3 zoë clienta.example",
    ),
    "excel-utf-8.csv": ("UTF-8, commas, header in line 1", "2 007 -, 3 na -, 4 true -"),
    "forced-text.csv": ("UTF-8, commas, header in line 1", "2 00123 -"),
    "google-workspace.csv": (
        "UTF-8, commas, header in line 1",
        "2 alice@clienta.example -, 3 bob@clienta.example -",
    ),
    "invisible.csv": ("UTF-8, commas, header in line 1", "2 alice clienta.example"),
    "libreoffice-tail.csv": ("UTF-8, commas, header in line 1", "2 alice -, 4 bob -"),
    "line-breaks-in-cells.csv": ("UTF-8, commas, header in line 1", "3 alice -, 6 bob -"),
    "microsoft-365.csv": ("UTF-8, commas, header in line 1", "2 alice@clienta.example -"),
    "number-sign-header.csv": ("UTF-8, commas, header in line 1", "2 alice -, 3 bob -"),
    "password-over-lines.csv": ("UTF-8, commas, header in line 1", "2 alice -, 4 carol -"),
    "password-with-comma.csv": ("UTF-8, commas, header in line 1", "2 alice -, 3 bob -, 4 carol -"),
    "quote-within-a-cell.csv": ("UTF-8, commas, header in line 1", "2 alice -, 3 bob -"),
    "title-above.csv": ("UTF-8, commas, header in line 5", "6 alice clienta.example"),
    "username-and-address.csv": (
        "UTF-8, commas, header in line 1",
        "2 alice -, 3 bob@clienta.example -, 4 carol clientb.example, 5 dave clienta.example",
    ),
    "utf-16-be.csv": ("UTF-16 BE, commas, header in line 1", "2 alice clienta.example"),
    "windows-1252-undefined.csv": ("Windows-1252, commas, header in line 1", "2 alice -"),
}


NO_TABLE = "This is {}, not a table: a CSV or .xlsx is needed."


NUL = "{} holds NUL bytes: it is no text, or UTF-16 without its mark. Save it as CSV UTF-8."


REFUSED = {
    "binary.csv": NO_TABLE.format("a binary file"),
    "empty.csv": "The file is empty.",
    "header-only.csv": "The file has a header and no rows.",
    "locked.xlsx": "This workbook is locked with a password: save it without one, or as CSV.",
    "no-address.csv": "We found no usernames or addresses. The columns are: name, phone.",
    "nul.csv": NUL.format("nul.csv"),
    "old.xls": "This is an old Excel workbook (.xls): save it as .xlsx or CSV.",
    "only-blanks.csv": "The file is empty.",
    "open-quote.csv": "open-quote.csv: a quote opens in line 3 and never closes.",
    "open-quote-closed-later.csv": "open-quote-closed-later.csv: a quote opens in line 3 and never closes.",
    "page.csv": NO_TABLE.format("a web page"),
    "picture.csv": NO_TABLE.format("a picture"),
    "truncated.xlsx": "truncated.xlsx is damaged, or no workbook at all. "
    "Open it in a spreadsheet and save it again as .xlsx or CSV.",
    "user-and-username.csv": "Both 'user' and 'username' hold usernames. Remove or ignore one.",
    "utf-16-without-mark.csv": NUL.format("utf-16-without-mark.csv"),
    "words.txt": "We found no usernames or addresses. The columns are: Dear all.",
}


def rows(sheet: Sheet) -> list[list[str]]:
    return [sheet.table.row(at) for at in range(len(sheet))]
