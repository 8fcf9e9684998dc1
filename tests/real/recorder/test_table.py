import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from real.recorder.table import Table

CONFIGS = [
    {"learning_rate": 0.1, "batch_size": 32, "act": "relu"},
    {"learning_rate": 1e-05, "batch_size": 256, "act": "a, b"},
]
R_MAX = 3
CURVES = {
    (1, 0): ((0.9, 0.5, 0.25), (1.5, 1.25, 0.1 + 0.2)),
    (0, 1): ((math.inf, math.inf, math.inf), (1e-09, 2.0, 3.0)),
    (0, 0): ((0.7, 1 / 3, 0.0), (10.0, 11.0, 12.0)),
}


def table(path):
    return Table(path, CONFIGS, R_MAX)


def fill(path, curves=CURVES):
    fresh = table(path)
    fresh.open()
    for key, (errors, seconds) in curves.items():
        fresh.append(key, errors, seconds)
    return fresh


def test_rows_are_whole_and_round_trip(tmp_path):
    path = tmp_path / "t.csv"
    fill(path).finish()
    assert path.read_text() == (
        "config_id,learning_rate,batch_size,act,seed,epoch,validation_error,seconds\n"
        "0,0.1,32,relu,0,1,0.7,10.0\n"
        "0,0.1,32,relu,0,2,0.3333333333333333,11.0\n"
        "0,0.1,32,relu,0,3,0.0,12.0\n"
        "0,0.1,32,relu,1,1,inf,1e-09\n"
        "0,0.1,32,relu,1,2,inf,2.0\n"
        "0,0.1,32,relu,1,3,inf,3.0\n"
        '1,1e-05,256,"a, b",0,1,0.9,1.5\n'
        '1,1e-05,256,"a, b",0,2,0.5,1.25\n'
        '1,1e-05,256,"a, b",0,3,0.25,0.30000000000000004\n'
    )


def test_what_is_appended_is_found_again(tmp_path):
    path = tmp_path / "t.csv"
    assert table(path).open() == set()
    fill(path)
    assert table(path).open() == set(CURVES)
    table(path).finish()
    assert table(path).open() == set(CURVES)


def test_finishing_twice_changes_nothing(tmp_path):
    path = tmp_path / "t.csv"
    fill(path).finish()
    before = (path.read_bytes(), path.stat().st_ino)
    table(path).finish()
    assert (path.read_bytes(), path.stat().st_ino) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_cut_anywhere_keeps_its_whole_curves_and_can_be_completed(tmp_path):
    path = tmp_path / "t.csv"
    full = fill(path)
    whole = path.read_bytes()
    full.finish()
    finished = path.read_bytes()
    assert finished != whole
    lengths = [len(b"".join(whole.splitlines(keepends=True)[: 1 + 3 * k])) for k in range(4)]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        opened = table(path)
        found = opened.open()
        kept = max((k for k in range(4) if lengths[k] <= cut), default=0)
        assert found == set(list(CURVES)[:kept]), cut
        assert path.read_bytes() == whole[: lengths[kept]], cut
        for key, (errors, seconds) in CURVES.items():
            if key not in found:
                opened.append(key, errors, seconds)
        opened.finish()
        assert path.read_bytes() == finished, cut


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0), byte=st.integers(0, 255))
def test_a_changed_byte_never_loses_a_row_in_silence(tmp_path_factory, place, byte):
    # Either it is refused and left alone, or every line but a torn last curve is kept.
    path = tmp_path_factory.mktemp("byte") / "t.csv"
    fill(path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content)
    try:
        found = table(path).open()
    except InputError:
        assert path.read_bytes() == content
    else:
        assert len(found) >= 2
        assert bytes(content).startswith(path.read_bytes())


@pytest.mark.parametrize(
    ("line", "text", "what"),
    [
        (1, "config_id,learning_rate,seed,epoch,validation_error,seconds", "first line"),
        (2, "1,0.1,32,relu,0,1,0.9,1.5", r"line 2: config 1 is \['0.1'"),
        (2, "2,0.1,32,relu,0,1,0.9,1.5", "line 2: config 2 of 2: give --configs 3 or more"),
        (3, '1,1e-05,256,"a, b",0,3,0.5,1.25', "line 3: .*epoch 3, where .*epoch 2"),
        (3, '1,1e-05,256,"a, b",1,2,0.5,1.25', "line 3: config 1, seed 1, epoch 2, where .*seed 0"),
        (3, '1,1e-05,256,"a, b",0,2,nan,1.25', "line 3: error nan"),
        (3, '1,1e-05,256,"a, b",0,2,-0.1,1.25', "line 3: error -0.1"),
        (3, '1,1e-05,256,"a, b",0,2,0.5,0.0', "line 3: .*0.0 seconds"),
        (4, "half,a row", "line 4: not a row"),
        (
            5,
            '1,1e-05,256,"a, b",0,1,0.9,1.5',
            "line 6: config 0, seed 1, epoch 2, where config 1, seed 0, epoch 2",
        ),
    ],
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path, line, text, what):
    path = tmp_path / "t.csv"
    fill(path)
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines) + "\n")
    before = path.read_bytes()
    with pytest.raises(InputError, match=what) as error:
        table(path).open()
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before


def test_a_curve_that_comes_twice_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    fill(path).append((1, 0), *CURVES[1, 0])
    with pytest.raises(InputError, match="line 11: config 1 with seed 0 is there twice"):
        table(path).open()


def test_a_config_drawn_on_another_processor_keeps_the_last_bit_of_the_file(tmp_path):
    path = tmp_path / "t.csv"
    there = [CONFIGS[0] | {"learning_rate": math.nextafter(0.1, 1)}, CONFIGS[1]]
    begun = Table(path, there, R_MAX)
    begun.open()
    begun.append((0, 0), *CURVES[0, 0])
    carried_on = table(path)
    assert carried_on.open() == {(0, 0)}
    assert carried_on.configs == there
    carried_on.append((0, 1), *CURVES[0, 1])
    assert table(path).open() == {(0, 0), (0, 1)}
    # The two do not mix: further rows are to have the config of the first.
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(
        "".join([*lines[:4], *(line.replace("0.1000", "0.1", 1) for line in lines[4:])])
    )
    with pytest.raises(InputError, match="line 5: config 0 is"):
        table(path).open()
