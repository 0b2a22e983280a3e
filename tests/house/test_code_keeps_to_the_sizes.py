import ast
import statistics

import pytest
from tests.support.house import Module, everything, length, modules, product

ALL = pytest.mark.parametrize("module", everything(), ids=lambda module: module.name)
PRODUCT = pytest.mark.parametrize("module", product(), ids=lambda module: module.name)
TESTS = pytest.mark.parametrize("module", modules("tests"), ids=lambda module: module.name)
MODULE, FUNCTION, PARAMETERS, POSITIONAL, TEST = 400, 60, 6, 2, 20
BAGS = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


@ALL
def test_module_is_short_enough_to_read(module: Module) -> None:
    assert module.lines <= MODULE


@ALL
def test_function_fits_on_a_page(module: Module) -> None:
    long = {f.name: length(f) for f in module.functions() if length(f) > FUNCTION}
    assert long == {}


@PRODUCT
def test_function_takes_few_parameters(module: Module) -> None:
    many = {}
    for function in module.functions():
        arguments = function.args
        positional = [a.arg for a in arguments.args if a.arg not in {"self", "cls"}]
        count = len(positional) + len(arguments.kwonlyargs)
        if count > PARAMETERS:
            many[function.name] = count
    assert many == {}


@ALL
def test_module_has_a_name_that_says_something(module: Module) -> None:
    assert module.path.stem not in BAGS
    assert not BAGS & set(module.path.parts)


@TESTS
def test_tests_are_sentences_and_short(module: Module) -> None:
    for function in module.functions():
        if function.name.startswith("test_"):
            assert len(function.name.split("_")) >= 5, f"{function.name}: four words or more"
            assert length(function) <= TEST, f"{function.name} has {length(function)} lines"


def test_median_module_and_function_stay_small() -> None:
    assert statistics.median(module.lines for module in product()) <= 150
    lengths = [length(f) for module in product() for f in module.functions()]
    assert statistics.median(lengths) <= 9


@PRODUCT
def test_public_names_have_a_docstring(module: Module) -> None:
    if not module.text.strip():
        return
    assert ast.get_docstring(module.tree), "the module"
    public = [
        node
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


@PRODUCT
def test_docstring_begins_with_one_line_of_purpose(module: Module) -> None:
    for function in module.functions():
        docstring = ast.get_docstring(function)
        if docstring and "\n" in docstring:
            assert docstring.splitlines()[1] == "", function.name
