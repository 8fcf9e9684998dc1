"""What `import sim` shows, and the examples of it in the documentation."""

import subprocess
import sys

import sim


def test_each_public_name_resolves_and_is_documented(check_surface):
    check_surface(sim)


def test_nothing_slow_is_imported_before_it_is_used():
    code = (
        "import sys, sim\n"
        "dir(sim), sim.__all__, sim.__doc__\n"
        "slow = {'numpy', 'pandas', 'scipy', 'simpy', 'matplotlib', 'sim.schedulers'}\n"
        "assert not slow & set(sys.modules)\n"
        "sim.Limits, sim.schedulers.ASHA\n"
        "assert not {'numpy', 'pandas', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_module_of_a_room_does_not_join_the_public_names():
    import sim.cluster.cluster

    assert "cluster" not in dir(sim)
    assert sim.cluster.cluster.Cluster


def test_the_examples_run(examples, capsys):
    for code in examples:
        if "import real" not in code:
            exec(code, {"__name__": "__main__"})  # noqa: S102  our own page
            assert capsys.readouterr().out, code
