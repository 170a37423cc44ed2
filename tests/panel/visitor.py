"""Somebody with a browser at the panel: keeps cookies, reads pages, and sends the forms that stand there."""

from urllib.parse import parse_qsl, urlsplit

from lxml import html

EMAIL, PASSWORD = "alice@example.com", "correct horse battery"


class Visitor:
    """`answer` is what came last; `client` is a Flask test client."""

    def __init__(self, client, base_url="http://localhost"):
        self.client, self.base_url = client, base_url
        self.answer = None

    def open(self, path):
        """Go there and wherever that leads within the service; the answer at the end."""
        self.answer = self.client.get(path, base_url=self.base_url, follow_redirects=True)
        return self.answer

    @property
    def page(self):
        return html.fromstring(self.answer.text)

    @property
    def text(self):
        """What can be read, its words one blank apart."""
        return " ".join(" ".join(self.page.find("body").itertext()).split())

    @property
    def place(self):
        """Path and query of where one is."""
        parts = urlsplit(self.answer.request.full_path)
        return parts.path, dict(parse_qsl(parts.query))

    def submit(self, action, *, which=0, **fields):
        """Fill in a form of this page and send it. Redirects are not followed."""
        form = [form for form in self.page.forms if (form.action or self.answer.request.path) == action][
            which
        ]
        self.answer = self.client.post(action, data=form_values(form) | fields, base_url=self.base_url)
        return self.answer

    def sign_in(self, email=EMAIL, password=PASSWORD, at="/sign-in"):
        self.open(at)
        self.submit("/sign-in", email=email, password=password)
        assert self.answer.status_code == 303, self.answer.text
        return self

    def follow(self):
        return self.open(self.answer.location)


def form_values(form):
    return {name: value or "" for name, value in form.form_values()}
