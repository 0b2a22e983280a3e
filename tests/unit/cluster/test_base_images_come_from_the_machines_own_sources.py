import pytest
from tests.cluster.onenode import aptsources
from tests.cluster.onenode.shell import ClusterError

LISTED = """\
http://mirror.example/debian-security/ bookworm-security main
http://mirror.example/debian/ bookworm-updates main
http://mirror.example/debian/ bookworm main
http://mirror.example/debian/ bookworm contrib
http://mirror.example/debian/ trixie main
http://elsewhere.example/apt stable main
"""


def test_release_itself_comes_before_its_updates() -> None:
    places = aptsources.parse(LISTED)
    assert places[0] == ("http://mirror.example/debian/", "bookworm")
    assert [suite for _, suite in places[1:]] == ["bookworm-security", "bookworm-updates"]


def test_list_has_a_line_for_each_place() -> None:
    lines = aptsources.as_list(aptsources.parse(LISTED)).splitlines()
    assert lines[0] == "deb http://mirror.example/debian/ bookworm main"
    assert len(lines) == 3


def test_machine_without_the_release_is_told_what_to_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptsources, "run", lambda _: "http://mirror.example/ trixie main\n")
    with pytest.raises(ClusterError, match=r"add one to /etc/apt/sources\.list"):
        aptsources.debian()
