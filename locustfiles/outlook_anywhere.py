"""The Outlook users of a scenario, over RPC/HTTP, under Locust's own command and web page.

exsim lab scenarios/outlook_anywhere.toml        # in another terminal
EXSIM_SCENARIO=scenarios/outlook_anywhere.toml locust -f locustfiles/outlook_anywhere.py
"""

from exsim.load.plain import users_of

globals().update(users_of("outlook_anywhere"))
