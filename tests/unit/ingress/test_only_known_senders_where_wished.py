"""With MENINX_KNOWN_SENDERS_ONLY, a DicomNode's maySend decides who may call."""

import pytest
from tests.support.dicom_peers import LOOPBACK, associated

from meninx.ingress.listener import Listener, Settings
from meninx.ingress.senders import Answer, Senders
from meninx.store.store import Store


def test_anybody_may_send_unless_told_otherwise() -> None:
    assert Senders().answer("ANYBODY") is Answer.WELCOME


@pytest.mark.parametrize(
    ("calling", "answer"),
    [
        ("SCANNER1", Answer.WELCOME),
        (" SCANNER1 ", Answer.WELCOME),
        ("scanner1", Answer.NOT_RECOGNISED),
        ("OTHER", Answer.NOT_RECOGNISED),
    ],
    ids=["known", "padded", "case", "unknown"],
)
def test_only_known_titles_may_send(calling: str, answer: Answer) -> None:
    senders = Senders(known_only=True)
    assert senders.answer(calling) is Answer.NOT_YET_KNOWN
    senders.know(["SCANNER1 "])
    assert senders.answer(calling) is answer


def test_unknown_sender_is_rejected_and_a_known_one_served(store: Store) -> None:
    senders = Senders(known_only=True)
    senders.know(["SCANNER1"])
    listener = Listener(Settings(host=LOOPBACK, port=0), store, senders)
    listener.start()
    with associated(listener.port, calling="OTHER") as refused:
        answer = refused.acceptor.primitive
        assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 3)
    with associated(listener.port) as association:
        assert association.send_c_echo().Status == 0x0000
    listener.stop(patience_seconds=5)
