"""Secrets that come from files: of systemd's credentials, or named by a variable."""

import os
from pathlib import Path

import pytest

from mxlib.secret_files import CREDENTIALS, MAX_BYTES, SecretFileError, read_secrets
from mxlib.settings import Settings, SettingsError

SECRET = "not-to-be-printed-4711"


def written(folder: Path, content: bytes, name: str = "MXM_SECRET_KEY") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_that_a_variable_names_holds_the_secret(tmp_path: Path, end: str) -> None:
    path = written(tmp_path, f"{SECRET} ö{end}".encode())
    assert read_secrets(["MXM_SECRET_KEY"], {"MXM_SECRET_KEY_FILE": str(path)}) == {"MXM_SECRET_KEY": f"{SECRET} ö"}


def test_the_folder_of_credentials_holds_the_secrets_of_its_names(tmp_path: Path) -> None:
    written(tmp_path, SECRET.encode())
    written(tmp_path, b"of another program", "DATABASE")
    found = read_secrets(["MXM_SECRET_KEY", "MX_API_KEY"], {CREDENTIALS: str(tmp_path)})
    assert found == {"MXM_SECRET_KEY": SECRET}


def test_a_blank_variable_counts_as_not_set(tmp_path: Path) -> None:
    environment = {"MXM_SECRET_KEY": "", "MXM_SECRET_KEY_FILE": "", CREDENTIALS: str(tmp_path)}
    assert read_secrets(["MXM_SECRET_KEY"], environment) == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"  \n", "is empty"),
        (f"{SECRET}\n{SECRET}\n".encode(), "has more than one line"),
        (f"{SECRET}\0".encode(), "signs that cannot be printed"),
        (SECRET.encode() + b"\xff", "is no text"),
        (SECRET.encode() * MAX_BYTES, f"has more than {MAX_BYTES} bytes"),
    ],
)
def test_what_is_no_secret_is_refused_without_showing_it(tmp_path: Path, content: bytes, why: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SecretFileError, match=why) as refused:
        read_secrets(["MXM_SECRET_KEY"], {"MXM_SECRET_KEY_FILE": str(path)})
    assert str(refused.value).startswith(f"MXM_SECRET_KEY_FILE: {path} ")
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place, why in (("none", "No such file"), ("", "is not a file"), ("pipe", "is not a file"), ("\0", "no path")):
        with pytest.raises(SecretFileError, match=why):
            read_secrets(["MX_API_KEY"], {"MX_API_KEY_FILE": f"{tmp_path}/{place}"})


def test_a_secret_that_is_set_twice_is_refused(tmp_path: Path) -> None:
    path = str(written(tmp_path, SECRET.encode()))
    for environment in (
        {"MXM_SECRET_KEY": "another", "MXM_SECRET_KEY_FILE": path},
        {"MXM_SECRET_KEY": "another", CREDENTIALS: str(tmp_path)},
        {"MXM_SECRET_KEY_FILE": path, CREDENTIALS: str(tmp_path)},
    ):
        with pytest.raises(SecretFileError, match="MXM_SECRET_KEY is set twice: by MXM_SECRET_KEY") as refused:
            read_secrets(["MXM_SECRET_KEY"], environment)
        assert SECRET not in str(refused.value)


def test_every_secret_of_the_settings_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = dict.fromkeys(Settings.secrets(), SECRET) | {
        "MXM_SMTP_URL": f"smtps://mxm:{SECRET}@mail.example",
        "MXM_HEARTBEAT_URL": f"https://heartbeat.example/{SECRET}",
    }
    if "MXM_DATABASE_URL" in values:
        values["MXM_DATABASE_URL"] = f"postgresql+psycopg://mxm:{SECRET}@db.example/mxm"
    for name, value in values.items():
        written(tmp_path, value.encode(), name)
    monkeypatch.setenv(CREDENTIALS, str(tmp_path))
    for name, value in (("MX_SERVER", "mail.example"), ("MX_USER", "agency"), ("MXM_MAIL_FROM", "mxm@agency.example"),
                        ("MXM_OIDC_ISSUER", "https://sign-in.example"), ("MXM_OIDC_CLIENT_ID", "mxm")):  # fmt: skip
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.api_key.get_secret_value(), settings.secret_key.get_secret_value()) == (SECRET, SECRET)
    assert settings.mail_server is not None
    assert settings.mail_server.password == SECRET
    assert {"MX_API_KEY", "MXM_SECRET_KEY", "MXM_BACKUP_PASSPHRASE", "MXM_ADMIN_PASSWORD"} <= {*Settings.secrets()}
    assert SECRET not in repr(settings)


def test_a_file_that_cannot_be_read_is_a_sentence_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MX_API_KEY_FILE", "/nowhere/key")
    with pytest.raises(SettingsError, match=r"MX_API_KEY_FILE: /nowhere/key cannot be read \(No such file"):
        Settings()


def test_what_is_no_secret_comes_from_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXM_PUBLIC_URL_FILE", str(written(tmp_path, b"https://mxm.agency.example")))
    assert Settings().public_url == ""
