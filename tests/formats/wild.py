"""Wild inputs for whatever merchants define: JSON of any kind, and items that hold anything."""

import json

from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def documents(keys, leaves):
    """JSON values in which these keys and texts turn up often."""
    scalars = st.one_of(
        st.sampled_from(leaves), st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT
    )
    names = st.one_of(st.sampled_from(keys), st.sampled_from(keys), ANY_TEXT)
    return st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=3)),
        max_leaves=12,
    )


TEXTS = st.lists(
    st.sampled_from(["Blue", "blau", "42", " ", "", "Shoes > Running", "SHOES>Running > Trail"]), max_size=3
)
NAMES = st.sampled_from(["Size", "Colour", "_brand", "ß"])
#: The text of a column: plain, JSON as it should be, or JSON as it should not be.
COLUMN = st.one_of(
    st.none(),
    ANY_TEXT,
    st.sampled_from(["19.90", "-3", "1e9", "NaN", "9" * 400, "{", "[[", "https://a.example/b?c=d#e", "\x00"]),
    st.builds(json.dumps, st.one_of(TEXTS, st.dictionaries(NAMES, TEXTS), st.dictionaries(NAMES, NAMES))),
    st.builds(json.dumps, documents(["Size", "Colour"], ["Blue"])),
    st.integers(),
)
