"""The limit that serving is measured against: a Flask application that does nothing but answer.

Answers the bytes of the file named by BENCH_BODY at `/body`, and a 304 at `/known`.
"""

import os
from pathlib import Path

from flask import Flask, Response

app = Flask(__name__, static_folder=None)
BODY = Path(os.environ["BENCH_BODY"]).read_bytes()


@app.get("/body")
def body() -> Response:
    return Response(BODY, content_type="application/xml; charset=utf-8")


@app.get("/known")
def known() -> Response:
    return Response(status=304)
