"""The spaces that come with the package.

Owns where they lie: ``spaces/NAME.toml``, each with a title, its source and the space in the form
of a table's card. Must not know the forms of other tools (`configspace_json`).
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Space

_SPACES = Path(__file__).parent / "packaged"


def names() -> list[str]:
    """Return the names of the packaged spaces, sorted."""
    return sorted(path.stem for path in _SPACES.glob("*.toml"))


def named(name: str) -> Space:
    """Return the packaged space of this name.

    Raises
    ------
    InputError
        There is none; the message names those there are.

    Examples
    --------
    The example of Dive into Deep Learning, sec. 19.1.1.2, Table 19.1.1:

    >>> list(named("d2l-mlp"))
    ['learning_rate', 'batch_size', 'momentum', 'activation', 'num_units', 'num_layers']

    """
    if name not in names():
        raise InputError(f"there is no packaged space {name!r}: choose from {', '.join(names())}")
    said = tomllib.loads((_SPACES / f"{name}.toml").read_text(encoding="utf-8"))
    return spaces.from_dict(said["space"])
