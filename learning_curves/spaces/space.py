"""The space of configs: what is drawn, and from which distribution.

Owns the meaning of a space: a dict of name -> frozen `scipy.stats` distribution, list of choices,
or constant (the form of Dive into Deep Learning, sec. 19.1.1.2). Must not know what the
hyperparameters mean. Where a generator is needed it is passed in.

Conditions ("momentum only if the optimiser is SGD") are left out on purpose: no table on which
schedulers are usually studied needs them, and every searcher and surrogate would have to support
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.spaces.distributions import OURS, Weighted

Config: TypeAlias = Mapping[str, Any]
"""One setting of the hyperparameters: name -> int, float, bool or str."""

Domain: TypeAlias = Any
"""A frozen distribution of `scipy.stats` or `distributions`, a list or tuple of choices, or
`distributions.Weighted` ones, or a constant."""

Space: TypeAlias = Mapping[str, Domain]
"""The set that configs are drawn from: name -> domain."""


def is_distribution(domain: Domain) -> bool:
    """Return whether `domain` is a frozen scipy.stats distribution."""
    return hasattr(domain, "rvs") and hasattr(domain, "dist")


def is_whole(domain: Domain) -> bool:
    """Return whether `domain`, a frozen distribution, is one of whole numbers."""
    return hasattr(domain.dist, "pmf")


def is_choices(domain: Domain) -> bool:
    """Return whether `domain` is a list of choices."""
    return isinstance(domain, Sequence) and not isinstance(domain, str)


def check(space: Space) -> None:
    """Raise if `space` cannot be drawn from.

    Raises
    ------
    InputError
        The space is empty, or a domain is a distribution whose parameters are out of its range,
        an empty list, or a value that is neither a distribution, a list of choices nor a
        constant.

    """
    if not space:
        raise InputError("the space is empty: name at least one hyperparameter")
    for name, domain in space.items():
        if is_distribution(domain):
            if np.isnan(domain.support()).any():
                raise InputError(
                    f"{name!r} has distribution {domain.dist.name!r} with args "
                    f"{[*domain.args, *domain.kwds.values()]}: give arguments in its range"
                )
            continue
        values = domain if is_choices(domain) else [domain]
        if not values:
            raise InputError(f"{name!r} has an empty list of choices: give at least one")
        for value in values:
            if not isinstance(value, bool | int | float | str):
                raise InputError(
                    f"{name!r} has {value!r}, which is not a distribution, list of choices or "
                    "constant: use a frozen scipy.stats distribution, a list, a number or a string"
                )


def check_config(space: Space, config: Config) -> None:
    """Raise if `config` is not a member of `space`.

    Raises
    ------
    InputError
        It lacks a hyperparameter, has one too many, or a value out of its range.

    Examples
    --------
    >>> check_config({"lr": stats.loguniform(0.01, 1)}, {"lr": 2})
    Traceback (most recent call last):
    learning_curves.errors.InputError: the config has lr = 2: give a number from 0.01 to 1

    """
    if set(config) != set(space):
        raise InputError(
            f"the config {dict(config)!r} has other hyperparameters than the "
            f"space: name exactly {', '.join(space)}"
        )
    for name, domain in space.items():
        value = config[name]
        if not is_distribution(domain):
            values = list(domain) if is_choices(domain) else [domain]
            fits, wanted = value in values, f"one of {', '.join(map(repr, values))}"
        else:
            low, high = domain.support()
            kind = int if is_whole(domain) else int | float
            fits = isinstance(value, kind) and not isinstance(value, bool) and low <= value <= high
            number = "a whole number" if is_whole(domain) else "a number"
            wanted = f"{number} from {low:g} to {high:g}"
        if not fits:
            raise InputError(f"the config has {name} = {value!r}: give {wanted}")


def check_names(space: Space, config: Config) -> None:
    """Raise if `config` lacks a hyperparameter of `space`, whatever else it names.

    Raises
    ------
    InputError
        The config lacks one; the message names the first.

    Examples
    --------
    >>> check_names({"lr": 0.1, "act": "relu"}, {})
    Traceback (most recent call last):
    learning_curves.errors.InputError: the config {} has no 'lr': give a value for each of lr, act

    """
    for name in space:
        if name not in config:
            raise InputError(
                f"the config {dict(config)!r} has no {name!r}: give a value for each of "
                f"{', '.join(space)}"
            ) from None  # hides the KeyError that led here


def sample(space: Space, rng: np.random.Generator, size: int) -> list[Config]:
    """Draw `size` configs, each hyperparameter independently.

    Parameters
    ----------
    space
        What to draw from.
    rng
        Where the randomness comes from; advanced by the draw.
    size
        How many, >= 0.

    Returns
    -------
    list of Config
        In the space's order of names; numbers are Python's own, so configs compare and print
        the same everywhere.

    Examples
    --------
    >>> space = {"lr": stats.loguniform(1e-4, 1), "batch": stats.randint(16, 257), "epochs": 16}
    >>> for config in sample(space, np.random.default_rng(0), 2):
    ...     print(f"{config['lr']:.4f} {config['batch']} {config['epochs']}")
    0.0353 90 16
    0.0012 25 16

    """
    columns = [_column(domain, rng, size) for domain in space.values()]
    return [dict(zip(space, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(domain: Domain, rng: np.random.Generator, size: int) -> list[Any]:
    if is_distribution(domain):
        drawn = np.asarray(domain.rvs(size=size, random_state=rng))
        if drawn.dtype.kind == "f":  # exp(log(low)) may round to a value below low
            drawn = drawn.clip(*domain.support())
        values: list[Any] = drawn.tolist()
        return values
    if isinstance(domain, Weighted):
        return [domain[i] for i in rng.choice(len(domain), size=size, p=domain.shares)]
    if is_choices(domain):
        return [domain[i] for i in rng.integers(len(domain), size=size)]
    return [domain] * size


def to_dict(space: Space) -> dict[str, dict[str, Any]]:
    """Return `space` as plain dicts, the form in which a table's card holds it.

    >>> to_dict({"lr": stats.loguniform(0.01, 1.0), "act": ["relu", "tanh"], "layers": 2})
    ... # doctest: +NORMALIZE_WHITESPACE
    {'lr': {'distribution': 'loguniform', 'args': [0.01, 1.0]},
     'act': {'choices': ['relu', 'tanh']},
     'layers': {'constant': 2}}
    """
    plain: dict[str, dict[str, Any]] = {}
    for name, domain in space.items():
        if is_distribution(domain):
            plain[name] = {"distribution": domain.dist.name, "args": list(domain.args)}
            plain[name] |= dict(domain.kwds)
        elif isinstance(domain, Weighted):
            plain[name] = {"choices": list(domain), "weights": list(domain.weights)}
        elif is_choices(domain):
            plain[name] = {"choices": list(domain)}
        else:
            plain[name] = {"constant": domain}
    return plain


def from_dict(plain: Mapping[str, Mapping[str, Any]]) -> Space:
    """Return the space that `to_dict` wrote.

    Raises
    ------
    InputError
        A domain has another form, or names no distribution of scipy.stats or `distributions`.

    Examples
    --------
    >>> from_dict({"lr": {"distribution": "loguniform", "args": [0.01, 1.0]}})["lr"].args
    (0.01, 1.0)

    """
    space: dict[str, Domain] = {}
    for name, domain in plain.items():
        match domain:
            case {"distribution": str(kind), "args": list(args), **keywords} if all(
                isinstance(value, int | float) for value in [*args, *keywords.values()]
            ):
                family = OURS.get(kind, getattr(stats, kind, None))
                if not isinstance(family, stats.rv_continuous | stats.rv_discrete):
                    raise InputError(
                        f"{name!r} has distribution {kind!r}, which scipy.stats "
                        "does not have: choose another"
                    )
                try:
                    space[name] = family(*args, **keywords)
                except TypeError as error:  # too few, too many, or of no such name
                    raise InputError(f"{name!r} has distribution {kind!r}: {error}") from None
            case {"choices": list(choices), "weights": list(weights)} if all(
                isinstance(weight, int | float) for weight in weights
            ):
                try:
                    space[name] = Weighted(tuple(choices), tuple(weights))
                except InputError as error:
                    raise InputError(f"{name!r}: {error}") from None
            case {"choices": list(choices)} if "weights" not in domain:
                space[name] = choices
            case {"constant": value}:
                space[name] = value
            case _:
                raise InputError(
                    f"{name!r} has {domain!r}: write a distribution with a list of "
                    "numbers as args, choices, or a constant"
                )
    check(space)
    return space
