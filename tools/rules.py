"""Print the table of the eight rules and the tests that hold each (`make rules`)."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = (
    "acknowledged-means-safe",
    "once",
    "level-based",
    "no-patient-in-the-control-plane",
    "complete-or-not-at-all",
    "traceable",
    "least-privilege",
    "said-plainly",
)


def _rules_in(node: ast.AST) -> list[str]:
    """Return the rules that marks under a node name."""
    return [
        str(call.args[0].value)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "rule"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]


def _of_module(tree: ast.Module) -> Iterator[tuple[str, str]]:
    whole = [rule for node in tree.body if isinstance(node, ast.Assign) for rule in _rules_in(node)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:5] == "test_":
            own = [rule for mark in node.decorator_list for rule in _rules_in(mark)]
            yield from ((rule, node.name) for rule in {*whole, *own})


def held_by(root: Path) -> dict[str, list[str]]:
    """Return the names of the tests that are marked with each rule."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(root.glob("tests/**/test_*.py")):
        for rule, name in _of_module(ast.parse(path.read_text())):
            found[rule].append(name)
    return found


def main() -> int:
    """Print the table; exit 1 where a rule has no test or a mark names no rule."""
    found = held_by(ROOT)
    for rule in RULES:
        print(f"{rule}: {len(found[rule])} tests")  # noqa: T201
        for name in sorted(set(found[rule])):
            print(f"    {name}")  # noqa: T201
    return 0 if found.keys() == set(RULES) and all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
