"""Damage to a file: byte flips, truncation, lost and repeated lines, other types, deep nesting.

Owns the kinds of damage. Must not know which command reads the file.
"""

import io
import re
import sqlite3

import numpy as np
import pyarrow as pa
import pyarrow.parquet

_VALUE = re.compile(
    rb'"(?:[^"\\\n]|\\.)*"|(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\btrue\b|\bfalse\b|\bnull\b'
    rb"|\binf\b|\[[^\[\]]*\]|\{[^{}]*\}"
)
_CELL = re.compile(rb"[^,\n]+")
ODD = (
    *(
        b"null",
        b"true",
        b"-1",
        b"0",
        b"1.5",
        b"1e308",
        b"-1e308",
        b"1e999",
        b"NaN",
        b"inf",
        b"-inf",
    ),
    *(b"9" * 25, b"9" * 400, b"9" * 5000, b'""', b'"x"', b'"\\u0000"', b'"\\ud800"', b'"a\\nb"'),
    *(b'"\\u001b[31m"', b"[]", b"{}", b"[[]]", b"[1, 2]", b'["a", 1]', b'{"a": 1}', b"{a = 1}"),
    *(b"", b"\x00", b"\xff", b"nan", b"1979-05-27", b"07:32:00", b"'", b'"', b"\xe2\x80\xa8"),
)
"""Values that a field rarely expects, in the syntax of JSON, TOML or CSV."""
_NESTED = (
    lambda n: b"[" * n + b"]" * n,
    lambda n: b"[" * n,
    lambda n: b'{"a":' * n + b"1" + b"}" * n,
    lambda n: b"{a=" * n + b"1" + b"}" * n,
)


def damaged(content, suffix, rng):
    """Return the content of a file with the suffix, damaged in one to three ways."""
    for _ in range(int(rng.integers(1, 3, endpoint=True)) if rng.random() < 0.4 else 1):
        special = _SPECIAL.get(suffix)
        if special and rng.random() < 0.5:
            content = special(content, rng)
        else:
            ways = _BYTES if special else _TEXT
            content = ways[int(rng.integers(len(ways)))](content, rng)
    return content


def _span(content, rng):
    start = int(rng.integers(len(content) + 1))
    return start, min(len(content), start + int(rng.integers(1, 1 + max(1, len(content) // 4))))


def _flip_bits(content, rng):
    found = bytearray(content)
    for _ in range(int(rng.integers(1, 9))) if found else ():
        found[int(rng.integers(len(found)))] ^= 1 << int(rng.integers(8))
    return bytes(found)


def _set_bytes(content, rng):
    found = bytearray(content)
    for _ in range(int(rng.integers(1, 5))) if found else ():
        found[int(rng.integers(len(found)))] = int(rng.choice([0, 10, 13, 34, 44, 92, 127, 255]))
    return bytes(found)


def _truncate(content, rng):
    return content[: int(rng.integers(len(content) + 1))]


def _cut_out(content, rng):
    start, stop = _span(content, rng)
    return content[:start] + content[stop:]


def _repeat(content, rng):
    start, stop = _span(content, rng)
    return content[:stop] + content[start:]


def _delete_line(content, rng):
    lines = content.splitlines(keepends=True)
    if lines:
        del lines[int(rng.integers(len(lines)))]
    return b"".join(lines)


def _repeat_line(content, rng):
    lines = content.splitlines(keepends=True)
    if lines:
        lines.insert(int(rng.integers(len(lines))), lines[int(rng.integers(len(lines)))])
    return b"".join(lines)


def _swap_lines(content, rng):
    lines = content.splitlines(keepends=True)
    if lines:
        i, j = rng.integers(len(lines), size=2).tolist()
        lines[i], lines[j] = lines[j], lines[i]
    return b"".join(lines)


def _replace_value(content, rng, new):
    found = list((_VALUE if rng.random() < 0.7 else _CELL).finditer(content))
    if not found:
        return content + new
    match = found[int(rng.integers(len(found)))]
    return content[: match.start()] + new + content[match.end() :]


def _swap_type(content, rng):
    return _replace_value(content, rng, ODD[int(rng.integers(len(ODD)))])


def _swap_values(content, rng):
    found = _VALUE.findall(content)
    if not found:
        return content
    return _replace_value(content, rng, found[int(rng.integers(len(found)))])


def _nest(content, rng):
    depth = int(rng.choice([3, 50, 400, 3000, 100_000], p=[0.3, 0.2, 0.2, 0.2, 0.1]))
    if rng.random() < 0.15:  # dotted keys nest without a recursive parser
        return b".".join([b"a"] * min(depth, 5000)) + b" = 1\n" + content
    return _replace_value(content, rng, _NESTED[int(rng.integers(len(_NESTED)))](depth))


_BYTES = (_flip_bits, _set_bytes, _truncate, _cut_out, _repeat)
_TEXT = (
    *_BYTES,
    *(_delete_line, _repeat_line, _swap_lines),
    *(_swap_type, _swap_type, _swap_type, _swap_values, _nest),
)


_ARRAYS = (
    lambda n: pa.array([None] * n),
    lambda n: pa.array([None] * n, pa.int64()),
    lambda n: pa.array([b"\xff"] * n),
    lambda n: pa.array(["x"] * n),
    lambda n: pa.array(["a\nb"] * n),
    lambda n: pa.array(["1"] * n),
    lambda n: pa.array([float("nan")] * n),
    lambda n: pa.array([float("inf")] * n),
    lambda n: pa.array([-(2**63)] * n),
    lambda n: pa.array([2**64 - 1] * n, pa.uint64()),
    lambda n: pa.array([True] * n),
    lambda n: pa.array([[1]] * n),
    lambda n: pa.array([{"a": 1}] * n),
    lambda n: pa.array([10**17] * n, pa.timestamp("ns", tz="UTC")),
    lambda n: pa.array([2**62] * n, pa.timestamp("us")),
    lambda n: pa.array([2**31 - 1] * n, pa.date32()),
    lambda n: pa.array([2**40] * n, pa.duration("s")),
    lambda n: pa.array([1] * n).cast(pa.decimal128(38, 2)),
    lambda n: pa.array(["x"] * n).dictionary_encode(),
    lambda n: pa.array(range(n)),
)


def _parquet(content, rng):
    """Return the table with a column of another type, renamed or lost, or other rows."""
    try:
        table = pyarrow.parquet.read_table(pa.BufferReader(content))
    except Exception:  # noqa: BLE001  it is damaged already
        return _flip_bits(content, rng)
    if not table.num_columns:
        return content
    place = int(rng.integers(table.num_columns))
    match int(rng.integers(8)):
        case 0:
            table = table.remove_column(place)
        case 1:
            names = table.column_names
            names[place] = str(rng.choice(["", "seed", "a\nb", "x", "\x1b[31m", "epoch"]))
            table = table.rename_columns(names)
        case 2:
            table = table.slice(int(rng.integers(table.num_rows + 1)))
        case _:
            made = _ARRAYS[int(rng.integers(len(_ARRAYS)))](table.num_rows)
            table = table.set_column(place, table.column_names[place], made)
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def _npy(content, rng):
    """Return an array of another type, shape or value."""
    try:
        array = np.atleast_1d(np.load(io.BytesIO(content), allow_pickle=False))
    except Exception:  # noqa: BLE001  it is damaged already
        return _flip_bits(content, rng)
    match int(rng.integers(7)):
        case 0:
            array = array.astype(str(rng.choice(["<U3", "c16", "?", "f2", "i1", "S2", "M8[s]"])))
        case 1:
            array = array.reshape(-1)
        case 2:
            array = array[..., None]
        case 3:
            array = array[:0]
        case 4:
            array = np.array(0.5)
        case 5:
            return content.replace(b"'<", b"'|O", 1)
        case _ if array.size:
            array = array.astype(float)
            array.ravel()[int(rng.integers(array.size))] = float(
                rng.choice([np.nan, np.inf, -np.inf, -1, 0, 1e308])
            )
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=False)
    return sink.getvalue()


_CELLS = (
    *(None, -1, 0, 1.5, 2**62, "", "x", b"\xff\x00", "[1", "null", "{}", "[]", float("inf"), "nan"),
    *("9" * 30, '{"name": "FloatDistribution", "attributes": {}}', "RUNNING", "1000000-01-01"),
    *('{"name": "X", "attributes": {"low": 0}}', "[" * 3000, "\ud7ff\n\x1b[31m", '"a"'),
)


def _sqlite(content, rng):
    """Return the database with a changed cell, or a lost row, table or column."""
    with sqlite3.connect(":memory:") as database:
        try:
            database.deserialize(content)
            tables = [
                name
                for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
                if database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            ]
            table = tables[int(rng.integers(len(tables)))]
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            column = columns[int(rng.integers(len(columns)))]
            rowids = [row for (row,) in database.execute(f'SELECT rowid FROM "{table}"')]  # noqa: S608
            row = rowids[int(rng.integers(len(rowids)))]
            database.execute("PRAGMA ignore_check_constraints = ON")
            match int(rng.integers(10)):
                case 0:
                    database.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))  # noqa: S608
                case 1:
                    database.execute(f'DROP TABLE "{table}"')
                case 2:
                    database.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "other"')
                case 3:
                    database.execute(f'DELETE FROM "{table}"')  # noqa: S608
                case _:
                    value = _CELLS[int(rng.integers(len(_CELLS)))]
                    database.execute(
                        f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?',  # noqa: S608
                        (value, row),
                    )
            database.commit()
            return database.serialize()
        except (sqlite3.Error, ValueError, OverflowError, UnicodeError):
            return _flip_bits(content, rng)


_SPECIAL = {".parquet": _parquet, ".npy": _npy, ".db": _sqlite}
