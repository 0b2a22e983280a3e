import ast
import re
from collections.abc import Iterator

import pytest
from tests.support.house import OWN, Module, product

PRODUCT = pytest.mark.parametrize("module", product(), ids=lambda module: module.name)
EDGES = re.compile(
    r"operator/meninx/(cli/main|processes/\w+|\w+/loop|controller/worker|kube/informer|ingress/(listener|receive)"
    r"|store/committer|steps/edge)\.py"
)
"""Where a broad except may stand: process edges, loops, workers, callbacks of a listener."""
LATE_IMPORTS = re.compile(r"operator/meninx/cli/\w+\.py|model-images/meninx_models/__main__\.py")


def _imports_inside_functions(module: Module) -> Iterator[str]:
    for function in module.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.ImportFrom):
                yield node.module or ""
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


@PRODUCT
def test_own_modules_are_imported_at_the_top(module: Module) -> None:
    if LATE_IMPORTS.fullmatch(module.name):
        return
    late = [name for name in _imports_inside_functions(module) if name.split(".")[0] in OWN]
    assert late == []


@PRODUCT
def test_broad_except_stands_only_at_process_edges(module: Module) -> None:
    broad = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else "everything"
        raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        if caught in {"everything", "Exception", "BaseException"} and not raises:
            broad.append(f"line {node.lineno}: {caught}")
    assert broad == [] or EDGES.fullmatch(module.name), broad


@PRODUCT
def test_operator_and_models_never_import_each_other(module: Module) -> None:
    other = "meninx_models" if module.name.startswith("operator/") else "meninx"
    roots = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
    assert other not in roots


@PRODUCT
def test_nothing_is_left_to_do_later(module: Module) -> None:
    marks = re.findall(r"#.*\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError", module.text)
    assert marks == []
