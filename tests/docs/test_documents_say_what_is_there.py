"""Links lead somewhere, commands exist, generated pages are fresh."""

import re
from pathlib import Path

import pytest
from tools import failures_page, reasons_page

from meninx.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".cache", ".venv", "build", "out", "node_modules"}
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not SKIPPED & set(path.relative_to(ROOT).parts) and ".pytest_cache" not in path.parts
)
IDS = [str(path.relative_to(ROOT)) for path in PAGES]
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|#)([^)#\s]+)")
MAKE = re.compile(r"\bmake ([a-z][a-z-]+)")
MENINX = re.compile(r"(?:^\s*|`)(?:\.venv/bin/)?meninx ([a-z]+)", re.MULTILINE)


def _code(text: str) -> str:
    fenced = re.findall(r"```.*?```", text, re.DOTALL)
    indented = re.findall(r"^    .*$", text, re.MULTILINE)
    return "\n".join([*fenced, *indented, *re.findall(r"`[^`\n]+`", text)])


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_each_link_leads_to_a_file(path: Path) -> None:
    links = LINK.findall(path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_each_make_target_named_exists(path: Path) -> None:
    named = set(MAKE.findall(_code(path.read_text())))
    assert {name for name in named if not name.startswith("bench")} <= _targets()


@pytest.mark.parametrize("path", PAGES, ids=IDS)
def test_each_meninx_command_named_exists(path: Path) -> None:
    assert set(MENINX.findall(_code(path.read_text()))) <= COMMANDS.keys()


def test_page_of_reasons_is_fresh() -> None:
    assert (ROOT / "docs/reference/reasons.md").read_text() == reasons_page.page()


def test_page_of_failures_is_fresh() -> None:
    assert (ROOT / "docs/reference/failures.md").read_text() == failures_page.page()


def test_each_make_target_says_what_it_is_for() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    undescribed = [t for t in phony[1].split() if not re.search(rf"^{t}:.*## ", text, re.MULTILINE)]
    assert undescribed == []


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text
