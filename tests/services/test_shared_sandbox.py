"""Several servers on one sandbox: what one of them makes is there for the others."""

from pathlib import Path

import pytest

from mxlib import sandbox
from mxlib.mxroute import protocol
from mxlib.services.container import build
from mxlib.settings import Settings, SettingsError


def test_two_servers_share_a_sandbox_that_outlives_them(tmp_path: Path) -> None:
    served = sandbox.serve(sandbox.believable())
    servers = [build(Settings(data_dir=tmp_path / name, sandbox_url=served.url)) for name in ("one", "two")]
    first, second = servers
    try:
        assert (first.on_sandbox, first.sandbox) == (True, None)
        first.host.send(protocol.create_mailbox("clienta.nl", "shared", "Geheim.2026x", 1024, None))
        assert "shared" in str(second.host.send(protocol.list_mailboxes("clienta.nl")).data)
        first.close()
        assert second.host.send(protocol.list_domains()).data
    finally:
        for server in servers:
            server.close()
        served.stop()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sandbox_url": "http://sandbox.example"}, "MXM_SANDBOX_URL must start with https"),
        (
            {"sandbox_url": "http://127.0.0.1:1", "api_key": "k", "server": "s", "user": "u"},
            "MX_API_KEY and MXM_SANDBOX_URL are set",
        ),
    ],
)
def test_an_address_that_cannot_be_is_refused_in_one_sentence(settings: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings(**settings)  # type: ignore[arg-type]
