"""`exsim init`: a pipeline written down, with the scenario and the HAProxy file that it gates.

The workflow installs exsim from the checkout that it runs in, and fetches nothing but GitHub's own actions.
"""

from __future__ import annotations

from pathlib import Path

from exsim.conduct.shipped import scenarios
from exsim.runs.errors import OperatorError

WORKFLOW = Path(".github/workflows/exsim.yml")
HOME = Path("gate")  # where the scenario and the balancer's file go
SCENARIO, BALANCER = Path("gate.toml"), Path("haproxy/cookie.cfg")
# The shipped scenario has the incident's organisation.  A pipeline begins with one where nothing is wrong:
# the table supposes what might be, and a drain must not lose anybody where all nodes are alike.
SHIPPED_PRESET = 'preset = "authcert_asymmetry"\n'
PRESET = (
    '# What is wrong with your nodes; the table of assumptions supposes more.\npreset = "healthy"\n'
)

TEXT = """\
# Gates gate/haproxy/cookie.cfg: replace it by your own file, or name yours in gate/gate.toml.
# The names of its `server` lines must contain the names of the nodes in gate/gate.toml.
name: exsim
on:
  pull_request:
  push:
    branches: [main]
  workflow_dispatch:

permissions:
  contents: read

jobs:
  gate:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    env:
      # Where exsim's own source stands in this checkout; "." when this is a clone of it.
      EXSIM_SOURCE: .
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - name: Install exsim from the checkout
        run: python -m pip install "${EXSIM_SOURCE}[lab]"
      - name: Run the scenario
        run: exsim run gate/gate.toml --quiet
      - name: Gate the run
        if: ${{ !cancelled() }}
        run: exsim gate --junit exsim-gate.xml
      - name: Gate the file under each assumption
        if: ${{ !cancelled() }}
        run: exsim gate --table gate/gate.toml --quiet --junit exsim-table.xml
      - name: Keep what was seen
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: exsim
          path: |
            reports/
            exsim-gate.xml
            exsim-table.xml
"""


def scenario_text(shipped: Path) -> str:
    """The shipped scenario over nodes where nothing is wrong."""
    text = shipped.read_text(encoding="utf-8")
    assert SHIPPED_PRESET in text, f"{shipped}: its preset is another"
    return text.replace(SHIPPED_PRESET, PRESET)


def init(folder: Path) -> list[Path]:
    """Write everything below `folder`; the paths written.

    Raises OperatorError, before anything is written, when one of them is there already.
    """
    shipped = scenarios()
    try:
        files = {
            folder / WORKFLOW: TEXT,
            folder / HOME / SCENARIO: scenario_text(shipped / SCENARIO),
            folder / HOME / BALANCER: (shipped / BALANCER).read_text(encoding="utf-8"),
        }
        for path in files:
            if path.exists() or path.is_symlink():
                raise OperatorError(f"{path}: is there already; nothing was written")
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as problem:
        raise OperatorError(f"{problem.filename}: {problem.strerror}") from None
    return list(files)
