"""The WSGI entry: `gunicorn wsgi:app`, `flask run`, and the application of every `flask` command."""

import gc

from sync2sys import create_app
from sync2sys.cli.schema import create_where_empty

app = create_app()
create_where_empty(app)
# The application is here to stay: looking at all of it again takes the garbage collector 60 ms each time.
gc.collect()
gc.freeze()
