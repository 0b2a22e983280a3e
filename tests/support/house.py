"""The source of the repository as the rules of the house see it."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = ("meninx", "meninx_models")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file of ours."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path from the root, as a test's id."""
        return str(self.path.relative_to(ROOT))

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[Function]:
        """Yield every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


def length(function: Function) -> int:
    """Return the lines of a function, decorators left out."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git knows and that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def modules(*tops: str) -> tuple[Module, ...]:
    """Return the Python files under folders of the root."""
    folders = [ROOT / top for top in tops]
    return tuple(
        Module(path, path.read_text(), ast.parse(path.read_text()))
        for path in tracked()
        if path.suffix == ".py" and any(folder in path.parents for folder in folders)
    )


def product() -> tuple[Module, ...]:
    """Return what ships."""
    return modules("operator", "model-images")


def everything() -> tuple[Module, ...]:
    """Return what ships, its tests and its tools."""
    return modules("operator", "model-images", "tests", "tools")
