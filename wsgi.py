"""The WSGI entry: `gunicorn wsgi:app`, `flask run`, and the application of every `flask` command."""

from sync2sys import create_app
from sync2sys.cli.schema import create_where_empty

app = create_app()
create_where_empty(app)
