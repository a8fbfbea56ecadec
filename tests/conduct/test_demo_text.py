"""What the demo says at its end.

Falls if: a line is longer than the screen; the times of the lost session's hops are not those of `exsim show`; a command
that it names would show another run's session.
"""

from exsim.conduct.demo_text import closing, one_lost_session
from exsim.conduct.running import finish
from tests.conduct.made_run import kept, run_directory


def test_the_lost_session_is_told_by_when_its_answers_came(tmp_path):
    text = one_lost_session(finish(run_directory(tmp_path)))
    assert "1.1: logged on at EXCH16, 0.20 s old when EXCH13 took its cookies." in " ".join(
        text.split()
    )
    assert [line.split()[0] for line in text.splitlines() if " s  EXCH" in line][:3] == [
        "0.00",
        "0.10",
        "0.20",
    ]


def test_every_line_fits_and_the_run_is_named(tmp_path):
    lost, other = (
        finish(run_directory(tmp_path / one, lines))
        for one, lines in (("a", None), ("b", kept(1, 1.0)))
    )
    text = closing(lost, other)
    paths = [str(done.directory.path) for done in (lost, other)]
    long = [line for line in text.splitlines() if len(line) > 79]
    assert all(any(path in line for path in paths) for line in long), long
    assert f"next:  exsim show 1.1 {paths[0]}" in text
