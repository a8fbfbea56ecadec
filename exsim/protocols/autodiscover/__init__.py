"""Whoever asks Autodiscover where a mailbox is served: Outlook, a client of EWS, or a telephone."""
