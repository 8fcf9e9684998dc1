"""Objects of the user's own: found by name, called by signature, one line for what is wrong."""

import multiprocessing
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from learning_curves import own
from learning_curves.errors import InputError

CODE = """
from typing import Literal

class Thing:
    def __init__(
        self, seed, size: int, rate: float = 0.5, mode: Literal["fast", "slow"] = "fast",
        name: str = "x", flag=False, levels: list[int] | None = None,
        pair: tuple[int, int] = (1, 2), free=None, other: dict | None = None
    ):
        self.values = dict(vars(), self=None)

def any_of(seed, **options):
    return seed, options

def first(size, /, rate: "Unknown" = 0.5):
    return size, rate

class Raising:
    def __init__(self):
        raise ValueError("too\\nlate")
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module of the user's in the current folder, and return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = f"homegrown_{os.getpid()}"

    def write(code=CODE):
        (tmp_path / f"{name}.py").write_text(code)
        return name

    yield write
    sys.modules.pop(name, None)


def make(named, **options):
    return own.make(named, "thing", {"seed": 7}, options, flag="--thing-option")


def error_of(named, **options):
    with pytest.raises(InputError) as error:
        make(named, **options)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"the thing is {named!r}")
    return message


def test_the_constructor_gets_what_it_names(write):
    options = {"size": 3, "rate": 1, "pair": [3, 4], "levels": [5], "other": {"a": 1}, "free": "x"}
    values = make(f"{write()}:Thing", **options).values
    assert (values["seed"], values["size"], values["levels"]) == (7, 3, [5])
    assert values["other"] == {"a": 1}
    assert (type(values["rate"]), values["pair"]) == (float, (3, 4))


def test_what_reports_no_names_is_called_by_place_and_any_option_goes_to_double_stars(write):
    module = write()
    assert make(f"{module}:first", size=2) == (2, 0.5)
    assert make(f"{module}:any_of", size=2, colour="red") == (7, {"size": 2, "colour": "red"})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "but Thing() needs 'size': give --thing-option size=VALUE"),
        ({"sice": 1}, "but Thing() has no option 'sice': did you mean size?"),
        ({"size": 1, "colour": 1}, "has no option 'colour': it has size, rate, mode, name, flag"),
        ({"size": 1, "seed": 1}, "the option seed is a setting of the run: leave it out"),
        ({"size": 1.5}, "its option size is 1.5: give a whole number"),
        ({"size": True}, "its option size is True: give a whole number"),
        ({"size": "big"}, "its option size is 'big': give a whole number"),
        ({"size": 1, "rate": "x"}, "its option rate is 'x': give a number"),
        ({"size": 1, "mode": "slo"}, "its option mode is 'slo': give one of 'fast', 'slow'"),
        ({"size": 1, "name": 3}, "its option name is 3: give a text, such as "),
        ({"size": 1, "flag": 1}, "its option flag is 1: give true or false"),
        ({"size": 1, "levels": [1, "a"]}, "its option levels is [1, 'a']: give a list, such as"),
        ({"size": 1, "pair": 3}, "its option pair is 3: give a list, such as [1, 2]"),
    ],
)
def test_options_are_checked_against_the_signature(write, options, said):
    assert said in error_of(f"{write()}:Thing", **options)


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        (CODE, "Thinc", "has no 'Thinc': did you mean Thing?"),
        (CODE, "Quite", "has no 'Quite': name a class or a function of it"),
        (CODE, "Raising", "but Raising() raised ValueError: too late: fix it; see homegrown_"),
        ("import nowhere_to_be", "Thing", "raised ModuleNotFoundError: No module named 'nowhere"),
        ("class Thing", "Thing", "raised SyntaxError: expected ':'"),
        ("Thing = 3", "Thing", "'Thing' is 3: name a class, or a function that returns the thing"),
    ],
)
def test_a_module_or_a_constructor_that_fails(write, code, name, said):
    assert said in error_of(f"{write(code)}:{name}")


def test_a_module_that_is_missing_names_the_folder(write, tmp_path):
    write()
    message = error_of("nowhere_to_be:Thing")
    assert f"there is no module 'nowhere_to_be' in {tmp_path}" in message


@pytest.mark.parametrize("name", ["a:b:c", "./a.py:Thing", "a:", ":a", "a:b.c", "a.:b"])
def test_a_name_of_another_form(name):
    assert not own.is_own(name)
    assert "write package.module:Class" in error_of(name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("3", 3), ("-0.5", -0.5), ("1e3", 1000.0), ("true", True), ("[1, 2]", [1, 2])],
        *[("fast", "fast"), ("'3'", "3"), ("a=b", "a=b"), ("1\nb = 2", "1\nb = 2")],
        *[("2020-01-01", "2020-01-01"), ("[" * 5000, "[" * 5000)],
    ],
)
def test_the_value_of_an_option_is_read_as_in_toml(text, value):
    found = own.options([f"name={text}"])["name"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("texts", [["size"], ["=3"], ["size="], ["a b=3"], ["size=1", "size=2"]])
def test_what_is_no_option(texts):
    with pytest.raises(InputError, match=r"is not an option: write NAME=VALUE|is given twice"):
        own.options(texts)


def test_a_spawned_process_finds_the_module_in_its_folder(write):
    code = (
        "import multiprocessing\n"
        "from learning_curves import own\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        f"        print(pool.apply(own.make, ('{write()}:first', 'thing', {{'size': 4}})))\n"
    )
    Path("start.py").write_text(code)
    done = subprocess.run([sys.executable, "start.py"], capture_output=True, text=True, check=True)
    assert done.stdout == "(4, 0.5)\n"
    assert multiprocessing.active_children() == []


def test_finding_imports_nothing_heavy():
    code = "import sys, learning_curves.own; sys.exit(bool({'numpy', 'scipy'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_digests_are_of_the_files_that_name_and_define_the_object(write, tmp_path):
    module = write()
    other = f"{module}_other"
    (tmp_path / f"{other}.py").write_text(f"from {module} import Thing\n")
    found = own.digests([(f"{other}:Thing", "thing"), ("built-in", "thing")])
    assert found == {
        each: sha256((tmp_path / f"{each}.py").read_bytes()).hexdigest() for each in (other, module)
    }
    own.check_digests(found, found, Path("noted.toml"))
    own.check_digests(None, found, Path("noted.toml"))  # of an older version
    with pytest.raises(InputError, match=rf"{module}\.py has changed since noted\.toml"):
        own.check_digests(found | {module: "0"}, found, Path("noted.toml"))
    del sys.modules[other]


def test_only_what_passes_through_the_users_code_is_blamed_on_it(write):
    module = write()
    named = [(f"{module}:Raising", "thing")]
    raising = own.load(*named[0])
    where = rf"{module}\.py, line \d+, __init__\(\) raised ValueError: too late: fix it"
    with pytest.raises(InputError, match=where), own.blamed(named):
        raising()
    with pytest.raises(KeyError), own.blamed(named):
        {}["ours"]
    breaks = r"the thing .* breaks the protocol: 'ours'"
    with pytest.raises(InputError, match=breaks), own.blamed(named, KeyError):
        {}["ours"]
    with pytest.raises(KeyError), own.blamed([("built-in", "thing")], KeyError):
        {}["ours"]


def test_nothing_of_python_itself_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "is a part of Python" in error_of("os:system", command="touch called")
    assert "is a part of Python" in error_of("subprocess:Popen")
    (tmp_path / "borrowing.py").write_text("from os import system\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert "is a part of Python" in error_of("borrowing:system", command="touch called")
    assert not (tmp_path / "called").exists()
