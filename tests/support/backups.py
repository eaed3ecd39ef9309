"""What tests of backups share: a passphrase, and keys that are derived fast."""

import pytest

PASSPHRASE = "correct horse battery staple"


def derive_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive the keys of backups at next to no cost."""
    monkeypatch.setattr("mxlib.store.backup_file._COST", 2)
