"""Which version of Exchange a build belongs to (Microsoft's table of build numbers)."""

from __future__ import annotations

VERSION_OF = {"14": "2010", "15.0": "2013", "15.1": "2016", "15.2": "2019"}
SE_SINCE = 2562  # 15.2.2562 is the first build of the Subscription Edition


def version_of_build(build: str) -> str:
    """ "15.1.669.32" -> "2016"; "" for what is no build."""
    major, minor, number, *_ = (*build.split("."), "", "", "")
    if major == "14":
        return VERSION_OF["14"]
    found = VERSION_OF.get(f"{major}.{minor}", "")
    newest = found == "2019" and number.isdigit() and int(number) >= SE_SINCE
    return "se" if newest else found
