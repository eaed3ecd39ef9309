"""LibreOffice without a window: opens a file and saves it in another format, as people do."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_CSV = "csv:Text - txt - csv (StarCalc):"
_SYSTEM_LOCALE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Setup/L10N">
<prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>{locale}</value></prop></item></oor:items>
"""
XLSX = "xlsx:Calc MS Excel 2007 XML"

#: LibreOffice's numbers of encodings.
UTF_8, UTF_16, WINDOWS_1252, WINDOWS_1250, MAC_ROMAN = 76, 65535, 1, 33, 2


def csv_filter(
    delimiter: str = ",", encoding: int = UTF_8, *, quote_all: bool = False, numbers: bool = True, shown: bool = True
) -> str:
    """Return the options of the dialog "Export Text File": `numbers` unquoted, cells as `shown`."""
    flags = [str(flag).lower() for flag in (quote_all, numbers, shown)]
    return _CSV + ",".join([str(ord(delimiter)), "34", str(encoding), "1", "", "0", *flags])


def path() -> str | None:
    """Return the path of the LibreOffice of this system, if there is one."""
    return next(filter(None, map(shutil.which, ("soffice", "libreoffice"))), None)


def needed() -> pytest.MarkDecorator:
    """Return a mark that skips without LibreOffice, but never in CI."""
    return pytest.mark.skipif(
        path() is None and not os.environ.get("CI"),
        reason="No LibreOffice here (Debian, Ubuntu: apt-get install libreoffice-calc).",
    )


@cache
def _profile(locale: str) -> TemporaryDirectory[str]:
    """Return a user profile, created once: the first start of a profile takes seconds."""
    folder = TemporaryDirectory(prefix="mxm-soffice-")
    user = Path(folder.name) / "user"
    user.mkdir()
    (user / "registrymodifications.xcu").write_text(_SYSTEM_LOCALE.format(locale=locale), encoding="utf-8")
    return folder


def saved_as(data: bytes, name: str, target: str, *, locale: str = "en-US", opened_as: str = "") -> bytes:
    """Return a file that LibreOffice opened and saved as `target`; `opened_as` is an import filter."""
    program = path()
    assert program, "No LibreOffice here."
    with TemporaryDirectory() as folder:
        source, out = Path(folder) / name, Path(folder) / "out"
        source.write_bytes(data)
        command = [program, "--headless", "--norestore", f"-env:UserInstallation=file://{_profile(locale).name}"]
        command += [f"--infilter={opened_as}"] * bool(opened_as)
        command += ["--convert-to", target, "--outdir", str(out), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        made = list(out.iterdir()) if out.is_dir() else []
        assert len(made) == 1, f"LibreOffice wrote {len(made)} files: {done.stdout}{done.stderr}"
        return made[0].read_bytes()
