"""The walks in the documentation are walked, command by command."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.service import Service
from tests.shops.woocommerce import WooShop

DOCS = Path(__file__).parent.parent / "docs"


def commands(document):
    """The shell commands of a document, in order."""
    return re.findall(r"```sh\n(.*?)```", (DOCS / document).read_text("utf-8"), re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_a_plugin_author_can_follow_the_plugin_page(instance, database_url):
    service = Service(instance, database_url)
    service.start("web")
    try:
        service.await_web()
        with WooShop() as shop:
            environ = os.environ | {"BASE": service.url, "TOKEN": ""}
            answers = []
            for command in commands("plugins.md"):
                command = command.replace("https://yourstore.com", shop.url)
                command = command.replace("ck_…", shop.key).replace("cs_…", shop.secret)
                run = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, check=True)
                answers.append(json.loads(run.stdout))
                environ["TOKEN"] = answers[-1].get("token", environ["TOKEN"])
    finally:
        service.stop()
    registered, connected, feed = answers
    assert registered["isNewAccount"] is True
    assert connected["success"] is True
    assert feed["url"] == f"{service.url}/api/public/feeds/google-shopping-feed"
