"""One whole scenario as text, for tests to break in one place."""

from __future__ import annotations

LAB = """
title = "1x2013 + 2x2016, round robin, no persistence"
seed = 7

[lab]
balancer = "haproxy/roundrobin.cfg"
preset = "authcert_asymmetry"
nodes = [ { name = "EXCH16-SYD-01", version = "2016" }, { name = "EXCH16-SYD-02", version = "2016" },
          { name = "EXCH13", version = "2013" } ]

[[population]]
protocol = "owa"
mailbox = "2013"
users = 20
session = { polls = 30, connections = 6, think = "2s", relogin_after = "8s" }

[load]
spawn_rate = 5
duration = "60s"

[expect]
max_lost_sessions = 0
"""

TARGET = """
title = "a farm"

[target]
url = "https://mail.example.com"
confirm = "mail.example.com"
accounts = "accounts.csv"
nodes = { EX13-01 = "10.0.1.13:443" }

[[population]]
mailbox = "2016"
users = 2
"""
