"""How a task is made, in a form that travels: a name and where to train.

Owns which task a name stands for, one that comes with rungsim or one of the user's own, and the
check that what was found is a task. Must not know what is trained, nor import torch before a recipe
is called: a recipe is what a process is handed before it knows whether it will train.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from learning_curves import own
from learning_curves.errors import InputError
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
        ``"softmax"``, ``"lenet"`` or ``"gan"``, see `real.tasks.task.build`; or
        ``"package.module:MyTask"``, a class or function of the user's own that returns a task
        when called without arguments. It is given `device` if it has a parameter of that
        name. Its module is looked for in the current folder first, as by ``python -m``.
    source, validate_on
        Which images, see `real.tasks.data.load`; the user's own task chooses its data itself.
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
            There is no task of that name, it cannot be made, or what was made is not a task.

        """
        if ":" in self.name:
            return _own(self.name, self.device)
        from real.tasks import task  # noqa: PLC0415 - it needs torch, see the file's law

        return task.build(
            self.name, source=self.source, validate_on=self.validate_on, device=self.device
        )


def _own(name: str, device: str) -> Task:
    task: Task = own.make(name, "task", {"device": device})
    check(name, task)
    return task


def check(name: str, task: Task) -> None:
    """Raise for the first piece of a task that is missing or wrong.

    Raises
    ------
    InputError
        It names the piece, and the remedy.

    """
    own.check(name, "task", task, _PIECES)
    try:
        space.check(task.space)
    except InputError as error:
        raise InputError(f"the task is {name!r}, but in its space {error}") from None


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
        # Else the TypeError of a call would pass for a training that has diverged.
        own.callable_with(2),
        "a method of config and seed",
    ),
}
"""The pieces of a task: what accepts each, and how a user is asked for it."""
