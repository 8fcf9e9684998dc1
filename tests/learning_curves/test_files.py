"""The lines of the keys of a TOML text."""

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.files import key_lines

KEYS = st.sampled_from("abcdefgh")
VALUES = st.sampled_from(
    [
        *("1", "true", '"a # b"', "[1, 2]", "[\n  1,\n  # two\n  2,\n]", "{ x = 1, y.z = 2 }"),
        *(
            '"""\n[no.header]\nno = "key"\n"""',
            "'''\na = 1\n\n'''",
            '[\n  "]",\n  { x = [\n1] },\n]',
        ),
    ]
)
REMARKS = st.sampled_from(["", "# a = 1\n", "\n\n", "  # [z]\n\n"])


@st.composite
def documents(draw):
    """Draw a TOML text, and the line of each key, counted while the text is put together."""
    text, lines = "", {}

    def add(statement, names):
        nonlocal text
        text += draw(REMARKS)
        for name in names:
            lines[name] = text.count("\n") + 1
        text += draw(st.sampled_from(["", " ", "\t"])) + statement + "\n"

    for table in ["", *draw(st.lists(KEYS, unique=True, max_size=3))]:
        if table:
            add(f"[{table}.t]  # a table", [table, f"{table}.t"])
        prefix = f"{table}.t." if table else ""
        for key in draw(st.lists(st.sampled_from("mnopq"), unique=True, max_size=4)):
            value = draw(VALUES)
            written = draw(st.sampled_from([key, f'"{key}"', f"{key}.{key}"]))
            names = [f"{prefix}{key}"]
            names += [f"{prefix}{key}.{key}"] if "." in written else []
            inner = [name for name in ("x", "y", "y.z") if f"{name} =" in value and "{" in value]
            inner += ["y"] if "y.z" in inner else []
            add(f"{written} = {value}", [*names, *(f"{names[-1]}.{name}" for name in inner)])
    return text, lines


@settings(derandomize=True, deadline=None)
@given(documents())
def test_each_key_has_its_line(document):
    text, lines = document
    tomllib.loads(text)
    assert key_lines(text) == lines


def test_the_tables_of_an_array_have_one_name():
    text = "[[first]]\nlr = 1\n[[first]]\nwidth = 2\n[[first.part]]\n"
    assert key_lines(text) == {"first": 1, "first.lr": 2, "first.width": 4, "first.part": 5}
