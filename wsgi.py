"""The WSGI entry: `gunicorn wsgi:app`, `flask run`."""

from sync2sys import create_app

app = create_app()
