"""What became of a session: the hop, what it says, who answered it, and which session it cost.

Pure: hops and marks in, incidents out.  The same history always gives the same incidents.  It reads no
confession, sends nothing, and knows neither clock nor dice.  May import `wire`.
"""
