"""The one-way order of the rooms, read from the imports themselves."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(
    p for room in ("learning_curves", "sim", "real") for p in (ROOT / room).rglob("*.py")
)
STANDARD = sys.stdlib_module_names


def imported(path):
    """Return the modules that a file imports, wherever in it, `from a import b` as a.b too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module, package):
    return module == package or module.startswith(package + ".")


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_room_imports_only_the_rooms_below_it(path):
    room = path.relative_to(ROOT).parts[0]
    modules = imported(path)
    if room == "learning_curves":
        assert not [m for m in modules if within(m, "sim") or within(m, "real")]
    elif room == "sim":
        assert not [m for m in modules if within(m, "real")]
    else:  # the simulated clock has no part in live training
        assert not [m for m in modules if within(m, "sim.cluster")]


@pytest.mark.parametrize("path", sorted((ROOT / "sim/schedulers").glob("*.py")), ids=name)
def test_schedulers_know_only_the_standard_library_and_each_other(path):
    foreign = [m for m in imported(path) if m.split(".")[0] not in STANDARD]
    assert not [m for m in foreign if not within(m, "sim.schedulers")]


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("simpy", "sim/cluster.py"),
        ("torch", "real/"),
        ("matplotlib", "sim/plots"),
        (
            "optuna",
            ("learning_curves/importers/optuna_study.py", "sim/searchers/optuna_samplers.py"),
        ),
        ("sklearn", "learning_curves/regressors.py"),
    ],
)
def test_a_library_is_imported_in_one_place(library, home):
    users = [name(path) for path in FILES if any(within(m, library) for m in imported(path))]
    assert users
    assert all(user.startswith(home) for user in users)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_global_randomness_and_no_clock_in_the_simulation(path):
    modules = imported(path)
    assert "random" not in modules
    if path.relative_to(ROOT).parts[0] != "real":
        assert not {"time", "datetime"} & modules


@pytest.mark.parametrize("statement", ["import sim.experiment", "import sim.cli"])
def test_simulating_imports_no_optional_library(statement):
    code = f"{statement}; import sys; sys.exit(bool({{'torch', 'optuna'}} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


SLOW = {"torch", "numpy", "pandas", "scipy", "matplotlib", "simpy"}


@pytest.mark.parametrize(
    ("arguments", "slow"),
    [
        (["--help"], SLOW),
        (["run", "--help"], SLOW),
        (["compare", "--help"], SLOW),
        (["curves", "--help"], SLOW),
        (["study", "--help"], SLOW),
        (["record", "--help"], SLOW - {"numpy", "scipy"}),
        (["live", "--help"], SLOW),
        (["parity", "--help"], SLOW),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_help_is_answered_without_the_slow_libraries(arguments, slow):
    code = (
        "import sys; from sim.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        f"imported = {slow!r} & set(sys.modules)\n"
        "print(imported); sys.exit(bool(imported))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
