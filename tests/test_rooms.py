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


# Each room, and the rooms whose code it may import, its own aside. `real` may not import the
# simulated clock, though it measures and reports runs by the same code.
BELOW = {
    "learning_curves": (),
    "sim.schedulers": (),
    "sim.searchers": ("learning_curves", "sim.schedulers"),
    "sim.adapters": ("learning_curves", "sim.schedulers", "sim.searchers"),
    "sim.jobs": ("sim.schedulers",),
    "sim.faults": ("learning_curves", "sim.schedulers"),
    "sim.traces": ("learning_curves", "sim.schedulers", "sim.jobs", "sim.faults"),
    "sim.cluster": ("learning_curves", "sim.schedulers", "sim.jobs", "sim.faults", "sim.traces"),
    "sim.experiments": (
        *("learning_curves", "sim.schedulers", "sim.searchers", "sim.adapters", "sim.jobs"),
        *("sim.faults", "sim.traces", "sim.cluster"),
    ),
    "sim.studies": (
        *("learning_curves", "sim.schedulers", "sim.searchers", "sim.jobs", "sim.faults"),
        *("sim.traces", "sim.experiments"),
    ),
    "sim.reports": (
        *("learning_curves", "sim.schedulers", "sim.jobs", "sim.faults", "sim.traces"),
        *("sim.experiments", "sim.studies"),
    ),
    "sim.testing": (
        *("learning_curves", "sim.schedulers", "sim.searchers", "sim.jobs", "sim.faults"),
        *("sim.traces", "sim.adapters", "sim.experiments", "sim.reports"),
    ),
    "sim.commands": ("learning_curves", "sim"),
    "real": (
        *("learning_curves", "sim.schedulers", "sim.searchers", "sim.jobs", "sim.traces"),
        *("sim.experiments", "sim.reports", "sim.commands"),
    ),
}
FRONT_DOORS = {"sim/__init__.py", "learning_curves/__init__.py", "real/__init__.py"}
MOST_NAMES = 12


def room_of(module):
    return next((room for room in BELOW if within(module, room)), None)


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", [p for p in FILES if name(p) not in FRONT_DOORS], ids=name)
def test_a_room_imports_only_the_rooms_below_it(path):
    room = room_of(module_of(path))
    assert room, f"{path} is in no room"
    ours = [m for m in imported(path) if m.split(".")[0] in {"learning_curves", "sim", "real"}]
    # `from sim import x` names both `sim` and `sim.x`: the first one says nothing.
    above = [
        m for m in ours if m != "sim" and not any(within(m, each) for each in (room, *BELOW[room]))
    ]
    assert not above


def test_the_order_of_the_rooms_has_no_circle():
    ranks = list(BELOW)
    for room, below in BELOW.items():
        assert all(ranks.index(each) < ranks.index(room) for each in below if each in BELOW), room


def graph():
    """Return which of our files import which, imports for typing alone left out."""
    files = {module_of(path): path for path in FILES}
    return {
        module: {m for m in imported(path) if m in files and m != module}
        for module, path in files.items()
        if path.name != "__init__.py"
    }


def test_no_file_imports_itself_by_way_of_others():
    edges = graph()
    done, open_ = set(), []

    def visit(module):
        if module in open_:
            raise AssertionError(" -> ".join([*open_[open_.index(module) :], module]))
        if module in done:
            return
        open_.append(module)
        for below in sorted(edges.get(module, ())):
            visit(below)
        done.add(open_.pop())

    for module in sorted(edges):
        visit(module)


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in FILES}),
    ids=name,
)
def test_a_folder_is_read_at_a_glance(folder):
    names = {
        each.stem
        for each in folder.iterdir()
        if (each.suffix == ".py" or each.is_dir()) and not each.name.startswith(("_", "."))
    }
    assert len(names) <= MOST_NAMES, sorted(names)


@pytest.mark.parametrize("path", sorted((ROOT / "sim/schedulers").rglob("*.py")), ids=name)
def test_schedulers_know_only_the_standard_library_and_each_other(path):
    foreign = [m for m in imported(path) if m.split(".")[0] not in STANDARD]
    assert not [m for m in foreign if not within(m, "sim.schedulers")]


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("simpy", "sim/cluster/cluster.py"),
        ("torch", "real/"),
        ("matplotlib", "sim/reports/plots"),
        (
            "optuna",
            (
                "learning_curves/importers/formats/optuna_study.py",
                "sim/searchers/optuna_samplers.py",
                "sim/adapters/optuna_pruners.py",
                "sim/adapters/for_optuna.py",
            ),
        ),
        ("ray", ("sim/adapters/ray_tune.py", "sim/adapters/for_ray.py")),
        ("syne_tune", "sim/adapters/syne_tune.py"),
        ("sklearn", "learning_curves/surrogates/regressors.py"),
        ("hypothesis", "sim/testing/"),
        (
            "distributed",
            ("real/cluster/dask_crew.py", "sim/studies/parallel/dask_workers.py"),
        ),
    ],
)
def test_a_library_is_imported_in_one_place(library, home):
    users = [name(path) for path in FILES if any(within(m, library) for m in imported(path))]
    assert users
    assert all(user.startswith(home) for user in users)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_global_randomness_and_no_clock_in_the_simulation(path):
    modules = imported(path)
    if name(path) == "sim/testing/playing/environment.py":
        return  # it replaces them
    assert "random" not in modules
    if path.relative_to(ROOT).parts[0] != "real":
        assert not {"time", "datetime"} & modules


def test_the_pictures_of_a_run_are_looked_up_when_they_are_used():
    code = "import sim.experiments.run, sys; sys.exit('sim.reports.notebook' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "statement", ["import sim.experiments.experiment", "import sim.commands.cli"]
)
def test_simulating_imports_no_optional_library(statement):
    code = (
        f"{statement}; import sys; sys.exit(bool({{'torch', 'optuna', 'ray'}} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SLOW = {"torch", "numpy", "pandas", "scipy", "matplotlib", "simpy", "optuna", "ray"}


@pytest.mark.parametrize(
    ("arguments", "slow"),
    [
        (["--help"], SLOW),
        (["run", "--help"], SLOW),
        (["compare", "--help"], SLOW),
        (["curves", "--help"], SLOW),
        (["study", "--help"], SLOW),
        (["report", "--help"], SLOW),
        (["record", "--help"], SLOW - {"numpy", "scipy"}),
        (["live", "--help"], SLOW),
        (["parity", "--help"], SLOW),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_help_is_answered_without_the_slow_libraries(arguments, slow):
    code = (
        "import sys; from sim.commands.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        f"imported = {slow!r} & set(sys.modules)\n"
        "print(imported); sys.exit(bool(imported))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
