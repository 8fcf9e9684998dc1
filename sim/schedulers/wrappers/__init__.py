"""Schedulers around any other scheduler: the contract, and retries of lost jobs."""
