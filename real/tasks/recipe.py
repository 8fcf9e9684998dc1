"""How a task is made, in a form that travels: a name and where to train.

Owns the finding of a task by name, one that comes with us or one of the user's own, and the check
that what was found is a task. Must not know what is trained, nor import torch before a recipe is
called: a recipe is what a process is handed before it knows whether it will train.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError, one_line
from learning_curves.spaces import space
from real.tasks import data

if TYPE_CHECKING:
    from real.tasks.task import Task  # it needs torch, see the file's law


@dataclass(frozen=True, slots=True)
class Recipe:
    """A function that returns the task of a name, equal to its pickled copies.

    Parameters
    ----------
    name
        ``"softmax"`` or ``"lenet"``, see `real.tasks.task.build`; or ``"package.module:MyTask"``, a
        class or a function of one's own that returns a task when called without arguments. It is
        given `device` if it has a parameter of that name. Its module is looked for in the current
        folder first, as by ``python -m``.
    source, validate_on
        Which images, see `real.tasks.data.load`; a task of one's own decides that itself.
    device
        A torch device, such as ``"cpu"`` or ``"cuda"``.

    """

    name: str
    source: data.Source = "auto"
    validate_on: data.ValidateOn = "validation"
    device: str = "cpu"

    def __call__(self) -> Task:
        """Return the task, its data loaded.

        Raises
        ------
        InputError
            There is no task of that name, it cannot be made, or what was made is no task.

        """
        if ":" in self.name:
            return _own(self.name, self.device)
        from real.tasks import task  # noqa: PLC0415 - it needs torch, see the file's law

        return task.build(
            self.name, source=self.source, validate_on=self.validate_on, device=self.device
        )


def _own(name: str, device: str) -> Task:
    module_name, _, attribute = name.partition(":")
    if not all(map(str.isidentifier, [*module_name.split("."), attribute])):
        raise InputError(
            f"the task is {name!r}: write package.module:MyTask, the module without slashes and .py"
        )
    module = _module(name, module_name)
    if not hasattr(module, attribute):
        raise InputError(
            f"the task is {name!r}, but {getattr(module, '__file__', None) or module_name} has no "
            f"{attribute!r}: name a class or a function of it"
        )
    make = getattr(module, attribute)
    if not callable(make):
        raise InputError(
            f"the task is {name!r}, but {attribute!r} is {_short(make)}: "
            "name a class, or a function that returns the task"
        )
    try:
        task: Task = make(device=device) if _takes_device(make) else make()
        pieces = {piece: getattr(task, piece) for piece in _PIECES if hasattr(task, piece)}
    except InputError:
        raise  # it is one clear line already
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        raise InputError(
            f"the task is {name!r}, but {attribute}() raised {one_line(error)}: mend it; "
            f'python -c "import {module_name}; {module_name}.{attribute}()" shows where'
        ) from error
    _check(f"the task is {name!r}, but {attribute}() is a {type(task).__name__}", pieces)
    return task


def _module(name: str, module_name: str) -> Any:
    here = str(Path.cwd())
    if not {"", here} & set(sys.path):
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module_name)
    except InputError:
        raise  # it is one clear line already
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        if isinstance(error, ModuleNotFoundError) and _leads_to(error.name, module_name):
            raise InputError(
                f"the task is {name!r}, but there is no module {error.name!r} in {here} or "
                "elsewhere on Python's path: start from the folder that holds it"
            ) from None
        raise InputError(
            f"the task is {name!r}, but importing {module_name} raised {one_line(error)}: mend it; "
            f'python -c "import {module_name}" shows where'
        ) from error


def _leads_to(missing: str | None, module_name: str) -> bool:
    """Tell whether `missing` is the module or a package around it, not one that it imports."""
    return f"{module_name}.".startswith(f"{missing}.")


def _takes_device(make: Callable[..., Any]) -> bool:
    try:
        return "device" in inspect.signature(make).parameters
    except (TypeError, ValueError):  # it does not tell
        return False


def _takes_two(trainer: Callable[..., Any]) -> bool:
    # Asked here, since in a trial the TypeError would pass for a training that has diverged.
    try:
        inspect.signature(trainer).bind({}, 0)
    except TypeError:
        return False
    except ValueError:  # a built-in, which does not tell
        return True
    return True


_PIECES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda name: isinstance(name, str) and name != "", "a short string"),
    "space": (
        lambda domains: isinstance(domains, Mapping),
        "a dict of name -> distribution, list of choices or constant",
    ),
    "r_max": (
        lambda epochs: type(epochs) is int and epochs >= 1,  # True is an int, too
        "a whole number of epochs, at least 1",
    ),
    "trainer": (
        lambda trainer: callable(trainer) and _takes_two(trainer),
        "a method of config and seed",
    ),
}
"""The pieces of a task: how each is told, and what it is."""


def _check(found: str, pieces: Mapping[str, Any]) -> None:
    """Raise an InputError for the first piece of a task that is missing or wrong."""
    for piece, (fits, what) in _PIECES.items():
        if piece not in pieces:
            raise InputError(f"{found} without {piece!r}: give it {what}")
        if not fits(pieces[piece]):
            raise InputError(f"{found} whose {piece!r} is {_short(pieces[piece])}: make it {what}")
    try:
        space.check(pieces["space"])
    except InputError as error:
        raise InputError(f"{found} in whose space {error}") from None


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
