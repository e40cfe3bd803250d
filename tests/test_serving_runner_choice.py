"""Which models leave for another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.runner.choice import Holder, to_end

models = st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=7)


@st.composite
def holders(draw: st.DrawFn) -> list[Holder[int]]:
    """Models of small sizes, used in any order."""
    found = draw(models)
    used = draw(st.permutations(range(len(found))))
    return [Holder(i, size, used[i], busy) for i, (size, busy) in enumerate(found)]


def test_the_least_recently_used_leave_first_and_no_more_than_needed() -> None:
    found = [
        Holder("oldest", 10, 1, False),
        Holder("busy", 100, 0, True),
        Holder("older", 20, 2, False),
        Holder("newest", 30, 3, False),
    ]
    assert to_end(0, found) == []
    assert to_end(5, found) == ["oldest"]
    assert to_end(15, found) == ["older"], "the oldest would not be enough"
    assert to_end(31, found) == ["oldest", "newest"]
    assert to_end(60, found) == ["oldest", "older", "newest"]
    assert to_end(61, found) == ["busy"]
    assert to_end(161, found) is None


@given(holders(), st.integers(-5, 70))
def test_enough_leaves_and_nothing_in_vain(
    found: list[Holder[int]], short: int
) -> None:
    chosen = to_end(short, found)
    sizes = {holder.name: holder.size for holder in found}
    if chosen is None:
        assert sum(sizes.values()) < short
        return
    freed = sum(sizes[name] for name in chosen)
    assert freed >= short
    for name in chosen:
        assert freed - sizes[name] < short, "it could have stayed"


@given(holders(), st.integers(1, 70))
def test_a_busy_model_leaves_only_if_the_idle_ones_are_not_enough(
    found: list[Holder[int]], short: int
) -> None:
    busy = {holder.name for holder in found if holder.busy}
    idle = sum(holder.size for holder in found if not holder.busy)
    chosen = to_end(short, found)
    if chosen is not None and idle >= short:
        assert not busy & set(chosen)


@given(holders(), st.integers(1, 70))
def test_what_was_used_last_stays_if_all_else_is_enough(
    found: list[Holder[int]], short: int
) -> None:
    idle = [holder for holder in found if not holder.busy]
    if not idle:
        return
    last = max(idle, key=lambda holder: holder.used)
    others = sum(holder.size for holder in idle if holder is not last)
    if others >= short:
        assert last.name not in (to_end(short, found) or ())
