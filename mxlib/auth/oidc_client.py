"""Client of an OpenID Connect provider, which identifies the person who comes back from it.

Authlib does discovery, authorization code with PKCE, state and nonce, and the signature of the ID token. This module
decides which of the provider's claims count, and turns every failure into a sentence.
"""

import logging
import re
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from mxlib.auth.sign_in import LEEWAY_S, SignInRefused
from mxlib.clock import Clock
from mxlib.settings import Settings, encrypted

log = logging.getLogger("mxlib")

# Authlib's debug log holds the code verifier, even when an operator turns debugging on.
logging.getLogger("authlib").setLevel(logging.INFO)

#: Seconds for one request to the provider.
MAX_WAIT_S = 10.0

#: Seconds for which its metadata and its keys are trusted; a key that it withdrew works no longer than that.
METADATA_MAX_AGE_S = 3600.0

#: Seconds that a sign-in at the provider may be old when it confirms who a person is.
AGAIN_S = 300

#: Signatures that a client secret, which travels, cannot make.
_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

STALE = "This sign-in was begun in another browser, or more than 10 minutes ago, or is over already: sign in again."
CANCELLED = "The sign-in was cancelled at the provider: sign in again."
UNPROVEN = "The provider's answer does not prove who you are: sign in again, and tell an admin of this MXM if it stays."
NO_EMAIL = "The provider gives no email address of yours: ask its administrator to put the claim email in the ID token."
SILENT = "The sign-in provider does not answer: try again in a minute."
UNTRUSTED = "The sign-in provider does not trust this MXM: ask an admin to check MXM_OIDC_CLIENT_ID and its secret."
MISCONFIGURED = "The sign-in provider and this MXM do not fit together: ask an admin to check MXM_OIDC_ISSUER."


class ProviderUnavailable(SignInRefused):
    """The provider cannot be used now, by anyone."""


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Identity that the provider proves: `email` in lower case, `subject` as "issuer|sub"."""

    email: str
    subject: str
    #: When they signed in at the provider (Unix seconds); None where it does not report that.
    signed_in_at: float | None = None


class _App(StarletteOAuth2App):  # type: ignore[misc]  # Authlib has no types
    """Authlib's client, which uses only the needed parts of the metadata, for an hour."""

    issuer: str
    clock: Clock
    read_at: float | None = None

    async def load_server_metadata(self) -> dict[str, Any]:
        if self.read_at is None or self.clock.monotonic() - self.read_at >= METADATA_MAX_AGE_S:
            async with self._get_session() as client:
                answer = await client.request("GET", self._server_metadata_url, withhold_token=True)
            self.server_metadata = _checked_metadata(answer.raise_for_status().json(), self.issuer)
            self.read_at = self.clock.monotonic()
        return self.server_metadata


class _OAuth(OAuth):  # type: ignore[misc]
    oauth2_client_cls = _App


class Provider:
    """The provider that the settings name.

    Raises ProviderUnavailable when it cannot be used, SignInRefused when it does not prove an identity.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._client_id = settings.oidc_client_id
        issuer = settings.oidc_issuer.rstrip("/")
        self._app: _App = _OAuth().register(
            "mxm",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            # httpx follows no redirect by default, and the secret must not go along with one.
            client_kwargs={
                "scope": "openid email",
                "code_challenge_method": "S256",
                "timeout": MAX_WAIT_S,
                "follow_redirects": False,
            },
        )
        self._app.issuer, self._app.clock = issuer, clock

    async def authorization_redirect(self, request: Request, back_to: str, *, again: bool = False) -> Response:
        """Send the browser to the provider's page.

        `request.session` gets what its return is checked against. `again`: the person has to sign in there once more.
        """
        more = {"prompt": "login", "max_age": AGAIN_S} if again else {}
        try:
            return await self._app.authorize_redirect(request, back_to, **more)  # type: ignore[no-any-return]
        except Exception as error:
            raise _refusal_of(error) from None

    async def expects(self, request: Request) -> bool:
        """Return whether this return is of a sign-in that this browser began."""
        state = request.query_params.get("state", "")
        return await self._app.framework.get_state_data(request.session, state) is not None

    async def identify(self, request: Request) -> ProviderIdentity:
        """Return the identity of the person who came back."""
        asked = request.query_params
        if said := asked.get("error"):  # not every provider sends the state with a refusal, and nothing depends on it
            raise SignInRefused(CANCELLED) if said == "access_denied" else _refusal_of(OAuthError(said))
        if not asked.get("code") or not await self.expects(request):
            raise SignInRefused(STALE)
        try:
            metadata = await self._app.load_server_metadata()
            token = await self._app.authorize_access_token(
                request,
                leeway=LEEWAY_S,
                claims_options={
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self._client_id},
                },
            )
            claims = dict(token["userinfo"])
        except Exception as error:
            raise _refusal_of(error) from None
        return _verified_identity(claims)


def _verified_identity(claims: dict[str, Any]) -> ProviderIdentity:
    """Return the person that a proven ID token is about.

    Microsoft Entra and others never send `email_verified`, since their administrators assign the addresses. A missing
    claim therefore counts as verified; any value but true does not.
    """
    email = claims.get("email")
    if not isinstance(email, str) or len(email) > 254 or not re.fullmatch(r"[!-?A-~]+@[!-~]+", email):
        raise SignInRefused(NO_EMAIL)
    if claims.get("email_verified", True) not in (True, "true"):
        raise SignInRefused(f"The provider has not verified {email}: have it verified there, then sign in again.")
    at = claims.get("auth_time")
    signed_in_at = float(at) if isinstance(at, int | float) and not isinstance(at, bool) else None
    return ProviderIdentity(email.lower(), f"{claims['iss']}|{claims['sub']}", signed_in_at)


def _checked_metadata(metadata: Any, issuer: str) -> dict[str, Any]:
    """Return the used parts of a provider's metadata.

    Raises ValueError when they are another provider's, or unsafe.
    """
    if not isinstance(metadata, dict) or str(metadata.get("issuer", "")).rstrip("/") != issuer:
        raise ValueError("It describes another issuer.")
    endpoints = {name: str(metadata.get(name, "")) for name in _ENDPOINTS}
    for address in endpoints.values():
        if not encrypted(address) or (issuer.startswith("https:") and not address.startswith("https:")):
            raise ValueError("An endpoint is missing, or does not speak https.")
    algorithms = [name for name in metadata.get("id_token_signing_alg_values_supported", ()) if name in _ALGORITHMS]
    # Basic is the method of a provider that lists none.
    methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
    return {
        "issuer": metadata["issuer"],
        **endpoints,
        "id_token_signing_alg_values_supported": algorithms or ["RS256"],
        "token_endpoint_auth_method": method,
    }


def _refusal_of(error: Exception) -> SignInRefused:
    """Return the error for the operator.

    The log gets its type alone, since its text may hold secrets.
    """
    kind = type(error).__name__
    if isinstance(error, OAuthError | JoseError) and re.fullmatch(r"[a-z_]{1,40}", str(error.error)):
        kind = f"{kind} {error.error}"
    log.warning("The sign-in provider was of no use: %s.", kind)
    if isinstance(error, SignInRefused):
        return error
    if isinstance(error, OAuthError):
        if error.error == "invalid_grant":
            return SignInRefused(STALE)
        return ProviderUnavailable(
            UNTRUSTED if error.error in ("invalid_client", "unauthorized_client") else MISCONFIGURED
        )
    if isinstance(error, JoseError | KeyError):
        return SignInRefused(UNPROVEN)
    if isinstance(error, httpx2.HTTPStatusError) and error.response.status_code < 500:
        return ProviderUnavailable(SILENT if error.response.status_code == 429 else MISCONFIGURED)
    return ProviderUnavailable(SILENT if isinstance(error, httpx2.HTTPError) else MISCONFIGURED)
