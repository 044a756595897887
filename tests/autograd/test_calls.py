"""Scopes: every Value is found in the call that recorded it, and nothing stays open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given, strategies as st

from autograd import Value, calls, innermost_scope, scope, scopes, watches
from autograd.calls import ScopeError, Scopes

PROGRAMS = st.lists(st.sampled_from(["enter", "leave", "record", "leaf", "set"]), max_size=60)


@given(PROGRAMS)
def test_every_value_is_found_in_the_call_that_recorded_it(program: list[str]) -> None:
    x = Value(1.0)
    inside: list[str] = []
    found: list[tuple[Value, str | None]] = []
    names = iter(range(100))
    with scopes() as seen, ExitStack() as stack:
        exits: list[ExitStack] = []
        for step in program:
            if step == "enter":
                inside.append(f"scope {next(names)}")
                exits.append(stack.enter_context(ExitStack()))
                exits[-1].enter_context(scope(inside[-1]))
            elif step == "leave" and inside:
                exits.pop().close()
                inside.pop()
            elif step == "record":
                found.append((x * 2, inside[-1] if inside else None))
            elif step == "leaf":
                found.append((Value(3.0), inside[-1] if inside else None))
            elif step == "set":
                x.data = 2.0
    for value, name in found:
        call = seen.innermost(value)
        assert (call and call.name) == name
    assert seen.innermost(x * 2) is None
    assert innermost_scope() is None


def test_the_order_and_nesting_of_calls_is_kept() -> None:
    with scopes() as seen:
        with scope("a"), scope("b"):
            pass
        with scope("a"):
            pass
    assert [call.name for call in seen.calls] == ["a", "b", "a"]
    a, b, again = seen.calls
    assert (a.parent, b.parent, again.parent) == (None, a, None)
    assert repr(seen) == "<Scopes: 3 calls, a, b, a>"


def test_a_long_list_of_calls_prints_short() -> None:
    with scopes() as seen:
        for _ in range(1_000):
            with scope("step"):
                pass
    assert repr(seen) == "<Scopes: 1,000 calls, step, step, step, step, step, …>"


def test_nothing_is_noted_when_nobody_watches() -> None:
    x = Value(1.0)
    epoch = (x * 2)._epoch
    with scope("a"):
        assert innermost_scope() is None
        assert (x * 2)._epoch == epoch
    assert watches == []


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_an_exception_closes_what_it_leaves(where: str) -> None:
    x = Value(1.0)

    def interrupted() -> None:
        with scopes() as seen:
            found.append(seen)
            with scope("a"), scope("b"):
                values.append(x * 2)
                if where == "inside":
                    raise ZeroDivisionError
            raise ZeroDivisionError

    found: list[Scopes] = []
    values: list[Value] = []
    with pytest.raises(ZeroDivisionError):
        interrupted()
    (seen,), (y,) = found, values
    assert watches == []
    assert calls._here.open == []
    assert [call.end < float("inf") for call in seen.calls] == [True, True]
    assert seen.innermost(y) is seen.calls[1]
    assert seen.innermost(x * 2) is None


def test_what_is_watched_inside_a_call_does_not_include_that_call() -> None:
    x = Value(1.0)
    with scopes() as outer, scope("around"), scopes() as inner:
        y = x * 2
        with scope("inside"):
            z = x * 2
        after = x * 2
    assert [call.name for call in outer.calls] == ["around", "inside"]
    assert [call.name for call in inner.calls] == ["inside"]
    assert inner.innermost(y) is inner.innermost(after) is None
    assert inner.innermost(z) is outer.innermost(z) is inner.calls[0]
    assert outer.innermost(after) is outer.calls[0]


def test_a_call_that_outlives_the_one_around_it_ends_with_it() -> None:
    x = Value(1.0)
    with scopes() as seen:
        first, second = scope("first"), scope("second")
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        after = x * 2
        second.__exit__(None, None, None)
    assert seen.innermost(after) is None
    assert calls._here.open == []


def test_each_thread_watches_itself() -> None:
    def work(name: str) -> tuple[list[str], list[str | None]]:
        x, found = Value(1.0), []
        with scopes() as seen:
            for i in range(50):
                with scope(f"{name}{i}"):
                    call = seen.innermost(x * 2)
                    found.append(None if call is None else call.name)
        return [call.name for call in seen.calls], found

    with scopes() as mine, ThreadPoolExecutor(4) as pool:
        for name, (noted, found) in zip("abcd", pool.map(work, "abcd"), strict=True):
            assert noted == found == [f"{name}{i}" for i in range(50)]
    assert mine.calls == []


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_scope_has_a_name(name: Any) -> None:
    with pytest.raises(ScopeError, match="a scope has a name"), scope(name):
        pass
