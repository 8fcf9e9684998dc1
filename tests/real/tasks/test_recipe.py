import multiprocessing
import os
import pickle
import re
import subprocess
import sys

import pytest

from learning_curves.errors import InputError
from real.recorder import workers
from real.recorder.events import Epoch, Order
from real.tasks import data
from real.tasks.recipe import Recipe

HOMEMADE = """
class Trainer:
    def __init__(self, config, seed):
        self.loss = config["x"] + seed

    def train_epoch(self):
        return self.loss

class Task:
    name, space, r_max = "homemade", {"x": [1.0, 2.0]}, 3

    def __init__(self, device="none"):
        self.device = device

    def trainer(self, config, seed):
        return Trainer(config, seed)

def plain():
    return Task()

def of_any(**settings):
    return Task(**settings)
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module of the user's in the current folder, and return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = f"homemade_{os.getpid()}"

    def write(code):
        (tmp_path / f"{name}.py").write_text(code)
        return name

    yield write
    sys.modules.pop(name, None)


def error_of(name, **settings):
    with pytest.raises(InputError) as error:
        Recipe(name, **settings)()
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_name_is_a_task_that_comes_with_us():
    assert Recipe("softmax", source="subset")().name == "softmax"
    tested = Recipe("lenet", "subset", "test")()
    assert len(tested.train) == 1200
    assert "'resnet'" in error_of("resnet")


def test_what_cannot_be_loaded_stays_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    assert error_of("softmax").startswith(data.VARIABLE)


@pytest.mark.parametrize(
    "recipe", [Recipe("softmax"), Recipe("a.b:Task", "full", "test", "cuda:1")], ids=str
)
def test_a_pickled_copy_is_equal_and_found_by_hash(recipe):
    copy = pickle.loads(pickle.dumps(recipe))  # noqa: S301 - our own
    assert copy is not recipe
    assert copy == recipe
    assert {recipe: "task"}[copy] == "task"
    assert copy != Recipe("softmax", source="full")


def test_a_task_of_ones_own_is_found_in_the_current_folder_as_by_python_m(write, tmp_path):
    module = write(HOMEMADE)
    sys.path[:] = [path for path in sys.path if path]
    task = Recipe(f"{module}:Task")()
    assert (task.name, task.r_max) == ("homemade", 3)
    assert sys.path[0] == str(tmp_path)
    Recipe(f"{module}:plain")()
    assert sys.path.count(str(tmp_path)) == 1


def test_the_current_folder_is_not_added_where_it_is_named_already(write):
    module = write(HOMEMADE)
    sys.path.append("")
    before = [*sys.path]
    Recipe(f"{module}:Task")()
    assert sys.path == before


def test_a_module_in_a_package(write, tmp_path):
    package = write("") + "_package"
    (tmp_path / package).mkdir()
    (tmp_path / package / "tasks.py").write_text(HOMEMADE)
    assert Recipe(f"{package}.tasks:Task")().name == "homemade"
    assert f"no module '{package}.task' in" in error_of(f"{package}.task:Task")
    assert f"but {package} has no 'Task'" in error_of(f"{package}:Task")  # it has no __init__.py
    del sys.modules[f"{package}.tasks"], sys.modules[package]


@pytest.mark.parametrize(("make", "device"), [("Task", "cuda"), ("plain", "none")])
def test_the_device_is_given_to_what_has_a_parameter_for_it(write, make, device):
    assert Recipe(f"{write(HOMEMADE)}:{make}", device="cuda")().device == device


def test_images_do_not_concern_a_task_of_ones_own(write):
    assert Recipe(f"{write(HOMEMADE)}:of_any", "full", "test")().device == "none"


def test_a_worker_makes_the_task_from_the_recipe(write):
    recipe = Recipe(f"{write(HOMEMADE)}:Task")
    recipe()  # as the command does; spawned processes are given the parent's sys.path
    messages = list(workers.train(recipe, [Order(0, {"x": 2.0}, 5, r_max=2)], processes=1))
    assert [(type(message), message.error) for message in messages] == [(Epoch, 7.0)] * 2


def test_a_process_spawned_in_the_folder_needs_no_parent_that_made_the_task(write):
    module = write(
        HOMEMADE
        + "import multiprocessing\n"
        + "from real.tasks.recipe import Recipe\n"
        + "if __name__ == '__main__':\n"
        + f"    recipe = Recipe('homemade_{os.getpid()}:Task')\n"
        + "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        + "        print(pool.apply(recipe).name)\n"
    )
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "homemade\n"
    assert multiprocessing.active_children() == []


def test_a_recipe_does_not_import_torch():
    code = (
        "import sys, real.tasks.recipe\n"
        "real.tasks.recipe.Recipe('lenet'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name", [":", "module:", ":Task", "a:b:c", "./a.py:Task", ".a:Task", "a..b:Task", "a:b.c"]
)
def test_a_name_of_another_form(name):
    assert error_of(name).startswith(f"the task is {name!r}: write package.module:Class")


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("nowhere_to_be:Task", "nowhere_to_be"),
        ("nowhere.to.be:Task", "nowhere"),
        ("json.nowhere:Task", "json.nowhere"),
        ("json.decoder.py:Task", "json.decoder.py"),
    ],
)
def test_a_module_that_is_missing(name, missing, write, tmp_path):
    write("")
    message = error_of(name)
    assert message.startswith(f"the task is {name!r}, but there is no module {missing!r} in ")
    assert str(tmp_path) in message
    assert message.endswith("run rungsim in the folder that holds it")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nowhere_to_be", "ModuleNotFoundError: No module named 'nowhere_to_be'"),
        ("from json import nowhere", "ImportError: cannot import name 'nowhere'"),
        ("class Task", "SyntaxError: expected ':'"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines: fix it"),
        ("import sys\nsys.exit('usage')", "SystemExit: usage"),
    ],
)
def test_a_module_that_breaks_as_it_is_imported(write, code, said):
    module = write(code)
    message = error_of(f"{module}:Task")
    assert message.startswith(f"the task is '{module}:Task', but importing {module} raised {said}")
    assert message.endswith(f'python -c "import {module}" shows where')


@pytest.mark.parametrize(
    "code",
    [
        "from real.tasks import data\ndata.load('full')",
        "from real.tasks import data\ndef Task(): data.load('full')",
    ],
)
def test_an_input_error_of_the_task_is_passed_on(write, code, tmp_path, monkeypatch):
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    assert error_of(f"{write(code)}:Task").startswith(data.VARIABLE)


def test_a_module_without_that_attribute(write, tmp_path):
    module = write(HOMEMADE)
    message = error_of(f"{module}:Tusk")
    assert f"but {tmp_path / module}.py has no 'Tusk': did you mean Task?" in message
    assert "has no 'Other': name a class or a function of it" in error_of(f"{module}:Other")


TASK = "class Task:\n    name, space, r_max = 'own', {'x': 1.0}, 3\n"
TRAINER = "    def trainer(self, config, seed): ...\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("Task = 3", "but 'Task' is 3: name a class, or a function that returns the task"),
        ("def Task(): raise KeyError('x')", "but Task() raised KeyError: 'x': fix it"),
        ("def Task(): exit(3)", "but Task() raised SystemExit: 3: fix it"),
        ("def Task(): assert False", "but Task() raised AssertionError: fix it"),
        ("def Task(config): ...", "but Task() needs 'config': give it a default"),
        ("def Task(): getattr()", "but Task() raised TypeError: getattr expected at least 2"),
        (
            TASK + "    @property\n    def trainer(self): raise ValueError('tired')",
            "but Task() raised ValueError: tired",
        ),
        ("def Task(): pass", "but Task() is a NoneType without 'name': give it a short string"),
        ("class Task(dict): ...", "but Task() is a Task without 'name': give it a short string"),
        (TASK, "but Task() is a Task without 'trainer': give it a method of config and seed"),
        (TASK + TRAINER + "    name = ''", "is a Task whose 'name' is '': make it a short string"),
        (TASK + TRAINER + "    name = 3", "whose 'name' is 3: make it a short string"),
        (TASK + TRAINER + "    del name", "without 'name': give it a short string"),
        (TASK + TRAINER + "    space = ['x']", "whose 'space' is ['x']: make it a dict of"),
        (TASK + TRAINER + "    space = {}", "but in its space the space is empty"),
        (TASK + TRAINER + "    space = {'x': None}", "but in its space 'x' has None, which is no"),
        (TASK + TRAINER + "    r_max = 0", "whose 'r_max' is 0: make it a whole number of epochs"),
        (TASK + TRAINER + "    r_max = 4.0", "whose 'r_max' is 4.0: make it a whole number"),
        (TASK + TRAINER + "    r_max = True", "whose 'r_max' is True: make it a whole number"),
        (TASK + "    trainer = 'x' * 99", f"whose 'trainer' is '{'x' * 56}...: make it a method"),
        (TASK + "    def trainer(self, config): ...", "make it a method of config and seed"),
        (TASK + TRAINER + "def make(): return Task\n", None),
    ],
)
def test_what_is_made_is_a_task_or_else_told_what_it_lacks(write, code, said):
    module = write(code)
    if said is None:  # the class instead of a task
        message = error_of(f"{module}:make")
        assert re.search(r"whose 'trainer' is <function .*: make it a method", message)
    else:
        message = error_of(f"{module}:Task")
        assert message.startswith(f"the task is '{module}:Task', but ")
        assert said in message


def test_a_trainer_that_does_not_tell_its_signature_is_taken(write):
    module = write(TASK + "    trainer = max")  # a built-in
    assert Recipe(f"{module}:Task")().name == "own"
