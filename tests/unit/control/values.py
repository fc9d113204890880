"""Whatever JSON can hold."""

from typing import Any

from hypothesis import strategies as st


def anything() -> st.SearchStrategy[Any]:
    """Return any value that JSON can say, NaN apart, which equals nothing."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
        max_leaves=5,
    )
