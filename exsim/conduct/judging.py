"""A run's directory judged: read the history, find sessions and incidents, write results and reports.

Everything written here can be deleted and made again.  Two readings of the history: the first judges, the
second fetches the hops of the few sessions that are told one by one, so that memory stays bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from tempfile import SpooledTemporaryFile
from urllib.parse import urlsplit

import msgspec

from exsim.conduct.facts import Generator, facts_of
from exsim.conduct.lb_log import LogFacts, read_log
from exsim.conduct.survey import read_survey
from exsim.conduct.telling import hops_to_tell
from exsim.judgement.gate.pace import Paces
from exsim.judgement.judge import Judgement, judge
from exsim.judgement.keeping import out_of_reach, sentence
from exsim.judgement.latency import Latencies
from exsim.judgement.report import csv, html, junit, text
from exsim.judgement.results import encode
from exsim.runs.addresses import places
from exsim.runs.directory import RunDirectory
from exsim.runs.exits import BY_OUTCOME, Exit
from exsim.runs.garbage import seldom
from exsim.runs.runfile import RunFile
from exsim.runs.written import replace as put
from exsim.runs.written import replacing
from exsim.session.attribution import Attribution
from exsim.session.detector import Detector
from exsim.session.hop import Hop
from exsim.session.keeping import SURVEY
from exsim.session.packed import Packed
from exsim.session.records import Findings
from exsim.session.trust import BELIEVED, Comparison, Trust

BATCH = 1000  # incidents that are written at once
IN_MEMORY = 4 << 20  # bytes of packed sessions, some 50,000; what is more goes to a file of its own


def judged(directory: RunDirectory, *, so_far: bool = False) -> Judgement:
    """Judge the run in `directory`.  Raises RunError or ScenarioError when it cannot be read.

    `so_far`: whoever conducts it asks, in the middle; for anybody else a run without an end is one cut short.
    """
    with seldom():
        return _judged(directory, so_far)


def _judged(directory: RunDirectory, so_far: bool) -> Judgement:
    run = directory.read_run()
    log = read_log(directory)
    limits = directory.read_scenario().expect.latency
    paces, load = Paces(limits), Generator()
    reading = read(directory, log, paces, load)
    if reading.trust.distrusted:  # once more, without the headers that were not to be believed
        paces, load, former = Paces(limits), Generator(), reading
        reading = replace(read(directory, log, paces, load, former.trust), trust=former.trust)
    facts = replace(
        facts_of(directory, reading.findings, log, load),
        unread_lines=reading.unread,
        broken_parts=reading.broken,
        distrust=reading.trust.sentences,
        keeping=said_of(reading.survey, run),
        no_end=not (run.ended or so_far),
        stood_still=load.stood_still,
    )
    hops = hops_to_tell(directory, reading.findings)
    return judge(reading.findings, facts, hops, reading.latencies.rows(), paces.paces)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of a history gave.  `unread`: lines that could not be read; `broken`: parts.

    `trust`: what it showed of its own headers; `survey`: the hops that asked what the balancer keeps.
    """

    findings: Findings
    latencies: Latencies
    unread: int
    broken: int
    trust: Trust
    survey: list[Hop] = field(default_factory=list)


def found(directory: RunDirectory, log: LogFacts) -> Findings:
    """Sessions and incidents, by witnesses that are to be believed."""
    reading = read(directory, log)
    if reading.trust.distrusted:
        reading = read(directory, log, trust=reading.trust)
    return reading.findings


def read(
    directory: RunDirectory,
    log: LogFacts,
    paces: Paces | None = None,
    load: Generator | None = None,
    trust: Trust = BELIEVED,
) -> Reading:
    """Read the history once, believing no header that `trust` does not; `paces` and `load` are fed besides."""
    run, scenario = directory.read_run(), directory.read_scenario()
    detector = Detector(
        public_timeout=scenario.expect.public_timeout,
        private_timeout=scenario.expect.private_timeout,
        time_scale=run.time_scale,
        attribution=attribution_of(run, log, trust),
        hosts=[urlsplit(run.url).netloc, *(scenario.target.hosts if scenario.target else ())],
        sessions=Packed(SpooledTemporaryFile(IN_MEMORY)),  # noqa: SIM115  # gone with the sessions
    )
    latencies, survey = Latencies(), []
    comparison = Comparison(attribution_of(run, log))
    history, feed = directory.history(), detector.feed
    takers = latencies.add, comparison.feed, *(one.add for one in (paces.paces if paces else ()))
    for line in history:
        feed(line)
        if type(line) is Hop:
            for take in takers:
                take(line)
            if line.control and line.step.startswith(SURVEY):
                survey.append(line)
        elif load is not None:
            load.add(line)
    return Reading(
        detector.finish(), latencies, history.unreadable, history.broken, comparison.trust(), survey
    )


def said_of(survey: list[Hop], run: RunFile) -> str:
    """What the balancer keeps, and what nobody meets because of it; "" where nobody asked."""
    if not survey:
        return ""
    kept, _ = read_survey(survey, run.node_addresses, run.lb_servers)
    reach = out_of_reach(kept, [node.name for node in run.nodes], list(run.node_addresses))
    return " ".join(filter(None, (sentence(kept), reach)))


def attribution_of(run: RunFile, log: LogFacts, trust: Trust = BELIEVED) -> Attribution:
    """Every witness that a run has."""
    return Attribution(
        run.lb_servers,
        log.served,
        [run.lb_cookie] if run.lb_cookie else [],
        addresses=places(run.node_addresses),
        distrusted=trust.distrusted,
    )


def write(directory: RunDirectory, judgement: Judgement, exit_code: int | None = None) -> None:
    """Everything below the line: incidents, results, and the report in its forms.

    Raises OSError, which names the run also where the system says no name: when its disk is full.
    """
    try:
        _write(directory, judgement, exit_code)
    except OSError as problem:
        problem.filename = problem.filename or str(directory.path)
        raise


def _write(directory: RunDirectory, judgement: Judgement, exit_code: int | None) -> None:
    sessions = judgement.findings.sessions
    incidents = (session.incident for session in sessions if session.incident is not None)
    encoder = msgspec.json.Encoder()
    with replacing(directory.incidents) as file:
        while batch := list(islice(incidents, BATCH)):  # as text they are larger than in memory
            file.write(encoder.encode_lines(batch))
    put(directory.results, encode(judgement.results) + b"\n")
    put(directory.report_text, text.render(judgement, exit_code=exit_code))
    put(directory.report_html, html.render(judgement))
    put(directory.junit, junit.render(judgement))
    put(directory.matrix_csv, csv.render(judgement).encode())


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
