"""Every client of a scenario, whatever it speaks, under Locust's own command and web page.

exsim lab scenarios/mixed.toml                                       # in another terminal
EXSIM_SCENARIO=scenarios/mixed.toml locust -f locustfiles/mixed.py
"""

from exsim.load.plain import users_of

globals().update(users_of())
