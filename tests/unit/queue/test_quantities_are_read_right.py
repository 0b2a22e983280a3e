import pytest
from hypothesis import given
from hypothesis import strategies as st

from meninx.base.errors import BadInput
from meninx.controller.queue.quantity import CPU, MEMORY, amount, units, written


@pytest.mark.parametrize(
    ("resource", "quantity", "count"),
    [
        pytest.param(CPU, "500m", 500, id="thousandths of a CPU"),
        pytest.param(CPU, "2", 2000, id="whole CPUs"),
        pytest.param(CPU, "0.1", 100, id="part of a CPU"),
        pytest.param(CPU, "1e3", 1_000_000, id="exponent"),
        pytest.param(CPU, "100u", 1, id="less than a thousandth counts as one"),
        pytest.param(MEMORY, "4Gi", 4 * 1024**3, id="binary suffix"),
        pytest.param(MEMORY, "4G", 4 * 10**9, id="decimal suffix"),
        pytest.param(MEMORY, "128974848", 128974848, id="plain bytes"),
        pytest.param(MEMORY, "129e6", 129_000_000, id="bytes with an exponent"),
        pytest.param(MEMORY, "123Mi", 123 * 1024**2, id="mebibytes"),
        pytest.param(MEMORY, "1.5Ki", 1536, id="fraction with a suffix"),
        pytest.param(MEMORY, "1E", 10**18, id="E alone is exa"),
        pytest.param(MEMORY, "1E2", 100, id="E with digits is an exponent"),
        pytest.param(MEMORY, "1k", 1000, id="small k"),
        pytest.param("nvidia.com/gpu", "8", 8, id="pieces"),
        pytest.param("nvidia.com/gpu", 8, 8, id="pieces as a number"),
    ],
)
def test_quantity_is_read_as_kubernetes_does(resource: str, quantity: str, count: int) -> None:
    assert units(resource, quantity) == count


@pytest.mark.parametrize("text", ["", "4 Gi", "Gi", "1x", "1KI", "1e", "one", "1ee3", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no quantity"):
        amount(text)


@given(st.integers(0, 10**6))
def test_written_amount_of_cpu_reads_back_the_same(milli: int) -> None:
    assert units(CPU, written(CPU, milli)) == milli


@pytest.mark.parametrize(
    ("resource", "count", "text"),
    [
        pytest.param(CPU, 1500, "1500m", id="part of a CPU"),
        pytest.param(CPU, 2000, "2", id="whole CPUs"),
        pytest.param(MEMORY, 4 * 1024**3, "4Gi", id="memory"),
        pytest.param(MEMORY, 500, "500", id="few bytes"),
        pytest.param("nvidia.com/gpu", 1000, "1000", id="pieces"),
    ],
)
def test_amount_is_written_as_people_do(resource: str, count: int, text: str) -> None:
    assert written(resource, count) == text
