"""Falls if: a path is taken for one that needs a session and does not, or the other way round."""

from __future__ import annotations

import pytest

from exsim.session.place import Place, place_of

PLACES = [
    ("POST /owa/auth.owa", Place.LOGON),
    ("POST /OWA/Auth.owa?x=1", Place.LOGON),
    ("POST /ecp/auth.owa", Place.LOGON),
    ("POST /owa/auth/owaauth.dll", Place.LOGON),
    ("GET /owa/auth.owa", Place.ORDINARY),
    ("GET /owa/logoff.owa", Place.LOGOFF),
    ("GET /ecp/logoff.aspx", Place.LOGOFF),
    ("GET /ecp/admin/logoff.aspx", Place.LOGOFF),
    ("POST /owa/auth/expiredpassword.aspx", Place.LOGOFF),
    ("GET /owa/auth/expiredpassword.aspx", Place.ANONYMOUS),
    ("GET /owa/auth/logoff.aspx?Cmd=logoff", Place.ANONYMOUS),
    ("GET /owa/auth/logon.aspx?replaceCurrent=1&url=x", Place.ANONYMOUS),
    ("GET /ecp/auth/x.css", Place.ANONYMOUS),
    ("GET /ecp/ping.ecp", Place.ANONYMOUS),
    ("GET /owa/HealthCheck.htm", Place.ANONYMOUS),
    ("GET /", Place.ANONYMOUS),
    ("GET /owa/appCacheManifestHandler.ashx?owamanifest=1", Place.MANIFEST),
    ("GET /owa/", Place.ORDINARY),
    ("GET /owa", Place.ORDINARY),
    ("GET /owa/prem/15.1.1466.3/scripts/boot.js", Place.ORDINARY),
    ("POST /owa/service.svc?action=FindItem", Place.ORDINARY),
    ("POST /owa/plt1.ashx", Place.ORDINARY),
    ("GET /ecp/", Place.ORDINARY),
]


@pytest.mark.parametrize(("request_line", "place"), PLACES)
def test_each_request_goes_to_its_place(request_line: str, place: Place) -> None:
    assert place_of(request_line) is place
