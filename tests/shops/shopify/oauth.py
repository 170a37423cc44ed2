"""Shopify's OAuth pages: consent with a signed redirect, and the exchange of codes and tokens.

The redirect is signed by Shopify's own Python library, so our check of it is tested against theirs.
"""

import base64
import html
import json
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import shopify

from sync2sys.demo.web import Answer
from tests.shops.faults import page
from tests.shops.shopify import access
from tests.shops.shopify.answers import json_answer
from tests.shops.shopify.apps import CODE_SECONDS

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"


@dataclass
class Code:
    """What a merchant agreed to: good once, for ten minutes, for the app it was given to."""

    app: object
    scopes: set
    expires: float


class OAuthError(Exception):
    def __init__(self, error, description, status=400):
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


def signed(app, params):
    """The parameters with their `hmac`, as Shopify's library calculates it with the app's secret."""
    signer = type("Signer", (shopify.Session,), {"secret": app.signing_secret})
    return params | {"hmac": signer.calculate_hmac(params)}


def callback_url(shop, app, redirect_url, state, /, *, scopes=None, **changes):
    """Where the merchant's browser is sent after consent; `changes` replace or (None) remove parameters.

    They are signed as changed.
    """
    code = secrets.token_hex(16)
    wanted = app.scopes if scopes is None else scopes
    shop.codes[code] = Code(app, wanted, shop.clock.seconds() + CODE_SECONDS)
    return _sent_back(shop, app, redirect_url, {"code": code, "state": state} | changes)


def _sent_back(shop, app, redirect_url, given):
    handle = shop.domain.partition(".")[0]
    known = {
        "host": base64.b64encode(f"admin.shopify.com/store/{handle}".encode()).decode().rstrip("="),
        "shop": shop.domain,
        "timestamp": str(int(shop.clock.seconds())),
    }
    params = {name: value for name, value in (known | given).items() if value is not None}
    separator = "&" if urlsplit(redirect_url).query else "?"
    return redirect_url + separator + urlencode(sorted(signed(app, params).items()))


# Consent


def authorize(shop, request):
    """The page that asks the merchant, or what came of the answer."""
    given = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
    form = dict(parse_qsl(request.body.decode())) if request.method == "POST" else {}
    try:
        app, redirect_url, scopes = _asked(shop, given)
    except OAuthError as error:
        return html_error(error)
    known = shop.installations.get(app.client_id)
    if form.get("answer") == "cancel":
        refusal = {
            "error": "access_denied",
            "error_description": "The merchant declined.",
            "state": given.get("state"),
        }
        return _redirect(_sent_back(shop, app, redirect_url, refusal))
    if form.get("answer") == "install" or (known and scopes <= access.closure(known.scopes)):
        granted = shop.grants(scopes)
        return _redirect(callback_url(shop, app, redirect_url, given.get("state"), scopes=granted))
    return Answer.html(_consent(app, shop, scopes, request.target), 200, **{"X-Frame-Options": "DENY"})


def _asked(shop, given):
    app = shop.platform.apps.get(given.get("client_id"))
    if app is None:
        raise OAuthError("invalid_request", "Could not find Shopify API application with api_key")
    redirect_url = given.get("redirect_uri", "")
    if redirect_url not in app.redirect_urls:
        raise OAuthError("invalid_request", "The redirect_uri is not whitelisted")
    scopes = access.parse(given["scope"]) if given.get("scope") else app.scopes
    if not all(scope.startswith(("read_", "write_", "unauthenticated_")) for scope in scopes):
        raise OAuthError("invalid_scope", "The access scope is invalid: " + ", ".join(sorted(scopes)))
    return app, redirect_url, scopes


def _consent(app, shop, scopes, target):
    wanted = "".join(f"<li>{html.escape(scope)}</li>" for scope in sorted(scopes))
    form = f'<form method="post" action="{html.escape(target)}">'
    text = (
        f"<p>{html.escape(app.title)} wants to be installed in {html.escape(shop.name)}, and to</p>"
        f'<ul>{wanted}</ul>{form}<button name="answer" value="install">Install</button></form>'
        f'{form}<button name="answer" value="cancel">Cancel</button></form>'
    )
    return page("Install app", text)


def _redirect(url):
    return Answer.html("", 302, Location=url)


def html_error(error):
    """How Shopify tells an OAuth error to a browser, and to some programs."""
    title = f"Oauth error {error.error}: {error.description}"
    return Answer.html(page(title), error.status)


# Tokens


def access_token(shop, request):
    """Exchange a code, a refresh token, an old token, or the app's own credentials."""
    given = _fields(request)
    wants_json = "json" in request.headers.get("Accept", "") or "json" in request.headers.get(
        "Content-Type", ""
    )
    try:
        answer = _GRANTS[given.get("grant_type") or "authorization_code"](shop, _app(shop, given), given)
    except KeyError:
        error = OAuthError("unsupported_grant_type", "The grant type is not supported")
        return _error_answer(shop, error, wants_json)
    except OAuthError as error:
        return _error_answer(shop, error, wants_json)
    return json_answer({name: value for name, value in answer.items() if name not in shop.token_answer_lacks})


def _fields(request):
    if "json" in request.headers.get("Content-Type", ""):
        try:
            read = json.loads(request.body)
        except ValueError:
            return {}
        return {name: str(value) for name, value in read.items()} if isinstance(read, dict) else {}
    pairs = parse_qs(request.body.decode(errors="replace")) | parse_qs(request.target.partition("?")[2])
    return {name: values[-1] for name, values in pairs.items()}


def _error_answer(shop, error, wants_json):
    if not wants_json or shop.oauth_errors_in_html:
        return html_error(error)
    return json_answer({"error": error.error, "error_description": error.description}, error.status)


def _app(shop, given):
    app = shop.platform.apps.get(given.get("client_id"))
    if app is None or not app.knows(given.get("client_secret")):
        raise OAuthError("invalid_client", "The client_id or client_secret is not valid", 401)
    return app


def _by_code(shop, app, given):
    code = shop.codes.pop(given.get("code"), None)
    if code is None or code.app is not app or code.expires <= shop.clock.seconds():
        raise OAuthError("invalid_request", "The authorization code was not found or was already used")
    installation = shop.install(app, code.scopes)
    return _granted(installation, given.get("expiring") in ("1", "true", "True"))


def _by_refresh_token(shop, app, given):
    installation = shop.installations.get(app.client_id)
    made = installation and installation.refresh(given.get("refresh_token"))
    if not made:
        raise OAuthError("invalid_grant", "This request requires an active refresh_token")
    return _told(installation, *made)


def _by_credentials(shop, app, given):
    if app.organization != shop.organization:
        raise OAuthError("shop_not_permitted", "The app and the shop do not belong to one organization")
    installation = shop.installations.get(app.client_id)
    if installation is None:
        raise OAuthError("app_not_installed", "The app is not installed in this shop")
    token = installation.credential_token()
    lasts = round(token.expires - shop.clock.seconds())
    return {"access_token": token.text, "scope": installation.scope, "expires_in": lasts}


def _by_exchange(shop, app, given):
    """An old token for expiring ones; there is no way back."""
    installation = shop.installations.get(app.client_id)
    token = installation and installation.opens(given.get("subject_token"))
    if token is None or token.expires is not None or given.get("subject_token_type") != OFFLINE:
        raise OAuthError("invalid_subject_token", "The subject token is not an active offline token")
    if given.get("expiring") not in ("1", "true", "True"):
        raise OAuthError("invalid_request", "An offline token is exchanged for an expiring one only")
    installation.end_lasting()
    return _granted(installation, True)


def _granted(installation, expiring):
    if expiring:
        return _told(installation, *installation.expiring_tokens())
    return {"access_token": installation.lasting_token().text, "scope": installation.scope}


def _told(installation, token, refresh):
    now = installation.shop.clock.seconds()
    return {
        "access_token": token.text,
        "scope": installation.scope,
        "expires_in": round(token.expires - now),
        "refresh_token": refresh.text,
        "refresh_token_expires_in": round(refresh.expires - now),
    }


_GRANTS = {
    "authorization_code": _by_code,
    "refresh_token": _by_refresh_token,
    "client_credentials": _by_credentials,
    EXCHANGE: _by_exchange,
}
