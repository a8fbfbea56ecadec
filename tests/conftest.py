"""What holds for all tests: found examples are the same in every pipeline, and no example has a stop-watch.

A property that fails now and then on a busy machine says nothing about a change; who looks for new examples
runs the tests by hand, where they are drawn anew.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("exsim", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("exsim")
