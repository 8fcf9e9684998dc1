"""A driver for one scheduler by hand: jobs report in the order in which they started."""

from collections import deque
from inspect import signature

from sim.schedulers import Contract, Idle, Job
from sim.searchers import Listed


def made(kind, trials, *, configs=None, losses=None, r_min=1, r_max=4, eta=2):
    """Return a scheduler of the class `kind`, and of its settings if it has some."""
    searcher = Listed(configs or ({"x": n} for n in range(trials)))
    if hasattr(kind, "r_max"):
        return kind(searcher)
    more = {"losses": losses} if "losses" in signature(kind).parameters else {}
    return kind(searcher, r_min=r_min, r_max=r_max, eta=eta, **more)


def jobs(scheduler, loss, *, workers=1, lost=()):
    """Return what `scheduler` hands out until it is DONE, as (number, start, stop).

    ``loss(number, epoch)`` is what a job reports; the jobs in `lost` never do.
    """
    contract = Contract(scheduler)
    running, log = deque(), []
    while True:
        answer = None
        while len(running) < workers and isinstance(answer := contract.next_job(), Job):
            running.append(answer)
            log.append(named(answer))
        if not running:
            assert answer is Idle.DONE
            return log
        job = running.popleft()
        if named(job) in lost:
            contract.job_lost(job)
        else:
            number = job.trial.number
            epochs = range(job.start + 1, job.stop + 1)
            contract.job_done(job, [loss(number, epoch) for epoch in epochs])


def named(job):
    return job.trial.number, job.start, job.stop
