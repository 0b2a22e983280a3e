"""Whatever a header holds: headers are read, facts are told, and the stack answers with a reason."""

import warnings
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from tests.support.enhanced import enhanced_mr
from tests.support.series import mr_series
from tests.support.stacks import stack_of

from meninx.base.errors import Rejected
from meninx.imaging.elements import ODD_VALUE
from meninx.imaging.header import ImageHeader
from meninx.imaging.nifti import volume_from_stack
from meninx.imaging.series import HEADER_TAGS, read_headers, series_facts
from meninx.imaging.stack import Finding, Stack, build_stack
from meninx.resources.reasons import Reason

JUNK = st.one_of(
    st.binary(max_size=24),
    st.sampled_from(
        [b"1\\2", b"nan\\nan\\nan", b"1e400", b"\\\\\\\\\\", b"-", b"0\\0\\0\\0\\0\\0"]
    ),
)


def _spoil(dataset: Dataset, tag: int, value: bytes) -> None:
    vr = dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
    raw = RawDataElement(
        Tag(tag), vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True
    )
    dataset._dict[Tag(tag)] = raw


def _answers(datasets: list[Dataset]) -> None:
    headers = [header for dataset in datasets for header in read_headers(dataset)]
    facts = series_facts(headers)
    assert all(isinstance(text, str) and text for text in facts.values())
    made = build_stack(headers)
    assert isinstance(made, Stack) or all(isinstance(one, Finding) for one in made)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(HEADER_TAGS), JUNK), min_size=1, max_size=4))
def test_spoilt_elements_end_in_an_answer(spoilt: list[tuple[int, bytes]]) -> None:
    datasets = mr_series(4)
    for tag, value in spoilt:
        _spoil(datasets[1], tag, value)
    _answers(datasets)


@settings(max_examples=60, deadline=None)
@given(
    cut=st.integers(140, 4000),
    flips=st.lists(st.tuples(st.integers(140, 3000), st.integers(0, 255)), max_size=6),
)
def test_spoilt_bytes_of_an_enhanced_object_end_in_an_answer(cut: int, flips: list[Any]) -> None:
    buffer = BytesIO()
    enhanced_mr(mr_series(4)).save_as(buffer, enforce_file_format=True)
    raw = bytearray(buffer.getvalue())
    for place, byte in flips:
        raw[place % len(raw)] = byte
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(BytesIO(bytes(raw[:cut])), specific_tags=HEADER_TAGS, force=True)
        except ODD_VALUE:  # what open_header turns into InvalidDicomError
            return
    _answers([dataset])


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("PixelSpacing", b"0.5"), ("ImageOrientationPatient", b"1\\0\\0"), ("EchoTime", b"n/a")],
)
def test_half_an_element_counts_as_none(keyword: str, value: bytes) -> None:
    dataset = mr_series(1)[0]
    _spoil(dataset, dataset[keyword].tag if keyword in dataset else Tag(0x00180081), value)
    (header,) = read_headers(dataset)
    assert isinstance(header, ImageHeader)
    assert None in (header.pixel_spacing_mm, header.row_cosines, header.echo_time_ms)


def test_volume_beyond_all_memory_is_refused() -> None:
    datasets = mr_series(4, Rows=65535, Columns=65535)
    stack = stack_of(datasets)
    huge = replace(stack, grid=replace(stack.grid, shape=(65535, 65535, 1 << 24)))
    with pytest.raises(Rejected) as refused:
        volume_from_stack(huge, {})
    assert refused.value.reason == Reason.OUT_OF_MEMORY
