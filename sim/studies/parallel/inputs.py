"""What the runs of a study read that another process may lack.

Owns what is sent to a process, once, before its first run: tables and surrogates. Owns, too, what
must be there already: the versions of rungsim and of the libraries that figures depend on, and the
modules of the user's own. Must not know how it is sent.
"""

from __future__ import annotations

import pickle
import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import metadata
from pkgutil import resolve_name

from learning_curves.errors import InputError, one_line
from sim.experiments import own, parts
from sim.experiments.experiment import Experiment
from sim.studies.study import Study

_LIBRARIES = ("rungsim", "numpy", "scipy", "scikit-learn")

VERSIONS = {name: metadata.version(name) for name in _LIBRARIES}
"""Of this process: rungsim, and the libraries that figures depend on."""

_known: dict[str, parts.Curves] = {}  # by digest of the inputs, the last used one last
_MOST = 4  # a process of a cluster serves one study after another, or a few in turn

_loaded: dict[str, str] = {}  # the digests of the user's modules when they were first used here


# A function of the standard library, so that a process without rungsim can answer.
QUESTION = resolve_name, f"{__name__}:VERSIONS"
"""What another process is to call, and with what, for `check_answer`."""


def check_answer(answer: Callable[[], Mapping[str, str]], who: str) -> None:
    """Raise if another process lacks rungsim, or has another version of something.

    Parameters
    ----------
    answer
        Returns, or raises, what `QUESTION` returned or raised there.
    who
        The process, for the message.

    Raises
    ------
    InputError
        It names the first difference.

    """
    try:
        there = answer()
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"{who} cannot import rungsim: {one_line(error)}: install rungsim "
            f"{VERSIONS['rungsim']} there"
        ) from None
    for name, here in VERSIONS.items():
        if there[name] != here:
            raise InputError(
                f"{who} has {name} {there[name]}, and this process has {here}: install the same "
                "version on both machines"
            )


def packed(study: Study) -> bytes:
    """Return the inputs of a study, for `opened` in another process.

    Raises
    ------
    InputError
        Curves, or a module of the user's own, are not found.

    """
    experiments = [cell.experiment for cell in study.cells]
    at_all_seeds = [
        replace(each, seed=each.seed + k)
        for each in experiments
        for k in range(study.seeds if "{seed}" in each.curves else 1)
    ]
    named = {(each.scheduler, each.searcher, each.curves): each for each in experiments}
    named = {names: each for names, each in named.items() if own.digests(each)}
    inputs = tuple(named.values()), own.digests(*named.values()), parts.kept(at_all_seeds)
    return pickle.dumps(inputs)


def opened(digest: str, content: bytes | None) -> parts.Curves | None:
    """Return the curves of these inputs; None if this process lacks them.

    Parameters
    ----------
    digest
        That of the inputs, by which they are known.
    content
        What `packed` returned; None if this process may have it already.

    Raises
    ------
    InputError
        A module of the user's own is missing here, or is another one.

    """
    known = _known.pop(digest, None)
    if known is None and content is not None:
        known = _unpacked(content)
    if known is not None:
        _known[digest] = known
    if len(_known) > _MOST:
        del _known[next(iter(_known))]
    return known


def _unpacked(content: bytes) -> parts.Curves:
    named, digests, curves = pickle.loads(content)  # noqa: S301  our own process sent it
    _check_modules(named, digests)
    found: parts.Curves = curves
    return found


def _check_modules(named: tuple[Experiment, ...], digests: Mapping[str, str]) -> None:
    """Raise if a module of the user's own is missing here, or is another one."""
    try:
        found = own.digests(*named)
    except InputError as error:
        raise InputError(
            f"{platform.node()} lacks a module of your own: {error}; the workers import it from "
            "the folder that they were started in, or by their PYTHONPATH"
        ) from None
    for module, digest in digests.items():
        if found.get(module) != digest:
            raise InputError(
                f"{platform.node()} has another module {module} than the study: copy its file there"
            )
        if _loaded.setdefault(module, digest) != digest:
            raise InputError(
                f"the module {module} has changed since {platform.node()} loaded it: restart the "
                "workers there"
            )
