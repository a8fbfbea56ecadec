"""The EWS clients of a scenario, under Locust's own command and web page.

exsim lab scenarios/ews.toml                                       # in another terminal
EXSIM_SCENARIO=scenarios/ews.toml locust -f locustfiles/ews.py
"""

from exsim.load.plain import users_of

globals().update(users_of("ews"))
