"""Encryption keys: only the right key opens a secret, and the first start creates exactly one."""

import hmac
import json
import stat
from pathlib import Path

import pytest

from mxlib.store import encryption
from mxlib.store.encryption import DecryptionFailed, ServerKey


def test_a_sealed_password_opens_only_at_its_own_row() -> None:
    key, _ = ServerKey.make().new_run_key()
    sealed = key.seal_password("Tell-no-1", 3)
    assert b"Tell-no-1" not in sealed
    assert key.open_password(sealed, 3) == "Tell-no-1"
    with pytest.raises(DecryptionFailed):
        key.open_password(sealed, 4)


def test_the_same_password_is_sealed_differently_each_time() -> None:
    key, _ = ServerKey.make().new_run_key()
    assert key.seal_password("Tell-no-1", 3) != key.seal_password("Tell-no-1", 3)


def test_a_wrapped_run_key_opens_with_the_server_key_only() -> None:
    server = ServerKey.make("a secret")
    key, wrapped = server.new_run_key()
    sealed = key.seal_password("Tell-no-1", 0)
    assert ServerKey.make("a secret").unwrap(wrapped).open_password(sealed, 0) == "Tell-no-1"
    with pytest.raises(DecryptionFailed, match="MXM_SECRET_KEY"):
        ServerKey.make("another secret").unwrap(wrapped)


def test_the_key_file_is_private_created_once_and_reused(tmp_path: Path) -> None:
    path = tmp_path / "mxm.key"
    _, wrapped = ServerKey.load(path).new_run_key()
    ServerKey.load(path).unwrap(wrapped)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["mxm.key"]


def test_a_configured_secret_needs_no_key_file(tmp_path: Path) -> None:
    ServerKey.load(tmp_path / "mxm.key", "from elsewhere")
    assert list(tmp_path.iterdir()) == []


def test_the_repr_of_a_key_shows_no_secret() -> None:
    assert "a secret" not in repr(ServerKey.make("a secret"))


def test_the_parts_of_a_hash_are_written_as_json() -> None:
    parts = (
        "",
        'é \U0001f600 "x" \\ \x00',
        7,
        -1,
        1.5,
        1e300,
        float("inf"),
        0.1,
        None,
        True,
        b"",
        b"\x00\xff",
        [(1, None, b"x"), []],
    )
    whole = json.dumps(parts, separators=(",", ":"), default=lambda data: [data.hex()])
    assert encryption.keyed_hash(b"k", *parts) == hmac.digest(b"k", whole.encode(), "sha256")
