"""A telephone: it takes the policy, fetches folders and mail, and waits in one long request for the next."""
