"""What came of playing a session again: the sentence, a line for each time, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from exsim.conduct import screen
from exsim.conduct.hop_lines import paragraph, plain
from exsim.conduct.replaying import Replayed
from exsim.judgement.words import counted_noun, listed, was
from exsim.protocols.owa.again import Trial

FORMAT = "exsim-replay/1"


def as_text(done: Replayed) -> str:
    """Sentences, and one line for each time."""
    return "\n".join(_lines(done)) + "\n"


def _lines(done: Replayed) -> Iterator[str]:
    session, incident = done.tale.session, done.tale.session.incident
    assert incident is not None
    yield paragraph([conclusion(done)])
    yield paragraph(
        [
            f"Session {session.id}: logged on at {session.login_front_end}, then "
            f"{counted_noun(len(done.steps), 'request')}, each to the node that had answered it, one "
            f"after the other. It had been lost at {incident.front_end}, {incident.request}.",
            f"{counted_noun(done.left_out, 'request')} left out: no witness says who answered."
            if done.left_out
            else "",
        ]
    )
    yield ""
    for number, trial in enumerate(done.trials, 1):
        yield screen.fitted(plain(f"   {number:>2}  {said(trial, done)}"), 7)


def said(trial: Trial, done: Replayed) -> str:
    """One time in words."""
    if trial.logon != "accepted":
        return f"no session: the logon was answered {trial.detail or trial.logon}"
    if not trial.lost:
        return f"kept: all of {counted_noun(trial.asked, 'request')} {was(trial.asked)} served"
    status = trial.status if trial.status is not None else "nothing"
    reason = f", reason={trial.reason}" if trial.reason else ""
    place = "as before" if as_before(trial, done) else f"at request {trial.at}"
    return f"lost, {place}: {trial.lost_by} answered {trial.request} with {status}{reason}"


def as_before(trial: Trial, done: Replayed) -> bool:
    """Whether it was the same request, at the same node, that ended it."""
    return trial.at == len(done.steps)


def conclusion(done: Replayed) -> str:
    """The sentence."""
    lost, began = done.lost, done.began
    if not began:
        return "Nothing can be said: no logon was accepted."
    if lost == began:
        nodes = sorted({trial.lost_by for trial in done.trials if trial.lost})
        return (
            f"Always lost: {lost} of {counted_noun(began, 'time')}, by {listed(nodes)}. It is no race: the order of "
            "nodes alone does it."
        )
    if lost:
        return f"A race: lost {lost} of {counted_noun(began, 'time')}, with the same requests at the same nodes."
    return (
        f"Not lost again: 0 of {counted_noun(began, 'time')}. What took it was a race of requests side by side, a matter "
        "of time, or it has been healed since."
    )


def as_json(done: Replayed) -> bytes:
    """The document of `--json`."""
    document = {
        "format": FORMAT,
        "session": done.tale.session.id,
        "lost": done.lost,
        "times": len(done.trials),
        "conclusion": conclusion(done),
        "requests": [f"{step.method} {step.target} at {step.node}" for step in done.steps],
        "trials": [
            {
                "logon": trial.logon,
                "lost": trial.lost,
                "lost_by": trial.lost_by or None,
                "request": trial.request or None,
                "status": trial.status,
                "reason": trial.reason or None,
                "as_before": trial.lost and as_before(trial, done),
            }
            for trial in done.trials
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
