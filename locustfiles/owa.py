"""The OWA users of a scenario, under Locust's own command and web page.

exsim lab scenarios/roundrobin.toml        # in another terminal
locust -f locustfiles/owa.py               # $EXSIM_SCENARIO names another scenario
"""

from exsim.load.plain import users_of

globals().update(users_of("owa"))
