"""Which version of Exchange a build belongs to (Microsoft's table of build numbers)."""

from __future__ import annotations

VERSION_OF = {"14": "2010", "15.0": "2013", "15.1": "2016", "15.2": "2019"}
SE_SINCE = 2562  # 15.2.2562 is the first build of the Subscription Edition
# The first builds after the update of July 2021: 2016 CU22, 2019 CU11, both September 2021.  Of older ones
# some have it, by their last part.
UPDATED_SINCE = {"15.1": 2375, "15.2": 986}


def version_of_build(build: str) -> str:
    """ "15.1.669.32" -> "2016"; "" for what is no build."""
    major, minor, number, *_ = (*build.split("."), "", "", "")
    if major == "14":
        return VERSION_OF["14"]
    found = VERSION_OF.get(f"{major}.{minor}", "")
    newest = found == "2019" and number.isdigit() and int(number) >= SE_SINCE
    return "se" if newest else found


def is_updated(build: str) -> bool:
    """Whether a build is later than the update of July 2021, and so cannot be without it (KB5005341)."""
    major, minor, number, *_ = (*build.split("."), "", "", "")
    since = UPDATED_SINCE.get(f"{major}.{minor}")
    return since is not None and number.isdigit() and int(number) >= since
