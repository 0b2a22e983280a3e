from pathlib import Path

import pytest

from meninx.base.errors import Unavailable
from meninx.store.lock import only_one


def test_second_owner_of_a_data_folder_is_refused(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(Unavailable, match="one replica"),
        only_one(tmp_path),
    ):
        pytest.fail("it has two owners")
    with only_one(tmp_path):
        assert (tmp_path / "lock").exists()
