"""Signs in a server's text that would steer a terminal, or turn the writing around; none leaves in a report."""

from __future__ import annotations

STEERING = dict.fromkeys(
    (*range(32), *range(127, 160), *range(8234, 8239), *range(8294, 8298)), "?"
)
# In a file that somebody prints in a terminal, too; its lines and tabs stay.
STEERING_IN_FILES = {code: sign for code, sign in STEERING.items() if chr(code) not in "\t\n"}
