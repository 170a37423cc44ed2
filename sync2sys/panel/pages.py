"""What every page shares: the strict policy under which it is shown."""

from flask import Response, make_response, render_template

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def page(template: str, **values: object) -> Response:
    """A rendered page; it runs no script and loads nothing from elsewhere."""
    response = make_response(render_template(template, **values))
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    return response
