"""Which line of the user's code an exception came from."""

import json

from learning_curves import own


def broken(text):
    return json.loads(text)


def raised_by(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001  any
        return error
    raise AssertionError("nothing was raised")


def test_it_is_the_last_line_outside_python_and_packages():
    error = raised_by(broken, "{")  # json raises, three calls further in
    line = broken.__code__.co_firstlineno + 1
    assert own.origin(error) == f"test_origin.py, line {line}, broken"
    assert own.described(error).endswith(f" (test_origin.py, line {line}, broken)")
    assert own.described(error).startswith("JSONDecodeError: Expecting property name")


def test_an_exception_of_ours_has_no_line_of_the_user():
    error = raised_by(own.load, "nowhere", "task")
    error.__traceback__ = error.__traceback__.tb_next  # as if this test were not there
    assert own.origin(error) is None
    assert own.described(error).endswith("without slashes or .py")


def test_a_method_is_defined_where_its_def_is():
    line = broken.__code__.co_firstlineno
    assert own.defined(broken) == f"test_origin.py, line {line}, broken"
    assert own.defined(print) is None
