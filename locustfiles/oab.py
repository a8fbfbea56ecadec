"""Whoever fetches the offline address book in a scenario, under Locust's own command and web page.

exsim lab scenarios/autodiscover.toml        # in another terminal
EXSIM_SCENARIO=scenarios/autodiscover.toml locust -f locustfiles/oab.py
"""

from exsim.load.plain import users_of

globals().update(users_of("oab"))
