import pytest

from meninx.controller.keys import LONGEST_DELAY_SECONDS, Key, KeyedQueue, jittered

A, B = Key("InferenceJob", "meninx", "a"), Key("InferenceJob", "meninx", "b")


def _queue() -> KeyedQueue:
    return KeyedQueue(jitter=lambda delay: delay)


def test_key_put_many_times_is_taken_once() -> None:
    queue = _queue()
    for _ in range(3):
        queue.put(A, 0)
    assert queue.take(0) == A
    assert queue.take(0) is None


def test_key_in_other_hands_waits_until_it_is_given_back() -> None:
    queue = _queue()
    queue.put(A, 0)
    queue.take(0)
    queue.put(A, 0)
    assert queue.take(0) is None
    queue.done(A)
    assert queue.take(0) == A


def test_longest_due_comes_first() -> None:
    queue = _queue()
    queue.put(A, 2)
    queue.put(B, 1)
    assert [queue.take(3), queue.take(3)] == [B, A]


def test_earlier_wish_stays_when_a_later_one_comes() -> None:
    queue = _queue()
    queue.put(A, 1)
    queue.put(A, 5)
    assert queue.next_due() == 1


def test_later_wish_is_not_due_yet() -> None:
    queue = _queue()
    queue.put(A, 10)
    assert queue.take(9.9) is None
    assert queue.take(10) == A


def test_what_is_put_behind_comes_after_all_that_is_due() -> None:
    queue = _queue()
    queue.put(A, 1, behind=True)
    queue.put(B, 2)
    assert queue.next_due() == 1
    assert [queue.take(3), queue.take(3)] == [B, A]


def test_what_is_put_behind_is_taken_while_nothing_else_is_due() -> None:
    queue = _queue()
    queue.put(A, 1, behind=True)
    queue.put(B, 5)
    assert queue.take(3) == A


def test_more_urgent_wish_stays_when_one_behind_comes() -> None:
    queue = _queue()
    queue.put(A, 2, behind=True)
    queue.put(A, 3)
    queue.put(A, 2, behind=True)
    queue.put(B, 1, behind=True)
    assert [queue.take(4), queue.take(4), queue.take(4)] == [A, B, None]


@pytest.mark.parametrize("behind", [False, True])
def test_what_is_due_at_once_comes_in_the_order_in_which_it_was_asked_for(behind: bool) -> None:
    queue = _queue()
    queue.put(B, 1, behind=behind)
    queue.put(A, 1, behind=behind)
    assert [queue.take(1), queue.take(1)] == [B, A]


def test_cleared_queue_forgets_wishes_but_not_whose_hands_hold_a_key() -> None:
    queue = _queue()
    queue.put(A, 0)
    queue.put(B, 9, behind=True)
    queue.take(0)
    queue.clear()
    assert (len(queue), queue.next_due()) == (0, None)
    queue.put(A, 0)
    assert queue.take(0) is None


def test_failures_wait_longer_each_time_up_to_a_limit() -> None:
    queue = _queue()
    delays = []
    for _ in range(12):
        queue.put(A, 0)
        queue.take(0)
        delays.append(queue.failed(A, now=0))
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert delays[-1] == LONGEST_DELAY_SECONDS


def test_success_forgets_the_failures() -> None:
    queue = _queue()
    for _ in range(3):
        queue.put(A, 0)
        queue.take(0)
        queue.failed(A, now=0)
    queue.take(100)
    queue.done(A)
    queue.put(A, 0)
    queue.take(0)
    assert queue.failed(A, now=0) == 0.5


def test_failed_key_is_not_due_before_its_delay() -> None:
    queue = _queue()
    queue.put(A, 0)
    queue.take(0)
    queue.failed(A, now=0)
    assert queue.take(0.4) is None
    assert queue.take(0.5) == A


def test_wish_to_look_again_is_kept() -> None:
    queue = _queue()
    queue.put(A, 0)
    queue.take(0)
    queue.done(A, again_at=30)
    assert queue.next_due() == 30
    assert len(queue) == 1


def test_nothing_is_due_where_all_is_in_hands() -> None:
    queue = _queue()
    queue.put(A, 0)
    queue.take(0)
    queue.put(A, 0)
    assert queue.next_due() is None


@pytest.mark.parametrize("delay", [0.5, 60.0])
def test_jitter_spreads_around_the_delay(delay: float) -> None:
    spread = {jittered(delay) for _ in range(50)}
    assert len(spread) > 1
    assert all(0.5 * delay <= value <= 1.5 * delay for value in spread)
