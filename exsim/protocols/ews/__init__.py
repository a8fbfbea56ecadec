"""A client of Exchange Web Services: it reads its mailbox, asks who is free, and listens to a stream."""
