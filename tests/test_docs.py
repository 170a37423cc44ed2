"""The documentation says what is true."""

import inspect
import re
from pathlib import Path

import pytest

from sync2sys.config import PREFIX, SETTINGS
from sync2sys.formats import FORMATS, issues, messages
from sync2sys.formats.handbook import markdown
from sync2sys.offers import quality
from sync2sys.schemas.feeds import Reason
from sync2sys.services import import_runs, shopify_reasons
from tests.golden import compare

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: What the environment holds beside the settings of the table.
NOT_IN_THE_TABLE = {"INSTANCE", "TEST_DB", "TEST_GOLDEN", "TEST_MARIADB", "TEST_REDIS", "TEST_SERVERS"}


def test_every_setting_stands_in_the_documentation_with_its_default_and_meaning():
    path = ROOT / "docs/settings.md"
    other = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("| `")]
    rows = [
        f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else ''} | {setting.meaning} |"
        for setting in SETTINGS
    ]
    compare(path, "\n".join([*other, *rows, ""]).encode())


def test_the_page_of_the_channels_is_made_from_the_formats():
    compare(ROOT / "docs/channels.md", markdown().encode())


def test_a_command_prints_the_page_of_the_channels(app):
    printed = app.test_cli_runner().invoke(args=["feeds", "handbook"])
    assert (printed.exit_code, printed.stdout) == (0, markdown())


def test_the_page_of_the_channels_names_every_field_and_setting():
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", markdown(), re.MULTILINE | re.DOTALL))
    assert list(sections) == list(FORMATS)
    for name, section in sections.items():
        twin = re.search(r"^The fields are those of \[`(.+?)`\]", section, re.MULTILINE)
        rows = re.findall(r"^\| `(.+?)` \|", sections[twin[1]] if twin else section, re.MULTILINE)
        assert rows == [field.name for field in FORMATS[name].all_fields]
        assert re.findall(r"^- `(.+?)`", section, re.MULTILINE) == list(FORMATS[name].settings)


def test_every_issue_and_every_reason_to_hold_a_render_is_explained():
    reasons = Reason().fields["code"].metadata["description"]
    codes = {*messages.ITEM, *messages.FIELD, *re.findall("[A-Z_]{3,}", reasons)}
    told = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/feeds.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(told) == sorted({*codes, issues.PUBLISHED, issues.WARNED, issues.EXCLUDED})


def test_every_reason_to_hold_a_list_is_explained():
    found = re.findall(r'Objection\("([A-Z_]+)"', inspect.getsource(quality))
    text = (ROOT / "docs/suppliers.md").read_text("utf-8")
    told = re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)
    assert sorted(told) == sorted({*found, import_runs.PINNED, import_runs.COLUMNS_GONE})


def test_every_reason_why_a_shopify_shop_is_not_connected_is_explained():
    text = (ROOT / "docs/shopify.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE)) == shopify_reasons.REASONS


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_setting_that_a_document_names_exists(path):
    named = set(re.findall(PREFIX + r"([A-Z_]+[A-Z])", path.read_text("utf-8")))
    assert named <= {setting.name for setting in SETTINGS} | NOT_IN_THE_TABLE


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_make_target_that_a_document_names_exists(path):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`(?:[A-Z]+=\S+ )*make ([a-z]+)", path.read_text("utf-8"))) <= targets


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_flask_command_that_a_document_names_exists(path, app):
    runner = app.test_cli_runner()
    for line in re.findall(r"\bflask ((?:[a-z]+ ?)+)", path.read_text("utf-8")):
        words = line.split()
        command = app.cli.commands.get(words[0])
        if command is None:
            assert words[0] in {"run", "db"}, f"flask {line}"
            continue
        if hasattr(command, "commands") and len(words) > 1:
            assert words[1] in command.commands, f"flask {line}"
            words = words[:2]
        else:
            words = words[:1]
        assert runner.invoke(args=[*words, "--help"]).exit_code == 0


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target
