"""Whatever a stranger's header says, the result can be written and read; nothing is quoted."""

import io

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import Tag
from tests.support.encoded import element
from tests.support.results import composed, reread, slices, source_of_datasets

from meninx.imaging.evidence import EQUIPMENT, PATIENT, STUDY, without_quoting

PLAIN = [
    keyword
    for keyword in (*PATIENT, *STUDY, *EQUIPMENT)
    if dictionary_VR(keyword) not in {"SQ", "UI"}
]
CHARACTER_SETS = [
    b"", b"ISO_IR 100", b"ISO_IR 192", b"ISO IR 192", b"ISO_IR 999", b"\\ISO 2022 IR 87",
    b"ISO 2022 IR 6\\ISO 2022 IR 149", b"GB18030", b"\xff\xfe", b"\\\\",
]  # fmt: skip


def as_received(values: dict[str, bytes], character_set: bytes) -> Dataset:
    """Return the header of an image in which these bytes stand, as read from a file."""
    (usual,) = slices((8, 8, 1))
    said = {"SpecificCharacterSet": character_set} | values
    tags = sorted((Tag(tag_for_keyword(keyword) or 0), value) for keyword, value in said.items())
    body = b"".join(
        element(tag.group, tag.element, dictionary_VR(tag).encode(), value) for tag, value in tags
    )
    with without_quoting():
        received = dcmread(io.BytesIO(body), force=True)
    for one in usual:
        if one.keyword not in said:
            received[one.tag] = one
    return received


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    values=st.dictionaries(st.sampled_from(PLAIN), st.binary(max_size=24), max_size=6),
    character_set=st.sampled_from(CHARACTER_SETS),
)
def test_odd_bytes_of_an_identity_still_make_a_result(
    values: dict[str, bytes], character_set: bytes
) -> None:
    datasets = slices((8, 8, 4))
    odd = as_received(values, character_set)
    source = source_of_datasets(datasets)
    source = type(source)(source.grid, source.planes, odd)
    labels = np.zeros(source.grid.shape, np.uint8)
    labels[3:5, 3:5, 1:3] = 1
    for made in composed(source, labels).objects:
        assert reread(made).SOPInstanceUID == made.SOPInstanceUID
