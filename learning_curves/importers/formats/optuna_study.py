"""An Optuna study's intermediate values, from its storage.

Owns the reading of a study (Optuna 4 or later, the extra `optuna`), which changes nothing: a SQLite
file is opened read-only, and no storage gets a table that it lacks. What Optuna stores is JSON and
numbers; nothing is unpickled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.importers.domains import uniform
from learning_curves.importers.log import Log, Progress, digest_of, one_of
from learning_curves.importers.losses import as_losses
from learning_curves.importers.options import Options
from learning_curves.importers.trainings import apart, merged, repeats
from learning_curves.spaces.distributions import lograndint
from learning_curves.spaces.space import Config, Domain

_SPREAD = (
    "Optuna stores no time of a step: the seconds of a trial, from its start to its end, are "
    "spread evenly over its steps"
)


def is_url(source: str) -> bool:
    """Return whether `source` is the URL of a storage.

    >>> is_url("postgresql://me@host/db"), is_url("runs/study.db")
    (True, False)
    """
    return re.match(r"[a-z][a-z0-9+]+://", source) is not None


def read(source: str, options: Options, progress: Progress) -> Log:
    """Return the curves of the study: a trial is a training, and a step is an epoch.

    Trials that are running or waiting, and those that reported nothing, are left out. Equal
    parameters are seeds 0, 1, .. of one config, whose id is the number of its first trial.

    Raises
    ------
    InputError
        Optuna is not installed, or there is no such storage or study; or the trials have different
        parameters.

    """
    try:
        import optuna  # noqa: PLC0415  an extra
    except ImportError:
        raise InputError("--format optuna needs Optuna: pip install 'rungsim[optuna]'") from None
    told, digest, study = _study(optuna, source, options, progress)
    if len(study.directions) > 1:
        raise InputError(
            f"{told} has several objectives, whose trials report no steps: give "
            "a study of one objective"
        )
    higher = study.direction == optuna.study.StudyDirection.MAXIMIZE
    over = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    trials = [trial for trial in over if trial.intermediate_values and trial.duration is not None]
    if not trials:
        raise InputError(
            f"{told}: none of {len(over)} ended trials has reported a step: give "
            "a study whose trials call report()"
        )
    space, configs = _configs(told, trials, keep_space=options.space is None)
    numbers = [trial.number for trial in trials]
    if options.equal_configs == "apart":
        configs = apart(configs, numbers, "trial")
    ids, distinct, config, seed = repeats(configs, numbers)
    lengths = [len(trial.intermediate_values) for trial in trials]
    at = np.repeat(np.arange(len(trials)), lengths)
    steps = [step for trial in trials for step in trial.intermediate_values]
    metric = np.array([v for trial in trials for v in trial.intermediate_values.values()])
    each = [trial.duration.total_seconds() / len(trial.intermediate_values) for trial in trials]
    loss, said = as_losses(
        metric, "the intermediate value", options, metric_is="higher" if higher else "lower"
    )
    states = [trial.state.name.lower() for trial in trials]
    counted = [f"{states.count(state)} {state}" for state in sorted(set(states))]
    silent = len(over) - len(trials)
    left = [f"{silent} trials that reported no step are left out"] if silent else []
    return Log(
        ids=ids,
        configs=distinct,
        config=config[at],
        seed=seed[at],
        step=np.array(steps, dtype=np.float64),
        loss=loss,
        seconds=np.array(each)[at],
        place=lambda row: f"{told}, trial {trials[int(at[row])].number}",
        space=space,
        notes=(
            said,
            f"{len(trials)} trials: {', '.join(counted)}",
            *left,
            *merged(len(trials), len(distinct)),
        ),
        title=f"Optuna's study {study.study_name}",
        flaws=() if options.seconds_per_epoch is not None else (_SPREAD,),
        task={"name": study.study_name, "metric": said},
        recording={
            "imported_from": without_password(source),
            "format": "optuna",
            "study": study.study_name,
            "optuna": optuna.__version__,
            "sha256": digest,
        },
    )


def _study(optuna: Any, source: str, options: Options, progress: Progress) -> tuple[str, str, Any]:
    """Return the study's name for messages, the digest of its file, and the study."""
    url, digest, told = source, "", without_password(source)
    if not is_url(source):
        digest = digest_of(Path(source), progress)
        with Path(source).open("rb") as file:
            begin = file.read(16)
        if begin != b"SQLite format 3\0":
            raise InputError(f"{source} is not a SQLite file: give Optuna's, or a storage's URL")
        url = f"sqlite:///file:{quote(str(Path(source).resolve()))}?mode=ro&uri=true"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(url, skip_table_creation=True)
    there = [study.study_name for study in storage.get_all_studies()]
    name = one_of(options.study, sorted(there), option="--study", what="studies", source=told)
    return f"{told}, study {name}", digest, optuna.load_study(study_name=name, storage=storage)


def without_password(source: str) -> str:
    """Return the source's name without folders, or without a user's name and password.

    >>> without_password("mysql://me:secret@host/db"), without_password("a/study.db")
    ('mysql://host/db', 'study.db')
    """
    if not is_url(source):
        return Path(source).name
    scheme, _, rest = source.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _configs(
    told: str, trials: Sequence[Any], *, keep_space: bool
) -> tuple[dict[str, Domain], list[Config]]:
    """Return the space of the study, and the config of each trial."""
    first = trials[0]
    for trial in trials:
        odd = first.distributions.keys() ^ trial.distributions.keys()
        if odd:
            raise InputError(
                f"{told}: of trials {first.number} and {trial.number} one has no "
                f"{min(odd)!r}: give a study whose trials all have the same hyperparameters"
            )
    if not first.distributions:
        raise InputError(
            f"{told}: the trials have no parameters: give a study that has at least one"
        )
    space: dict[str, Domain] = {}
    for name, distribution in first.distributions.items() if keep_space else ():
        for trial in trials:
            if trial.distributions[name] != distribution:
                raise InputError(
                    f"{told}: {name!r} was drawn from {distribution} in trial {first.number} and "
                    f"from {trial.distributions[name]} in trial {trial.number}: give one "
                    "distribution with --space"
                )
        space[name] = _domain(distribution)
    configs: list[Config] = [
        {
            name: _member(distribution, trial.params[name])
            for name, distribution in first.distributions.items()
        }
        for trial in trials
    ]
    return space, configs


def _on_step(distribution: Any, k: int) -> Any:
    """Return the k-th value of a distribution with steps, as Optuna draws it."""
    return min(distribution.low + k * distribution.step, distribution.high)


def _member(distribution: Any, value: Any) -> Any:
    """Return the member of the domain that equals a value, which a user may have typed."""
    step = getattr(distribution, "step", None)
    if step is None or isinstance(distribution.low, int):
        return _plain(value)
    return _on_step(distribution, round((value - distribution.low) / step))


def _domain(distribution: Any) -> Domain:
    """Return the domain of a distribution of Optuna, which includes its bounds."""
    if hasattr(distribution, "choices"):
        return [_plain(choice) for choice in distribution.choices]
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.single():
        return low
    whole = isinstance(low, int)
    if step is not None and not (whole and step == 1):
        return [_on_step(distribution, k) for k in range(round((high - low) / step) + 1)]
    if whole:
        return lograndint(low, high + 1) if distribution.log else stats.randint(low, high + 1)
    return stats.loguniform(low, high) if distribution.log else uniform(low, high)


def _plain(value: Any) -> Any:
    """Return the value as a space can hold it: None becomes the string "None"."""
    return "None" if value is None else value
