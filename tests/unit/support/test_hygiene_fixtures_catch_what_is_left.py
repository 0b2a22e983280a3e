from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[3]

BAD = {
    "log": "import logging\ndef test_x(): logging.getLogger('meninx.a').debug('TEST' + '^ONE')",
    "printed": "def test_x(): print('MNX' + '-0001')",
    "thread": "import threading as t, time\ndef test_x(): t.Thread(target=time.sleep, args=(1,)).start()",
    "task": "import asyncio as a\nasync def test_x():\n    global t\n    t = a.create_task(a.sleep(60))",
    "network": "import socket\ndef test_x(): socket.create_connection(('192.0.2.1', 9), 1)",
    "lookup": "import socket\ndef test_x(): socket.getaddrinfo('example.org', 80)",
}


@pytest.fixture
def hygiene(pytester: pytest.Pytester) -> pytest.Pytester:
    outer = (ROOT / "tests/conftest.py").read_text()
    pytester.makeconftest(outer.replace("_GRACE_SECONDS = 5.0", "_GRACE_SECONDS = 0.1"))
    folder = pytester.mkdir("unit")
    (folder / "conftest.py").write_text((ROOT / "tests/unit/conftest.py").read_text())
    for name, source in BAD.items():
        (folder / f"test_{name}.py").write_text(source)
    ini = f"[pytest]\nasyncio_mode=auto\nasyncio_default_fixture_loop_scope=function\npythonpath={ROOT}"
    pytester.makeini(ini)
    return pytester


@pytest.mark.prints_identity
def test_each_kind_of_bad_manners_is_a_failure(hygiene: pytest.Pytester) -> None:
    outcome = hygiene.runpytest_subprocess("-p", "no:cacheprovider", "-rfE")
    told = {
        name
        for name in BAD
        for line in outcome.outlines
        if line.startswith(("FAILED", "ERROR")) and f"test_{name}.py" in line
    }
    assert told == BAD.keys()
