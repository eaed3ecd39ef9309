"""Texts about requests that MXM sends to others than MXroute."""

from collections.abc import Mapping

from mxlib.core.outgoing import SendProblem

_PROBLEMS: Mapping[SendProblem, str] = {
    SendProblem.GONE: "The address answers that it is gone for good (410).",
    SendProblem.UNKNOWN_HOST: "The name of the host is not found. Check the address.",
    SendProblem.PRIVATE_ADDRESS: "The host is in a private network, and MXM_NOTIFY_HOSTS does not name it.",
    SendProblem.NOT_ENCRYPTED: "The address is http://, and MXM_NOTIFY_HOSTS does not name its host.",
    SendProblem.NOT_AN_ADDRESS: "This is no address that MXM can send to. Check it.",
    SendProblem.NOT_CONNECTED: "The host accepts no connection. Check the address and firewalls in between.",
    SendProblem.TIMEOUT: "The host answers too slowly.",
    SendProblem.DISCONNECTED: "The host ended the connection before it answered.",
    SendProblem.CERTIFICATE: "The certificate of the host is not valid for its name, so nothing was sent.",
    SendProblem.TLS_FAILED: "No encrypted connection to the host is possible, so nothing was sent.",
    SendProblem.SEALED: "The address cannot be decrypted. Bring MXM_SECRET_KEY or mxm.key back.",
    SendProblem.DISABLED: "An admin disabled the channel.",
    SendProblem.UNFORESEEN: "MXM could not send it: its log says where it failed.",
    SendProblem.UNREADABLE_ANSWER: "The answer of the host is not readable, or too long.",
}


def failed(problem: SendProblem, status: int = 0) -> str:
    """Say why a request did not arrive."""
    if problem is SendProblem.REDIRECTED:
        return f"The host leads to another address ({status}), which MXM does not follow. Enter the final address."
    if problem is SendProblem.ANSWERED:
        return f"The host answered with status {status}."
    return _PROBLEMS[problem]
