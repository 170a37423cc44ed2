"""/sign-in and /sign-out: the panel account in a browser."""

from flask import Response, g, request

from sync2sys.api import rates
from sync2sys.api.access import public
from sync2sys.database import transaction
from sync2sys.errors import BadRequest, Unauthorized
from sync2sys.panel import forms, sessions
from sync2sys.panel.pages import page, pages
from sync2sys.panel.sessions import signed_in
from sync2sys.schemas.auth import Login
from sync2sys.services import accounts, tokens

bp = pages("sign_in")


@bp.get("/sign-in")
@public
def show() -> Response:
    """Ask for e-mail and password."""
    target = sessions.local(request.args.get("next"))
    if sessions.current() is not None:
        return sessions.leave_for(target)
    return page("sign_in.html", target=target)


@bp.post("/sign-in")
@public
def sign_in() -> Response:
    """Sign the browser in, and lead it to where it wanted to go."""
    target = sessions.local(request.form.get("next"))
    try:
        body = forms.read(Login())
        with rates.guessing(body["email"]):
            sessions.begin(_sign_in(body["email"], body["password"]))
    except (BadRequest, Unauthorized) as error:
        email = request.form.get("email", "")
        return page("sign_in.html", error.status, target=target, error=error, email=email)
    return sessions.leave_for(target)


@transaction
def _sign_in(email: str, password: str) -> str:
    return tokens.issue_session(accounts.login(email, password)).jti


@bp.post("/sign-out")
@signed_in
def sign_out() -> Response:
    """End the sign-in."""
    transaction(tokens.end_family)(g.token.family)
    sessions.end()
    return sessions.leave_for(sessions.SIGN_IN)
