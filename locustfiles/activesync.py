"""The telephones (ActiveSync) of a scenario, under Locust's own command and web page.

exsim lab scenarios/activesync.toml        # in another terminal
EXSIM_SCENARIO=scenarios/activesync.toml locust -f locustfiles/activesync.py
"""

from exsim.load.plain import users_of

globals().update(users_of("activesync"))
