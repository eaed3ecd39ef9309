"""A real OpenID Connect provider on loopback: oidc-provider-mock, made strict and able to fail.

Run as a module it serves. This module adds what the mock lacks: it enforces PKCE, client secret and redirect URI,
records its requests, and fails on demand. A test asks for the fixture `provider`.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

ROOT = Path(__file__).parents[2]
CLIENT, SECRET = "mxm-of-tests", "Sq-provider-secret-not-to-be-seen"


class Provider:
    """The running provider as a test sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.settings = {"oidc_issuer": url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        self.environment = {f"MXM_{name.upper()}": value for name, value in self.settings.items()}

    def configure(self, **what: Any) -> None:
        """Change its behaviour: a `fault`, or the `redirects` of the one client."""
        httpx.post(f"{self.url}/control", json=what).raise_for_status()

    def knows(self, subject: str, **claims: Any) -> None:
        """Add an account with exactly these claims."""
        httpx.put(f"{self.url}/users/{subject}", json=claims).raise_for_status()

    def agrees(self, page: str, subject: str | None) -> str:
        """Agree on its page as `subject`, or deny if None; return the URL of the redirect."""
        form = {"action": "deny"} if subject is None else {"sub": subject}
        answer = httpx.post(page, data=form)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def seen(self) -> list[dict[str, Any]]:
        """Return every request that it received: path, query, form, authorization."""
        return list(httpx.get(f"{self.url}/control").json())

    def secrets(self) -> set[str]:
        """Return the secrets of all requests: codes, verifiers, tokens, nonces and states."""
        return set(httpx.get(f"{self.url}/control/secrets").json()) | {SECRET}


@contextmanager
def running() -> Iterator[Provider]:
    """Yield a provider process inside the block."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.oidc_provider"],
        cwd=ROOT, env=os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            yield Provider(process.stdout.readline().strip())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def one_provider() -> Iterator[Provider]:
    """Yield one provider process for all tests of a file."""
    with running() as provider:
        yield provider


@pytest.fixture
def provider(one_provider: Provider) -> Provider:
    """Return the provider without faults and without a registered redirect URI."""
    one_provider.configure(fault="", redirects=[], forget=True)
    return one_provider


def _forged(token: str, fault: str, key: dict[str, Any]) -> str:
    """Return an ID token with one fault."""
    from joserfc import jwt
    from joserfc.jwk import OctKey, RSAKey

    head, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    own = RSAKey.import_key(key)
    if fault == "unsigned":
        plain = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, body)]
        return b".".join([*plain, b""]).decode()
    if fault == "signed_by_another":
        return jwt.encode(head, body, RSAKey.generate_key(2048))
    if fault == "signed_with_the_secret":
        return jwt.encode({**head, "alg": "HS256"}, body, OctKey.import_key(SECRET))
    body |= {
        "wrong_nonce": {"nonce": "another"},
        "no_nonce": {"nonce": None},
        "wrong_audience": {"aud": ["another"]},
        "borrowed_audience": {"aud": ["another"], "azp": CLIENT},
        "wrong_issuer": {"iss": "https://another.example"},
        "no_subject": {"sub": None},
        "asked_again": {"auth_time": int(time.time())},
        "not_asked_again": {"auth_time": int(time.time()) - 600},
        "long_ago": {"auth_time": int(time.time()) - 3600},
        "ahead": {"auth_time": int(time.time()) + 3600},
        "silent_about_it": {"auth_time": None},
        "expired": {"iat": int(time.time()) - 7200, "exp": int(time.time()) - 3600},
    }.get(fault, {})
    return jwt.encode(head, {name: value for name, value in body.items() if value is not None}, own)


def _strict() -> Any:
    """Return the application of the provider with what tests need."""
    import flask
    import oidc_provider_mock
    from oidc_provider_mock._storage import Client, storage

    app = oidc_provider_mock.app(require_client_registration=True, require_nonce=True)
    state: dict[str, Any] = {"fault": "", "seen": [], "secrets": set(), "challenges": {}}

    @app.route("/control", methods=["GET", "POST"])
    def control() -> Any:
        if flask.request.method == "GET":
            return flask.jsonify(state["seen"])
        changes = flask.request.json
        if changes.pop("forget", False):
            state["seen"].clear()
        if (redirects := changes.pop("redirects", None)) is not None:
            method = changes.pop("method", "client_secret_basic")
            for name, secret in ((CLIENT, SECRET), ("another", "x")):
                storage.store_client(
                    Client(
                        id=name, secret=secret, redirect_uris=redirects, allowed_scopes=Client.SCOPES_SUPPORTED,
                        token_endpoint_auth_method=method,
                    )
                )  # fmt: skip
        state.update(changes)
        return "", 204

    @app.route("/control/secrets")
    def secrets() -> Any:
        return flask.jsonify(sorted(filter(None, state["secrets"])))

    @app.route("/elsewhere", methods=["GET", "POST"])
    def elsewhere() -> Any:
        return flask.jsonify({"access_token": "x", "token_type": "Bearer"})

    @app.before_request
    def listen() -> Any:
        request = flask.request
        if request.path.startswith("/control"):
            return None
        form, query = request.form.to_dict(), request.args.to_dict()
        seen = {"path": request.path, "query": query, "form": form}
        state["seen"].append(seen | {"authorization": request.headers.get("Authorization", "")})
        names = ("code", "code_verifier", "nonce", "state")
        state["secrets"] |= {source.get(name) for source in (form, query) for name in names}
        fault = state["fault"]
        if fault == "down" or (fault == "token_down" and request.path == "/oauth2/token"):
            return "<h1>Bad gateway</h1>", 502
        if fault == "lost" and request.path.startswith("/.well-known"):
            return "<h1>Welcome</h1>"
        if fault == "new_key":
            storage.jwk = type(storage.jwk).generate_key(is_private=True)
            state["fault"] = ""
        if fault == "redirects" and request.path in ("/oauth2/token", "/.well-known/openid-configuration"):
            return flask.redirect("/elsewhere", 307)
        if request.path == "/oauth2/token":
            proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
            if state["challenges"].pop(form.get("code"), None) != proof.rstrip(b"=").decode():
                return flask.jsonify({"error": "invalid_grant"}), 400
        return None

    @app.after_request
    def answer(response: Any) -> Any:
        path = flask.request.path
        if path == "/oauth2/authorize" and (code := parse_qs(urlsplit(response.location or "").query).get("code")):
            asked = flask.request.args
            assert asked["code_challenge_method"] == "S256"
            state["challenges"][code[0]] = asked["code_challenge"]
        if response.is_json and path == "/.well-known/openid-configuration":
            content = response.get_json()
            content |= {
                "another_issuer": {"issuer": "https://another.example"},
                "plain": {"token_endpoint": "http://provider.example/token"},
                "post_only": {"token_endpoint_auth_methods_supported": ["client_secret_post"]},
            }.get(state["fault"], {})
            response.set_data(json.dumps(content))
        if response.is_json and path == "/oauth2/token" and "id_token" in (token := response.get_json()):
            key = storage.jwk.as_dict(is_private=True)
            token["id_token"] = _forged(token["id_token"], state["fault"], key)
            state["secrets"] |= {token["id_token"], token["access_token"]}
            if state["fault"] == "no_id_token":
                del token["id_token"]
            response.set_data(json.dumps(token))
        return response

    return app


def _serve() -> None:
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, _strict(), threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve()
