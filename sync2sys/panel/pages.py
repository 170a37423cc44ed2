"""What every page shares: the strict policy it is shown under, the check of its forms, and errors."""

from flask import Blueprint, Response, g, make_response, render_template, request

from sync2sys.panel import forms

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{further}; "
    "base-uri 'none'; frame-ancestors 'none'"
)
KEPT_HEADERS = ("Retry-After", "Allow")


def page(template: str, status: int = 200, *, forms_lead_to: str = "", **values: object) -> Response:
    """A rendered page; it runs no script and loads nothing from elsewhere.

    Browsers hold a form to the policy even where the answer sends them on; `forms_lead_to` names another
    site that the page's forms may end at.
    """
    shown = render_template(template, form_token=forms.token, signed_in=g.get("token"), **values)
    response = make_response(shown, status)
    further = f" {forms_lead_to}" if forms_lead_to else ""
    response.headers["Content-Security-Policy"] = POLICY.format(further=further)
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def pages(name: str) -> Blueprint:
    """A group of pages: every POST has to be of one of our own forms, and errors are pages, too."""
    bp = Blueprint(name, __name__, template_folder="templates")
    bp.before_request(_check_form)
    bp.after_request(_error_as_page)
    return bp


def _check_form() -> None:
    if request.method == "POST":
        forms.check()


def _error_as_page(response: Response) -> Response:
    """The same words as for a program, for a person."""
    if response.status_code < 400 or not response.is_json:
        return response
    told = response.get_json()
    # Nothing more is asked of the database, which may be what is at fault.
    g.pop("token", None)
    shown = page("problem.html", response.status_code, message=told["message"])
    for name in KEPT_HEADERS:
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown
