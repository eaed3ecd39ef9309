"""The format of backups: what was sealed comes back whole, and any change of a file is refused."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.text import backups
from mxlib.store import backup_file
from mxlib.store.backup_file import BackupError, seal, unseal
from tests.support.backups import PASSPHRASE, derive_fast

HEADER = len(backup_file.MAGIC) + 1 + 32

#: The cost of the product, before `brisk`.
COST = backup_file._COST


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys fast, and use small chunks, so that a small file has many."""
    derive_fast(monkeypatch)
    monkeypatch.setattr(backup_file, "CHUNK", 16)


def sealed(*pieces: bytes) -> bytes:
    target = io.BytesIO()
    seal(pieces, target, PASSPHRASE)
    return target.getvalue()


def unsealed(content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return b"".join(unseal(io.BytesIO(content), passphrase))


@given(pieces=st.lists(st.binary(max_size=50), max_size=8))
def test_what_was_sealed_comes_back(pieces: list[bytes]) -> None:
    assert unsealed(sealed(*pieces)) == b"".join(pieces)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 33])
def test_a_file_of_any_number_of_whole_chunks_comes_back(size: int) -> None:
    data = bytes(range(size))
    content = sealed(data)
    assert unsealed(content) == data
    assert len(content) == HEADER + size + 16 * max(1, -(-size // 16))


def test_every_flipped_byte_is_refused() -> None:
    content = sealed(bytes(range(40)))
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        with pytest.raises(BackupError):
            unsealed(bytes(flipped))


def test_every_truncation_is_refused() -> None:
    content = sealed(bytes(range(48)))
    for length in range(len(content)):
        with pytest.raises(BackupError):
            unsealed(content[:length])


@pytest.mark.parametrize("more", [b"x", b"x" * 32, b"x" * 100])
def test_what_is_appended_is_refused(more: bytes) -> None:
    with pytest.raises(BackupError):
        unsealed(sealed(bytes(range(32))) + more)


def test_chunks_in_another_order_or_of_another_file_are_refused() -> None:
    content, other = sealed(bytes(range(48))), sealed(bytes(range(48)))
    first, second = content[HEADER : HEADER + 32], content[HEADER + 32 : HEADER + 64]
    for changed in (
        content[:HEADER] + second + first + content[HEADER + 64 :],
        content[:HEADER] + second + content[HEADER + 64 :],
        content[: HEADER + 32] + other[HEADER + 32 :],
    ):
        with pytest.raises(BackupError):
            unsealed(changed)


@pytest.mark.parametrize(
    ("content", "passphrase", "said"),
    [
        (b"", PASSPHRASE, backups.NOT_A_BACKUP),
        (b"SQLite format 3\x00" + bytes(100), PASSPHRASE, backups.NOT_A_BACKUP),
        (backup_file.MAGIC + b"\x02" + bytes(100), PASSPHRASE, backups.other_format(2)),
        (None, "another passphrase", backups.WRONG_PASSPHRASE),
    ],
)
def test_the_sentence_names_the_cause(content: bytes | None, passphrase: str, said: str) -> None:
    with pytest.raises(BackupError, match=said.replace("(", r"\(").replace(")", r"\)")):
        unsealed(sealed(b"data") if content is None else content, passphrase)


def test_damage_after_the_beginning_is_not_taken_for_a_wrong_passphrase() -> None:
    content = bytearray(sealed(bytes(range(48))))
    content[-1] ^= 1
    with pytest.raises(BackupError, match=backups.DAMAGED):
        unsealed(bytes(content))


def test_a_file_shows_nothing_of_its_content_and_no_two_are_alike() -> None:
    data = b"a secret in the clear"
    first, second = sealed(data), sealed(data)
    assert data[:8] not in first
    assert first[HEADER:] != second[HEADER:]


def test_the_key_is_expensive_to_derive(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, int]] = []

    def scrypt(_passphrase: bytes, *, salt: bytes, **how: int) -> bytes:
        asked.append(how)
        return salt

    monkeypatch.setattr(backup_file, "_COST", COST)
    monkeypatch.setattr("hashlib.scrypt", scrypt)
    sealed(b"data")
    [how] = asked
    assert (how["n"], how["r"], how["p"]) == (2**17, 8, 1)
