"""Print the report of a run, or the path of one of its forms.

Nothing is judged anew; use `exsim analyze` for that.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exsim.runs.directory import RunDirectory, open_run
from exsim.runs.errors import RunError

FORMS = {
    "text": "report_text",
    "html": "report_html",
    "json": "results",
    "junit": "junit",
    "csv": "matrix_csv",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run",
        nargs="?",
        default="latest",
        help="a run's directory, a scenario's name, or \"latest\"",
    )
    parser.add_argument("--form", choices=FORMS, default="text", help="which form (text)")
    parser.add_argument(
        "--path", action="store_true", help="print where it stands, not what it says"
    )
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are kept")


def act(options: argparse.Namespace) -> int:
    path = form_of(open_run(options.run, options.reports), options.form)
    if options.path:
        print(path)
    else:
        sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0


def form_of(directory: RunDirectory, form: str) -> Path:
    """Where a form of the report stands.  Raises RunError when nobody has judged the run yet."""
    path: Path = getattr(directory, FORMS[form])
    if not path.is_file():
        raise RunError(f"{path}: is not there; exsim analyze {directory.path} makes it")
    return path
