"""Random command lines end as promised; `python -m tests.fuzz.command_lines` runs more of them."""

from importlib.util import find_spec

from tests.fuzz import command_lines


def test_random_command_lines_end_with_a_result_or_one_line(tmp_path):
    torch = find_spec("torch") is not None
    assert list(command_lines.search(200, 11, tmp_path, torch=torch)) == []
