"""The Outlook users of a scenario, over MAPI/HTTP, under Locust's own command and web page.

exsim lab scenarios/mapi_http.toml        # in another terminal
EXSIM_SCENARIO=scenarios/mapi_http.toml locust -f locustfiles/mapi_http.py
"""

from exsim.load.plain import users_of

globals().update(users_of("mapi_http"))
