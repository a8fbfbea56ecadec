"""The examples for many machines say what exsim takes: they are YAML, their commands and their scenario can be read.

Falls if: a file is no YAML, a command in it has an option that exsim has not, the scenario in it is none, a path is
named that nothing is mounted at, as many workers are started as the scenario does not want, one side loses its patience before pods
are there, or the secret is looked for
where its command does not put it, becomes a part of the image, or is a password in a file that others may read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from exsim.cli import build_parser
from exsim.runs.duration import seconds
from exsim.runs.scenario import load_scenario, parse_scenario

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "many-machines"


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def jobs() -> dict[str, Any]:
    return {
        one["metadata"]["name"]: one for one in documents("kubernetes.yaml") if one["kind"] == "Job"
    }


def pod(job: Any) -> Any:
    return job["spec"]["template"]["spec"]


def commands() -> list[list[str]]:
    services = documents("compose.yaml")[0]["services"]
    return [one["command"] for one in services.values()] + [
        container["args"] for job in jobs().values() for container in pod(job)["containers"]
    ]


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words[:2]))
def test_each_command_is_one_of_exsim(words: list[str]) -> None:
    assert all(isinstance(word, str) for word in words)
    assert build_parser().parse_args(words).verb == words[0]


def test_compose_s_scenario_is_there_and_its_workers_are_as_many_as_the_master_waits_for() -> None:
    services = documents("compose.yaml")[0]["services"]
    master = build_parser().parse_args(services["master"]["command"])
    assert load_scenario(FOLDER.parent / Path(master.scenario).name).lab is not None
    assert master.workers == services["worker"]["deploy"]["replicas"]
    assert services["worker"]["network_mode"] == "service:master"


def test_the_farm_s_scenario_wants_as_many_workers_as_are_started() -> None:
    (config,) = [one for one in documents("kubernetes.yaml") if one["kind"] == "ConfigMap"]
    scenario = parse_scenario(config["data"]["mail.toml"], "mail.toml")
    spec = jobs()["exsim-worker"]["spec"]
    assert scenario.load.workers == spec["parallelism"] == spec["completions"]


def test_master_and_workers_wait_for_each_other_for_minutes() -> None:
    """Pods are pulled and scheduled one after the other, in any order."""
    (config,) = [one for one in documents("kubernetes.yaml") if one["kind"] == "ConfigMap"]
    scenario = parse_scenario(config["data"]["mail.toml"], "mail.toml")
    said = [build_parser().parse_args(words) for words in commands()]
    patience = [seconds(one.wait) for one in said if one.wait is not None]
    assert len(patience) == 3, "both workers, and compose's master"
    assert min(scenario.load.wait_for_workers, *patience) >= 300


@pytest.mark.parametrize("name", ["exsim-master", "exsim-worker"])
def test_every_path_of_a_command_is_mounted(name: str) -> None:
    spec = pod(jobs()[name])
    volumes = {one["name"] for one in spec["volumes"]}
    for container in spec["containers"]:
        mounted = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
        assert set(mounted.values()) <= volumes
        for word in container["args"]:
            if word.startswith("/"):
                assert any(word.startswith(path) for path in mounted), word


def test_the_secret_is_where_its_command_puts_it_and_no_part_of_the_image() -> None:
    """Compose counts paths from its own file, whoever names it from where; the commands are for the checkout's root."""
    (compose,) = documents("compose.yaml")
    root = FOLDER.parents[1]
    secret = (FOLDER / compose["secrets"]["exsim"]["file"]).resolve()
    context = (FOLDER / compose["services"]["master"]["build"]["context"]).resolve()
    assert (secret.parent, context) == (root, root)
    text = (FOLDER / "compose.yaml").read_text()
    assert f"> {secret.name}\n" in text and " -f scenarios/many-machines/compose.yaml" in text
    left_out = (FOLDER / "Containerfile.dockerignore").read_text().splitlines()
    assert {secret.name, "**/accounts.csv", ".git", ".venv"} <= {*left_out}


def test_reports_are_kept_where_one_who_is_not_root_can_write() -> None:
    (compose,) = documents("compose.yaml")
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]


def test_passwords_come_by_the_environment_of_the_master_alone() -> None:
    held = {name: pod(job)["containers"][0].get("envFrom", []) for name, job in jobs().items()}
    assert [one["secretRef"]["name"] for one in held["exsim-master"]] == ["exsim-passwords"]
    assert not held["exsim-worker"]
