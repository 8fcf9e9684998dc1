"""The check of a task against its laws.

Owns which configs a task is checked with. Must not know the laws (`real.tasks.task_laws`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from learning_curves import streams
from learning_curves.errors import InputError
from learning_curves.laws import Checked, all_kept, hold
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config
from real.tasks import recipe
from real.tasks.task import Task
from real.tasks.task_laws import LAWS, Subject


def check_task(
    task: Task | str,
    *,
    configs: int | Sequence[Config] = 2,
    epochs: int = 3,
    seed: int = 0,
    device: str = "cpu",
) -> list[Checked]:
    """Check a task against the laws that a live run relies on.

    Each config is trained about four times for this number of epochs, in this process.

    Parameters
    ----------
    task
        A task, or the name of one, such as ``"mine:MyTask"``.
    configs
        How many configs to draw from its space, >= 1; or the configs.
    epochs
        How many, >= 1; at most the r_max of the task.
    seed
        Of the draws and the trainings, >= 0.
    device
        The torch device, for a task that is named.

    Returns
    -------
    list of Checked
        A result for each law, with what could not be checked; each prints as a row of a table.

    Raises
    ------
    BrokenLaw
        A law is broken; the message has the file and line of the task. Later laws are not checked.
    InputError
        What is given is not a task, or a number is out of range.

    Examples
    --------
    >>> from real.tasks.task import build
    >>> task = build("softmax", source="subset")
    >>> first = check_task(task, configs=[{"learning_rate": 0.1, "batch_size": 256}], epochs=2)[0]
    >>> print(first)
    kept    trains        Training raises no exception, except for configs that are out of range.

    """
    return all_kept(results(task, configs=configs, epochs=epochs, seed=seed, device=device))


def results(
    task: Task | str,
    *,
    configs: int | Sequence[Config] = 2,
    epochs: int = 3,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Checked]:
    """Return the results of `check_task`, each computed when it is asked for.

    Raises
    ------
    InputError
        As `check_task`, when this is called.

    """
    given = [] if isinstance(configs, int) else list(configs)
    count = configs if isinstance(configs, int) else len(given)
    for name, value in (("configs", count), ("epochs", epochs)):
        if value < 1:
            raise InputError(f"the number of {name} is {value}: give at least 1")
    if not 0 <= seed < 2**32 - 1:
        raise InputError(f"the seed is {seed}: give a whole number from 0 to 2**32 - 2")
    if isinstance(task, str):
        task = recipe.Recipe(task, device=device)()
    else:
        kind = type(task)
        recipe.check(f"{kind.__module__}:{kind.__qualname__}", task)
    for config in given:
        spaces.check_names(task.space, config)
    used = given or spaces.sample(task.space, streams.generator(seed, "check task"), count)
    subject = Subject(task, [dict(each) for each in used], min(epochs, task.r_max), seed)
    return hold(LAWS.items(), subject, needed=("trains", "losses"))
