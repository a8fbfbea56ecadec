"""Exchange Web Services as a back end serves them: SOAP in, SOAP out, and streams of notifications.

No authentication (the front end has vouched for the caller) and no clock but that of the request.  Sources: EWS13 and
EWSMA for names and rules, EXLIB for what a client demands; what is assumed says so.
"""
