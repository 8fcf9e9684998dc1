"""A surrogate on disk: the table that it was fitted to, and how it was fitted.

Owns the folder: ``surrogate.toml``, and a copy of the table with its card. No object is stored, so
none has to be trusted: loading a surrogate fits it again, with the kernels that were tuned.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import tomli_w

from learning_curves import files
from learning_curves.errors import InputError, reading
from learning_curves.surrogates.regressors import REGRESSORS
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.tables import tabular

FILE = "surrogate.toml"
_TABLE = "table.csv"


def is_surrogate(path: Path) -> bool:
    """Return whether `path` is the folder of a surrogate."""
    return (path / FILE).is_file()


def write(surrogate: Surrogate, folder: Path) -> None:
    """Write a surrogate to `folder`, which is created; ``surrogate.toml`` is written last.

    Raises
    ------
    InputError
        The folder cannot be created, or holds something other than a surrogate.

    """
    if folder.is_dir() and any(folder.iterdir()) and not is_surrogate(folder):
        raise InputError(f"{folder} is not empty and not a surrogate: choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}; choose another") from None
    (folder / FILE).unlink(missing_ok=True)  # it would not belong to the table that comes
    surrogate.table.write(folder / _TABLE)
    said = {
        "regressor": surrogate.regressor,
        "seed": surrogate.seed,
        "table_sha256": tabular.load(folder / _TABLE).sha256,
        "scikit_learn": metadata.version("scikit-learn"),
        "kernels": {what: list(kernel) for what, kernel in surrogate.kernels.items()},
    }
    files.write(folder / FILE, tomli_w.dumps(said).encode())


def load(folder: Path) -> Surrogate:
    """Return the surrogate in `folder`, fitted again to its table.

    Raises
    ------
    InputError
        A file is missing or broken, the table has changed, or the surrogate has trees of another
        version of scikit-learn, whose trees may differ.

    """
    path = folder / FILE
    with reading(path, remedy="fit the surrogate again"):
        said = files.read_toml(path.read_text(encoding="utf-8"))
        regressor, seed, kernels = _checked(said, path)
    table = tabular.load(folder / _TABLE)
    if table.sha256 != said.get("table_sha256"):
        raise InputError(f"{folder / _TABLE} has changed since {path} was written: fit it again")
    here = metadata.version("scikit-learn")
    if regressor == "extra-trees" and said.get("scikit_learn") != here:
        raise InputError(
            f"{path}: the trees were made by scikit-learn {said.get('scikit_learn')}, and "
            f"{here} is installed: install that version, or fit the surrogate again"
        )
    return Surrogate(table, regressor, seed, kernels)


def _checked(said: dict[str, Any], path: Path) -> tuple[str, int, dict[str, list[float]]]:
    regressor, seed, kernels = (said.get(key) for key in ("regressor", "seed", "kernels"))
    if not isinstance(regressor, str) or regressor not in REGRESSORS:
        raise InputError(
            f"{path}: regressor is {regressor!r}: write one of {', '.join(REGRESSORS)}"
        )
    if type(seed) is not int or seed < 0:
        raise InputError(f"{path}: seed is {seed!r}: write a whole number >= 0")
    if not isinstance(kernels, dict):
        raise InputError(f"{path}: kernels is {kernels!r}: fit the surrogate again")
    for what in ("losses", "seconds") if regressor == "gp" else ():
        if what not in kernels:
            raise InputError(f"{path}: the kernel of {what} is missing: fit the surrogate again")
    for what, kernel in kernels.items():
        numbers = isinstance(kernel, list) and all(type(each) in {int, float} for each in kernel)
        if not numbers or len(kernel) < 3 or not all(0 < each < float("inf") for each in kernel):
            raise InputError(f"{path}: the kernel of {what} is {kernel!r}: fit the surrogate again")
    return regressor, seed, kernels
