"""Outlook fetching the offline address book: Autodiscover says where it is, and its manifest what there is."""
