"""A run's directory judged: read the history, find sessions and incidents, write results and reports.

Everything written here can be deleted and made again.  Two readings of the history: the first judges, the
second fetches the hops of the few sessions that are told one by one, so that memory stays bounded.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from exsim.conduct.facts import Generator, facts_of
from exsim.conduct.lb_log import LogFacts, read_log
from exsim.conduct.telling import hops_to_tell
from exsim.judgement.gate.pace import Paces
from exsim.judgement.judge import Judgement, judge
from exsim.judgement.latency import Latencies
from exsim.judgement.report import csv, html, junit, text
from exsim.judgement.results import encode
from exsim.runs.directory import RunDirectory
from exsim.runs.exits import BY_OUTCOME, Exit
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Hop
from exsim.session.records import Findings


def judged(directory: RunDirectory) -> Judgement:
    """Judge the run in `directory`.  Raises RunError or ScenarioError when it cannot be read."""
    log = read_log(directory)
    paces = Paces(directory.read_scenario().expect.latency)
    load = Generator()
    findings, latencies, unread = found(directory, log, paces, load)
    facts = replace(facts_of(directory, findings, log.findings, load), unread_lines=unread)
    hops = hops_to_tell(directory, findings)
    return judge(findings, facts, hops, latencies.rows(), paces.paces)


def found(
    directory: RunDirectory,
    log: LogFacts,
    paces: Paces | None = None,
    load: Generator | None = None,
) -> tuple[Findings, Latencies, int]:
    """Sessions and incidents, latencies, and the number of lines that could not be read.

    `paces` and `load` are fed besides.
    """
    run, scenario = directory.read_run(), directory.read_scenario()
    detector = Detector(
        public_timeout=scenario.expect.public_timeout,
        private_timeout=scenario.expect.private_timeout,
        time_scale=run.time_scale,
        attribution=Attribution(
            run.lb_servers, log.served, [run.lb_cookie] if run.lb_cookie else []
        ),
        hosts=[urlsplit(run.url).netloc.removesuffix(":443")],
    )
    latencies = Latencies()
    history = directory.history()
    for line in history:
        detector.feed(line)
        if isinstance(line, Hop):
            latencies.add(line)
            if paces is not None:
                paces.add(line)
        elif load is not None:
            load.add(line)
    return detector.finish(), latencies, history.unreadable


def write(directory: RunDirectory, judgement: Judgement, exit_code: int | None = None) -> None:
    """Everything below the line: incidents, results, and the report in its forms."""
    incidents = [
        session.incident for session in judgement.findings.sessions if session.incident is not None
    ]
    encoder = msgspec.json.Encoder()
    directory.incidents.write_bytes(encoder.encode_lines(incidents))
    directory.results.write_bytes(encode(judgement.results) + b"\n")
    directory.report_text.write_text(text.render(judgement, exit_code=exit_code), encoding="utf-8")
    directory.report_html.write_text(html.render(judgement), encoding="utf-8")
    directory.junit.write_text(junit.render(judgement), encoding="utf-8")
    directory.matrix_csv.write_text(csv.render(judgement), encoding="utf-8", newline="")


def exit_code(directory: RunDirectory, judgement: Judgement) -> Exit:
    """What a run ends with: how it was cut short before what it came to."""
    run = directory.read_run()
    if run.crashed:
        return Exit.BROKEN
    if run.interrupted:
        return Exit.INTERRUPTED
    if run.stopped:
        return Exit.STOPPED
    return BY_OUTCOME[judgement.results.outcome]
