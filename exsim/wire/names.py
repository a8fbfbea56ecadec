"""Names that client and organisation share: paths, headers, cookies, statuses.

Each says where it comes from.  Timings are not here: client and organisation each state their own,
because a shared wrong number would be wrong on both sides and seen by nobody.
"""

from __future__ import annotations

from exsim.wire.standing import assumed, documented, observed

# Paths of Outlook on the web ---------------------------------------------------------------------
ROOT = "/"
OWA = "/owa/"
ECP = "/ecp/"
LOGON_PAGE = observed("/owa/auth/logon.aspx", "LOGON")
LOGON_POST = observed("/owa/auth.owa", "E13 LOGON")
LOGON_POST_SEGMENTS = ("auth.owa", "owaauth.dll")  # matched by the last segment of the path: E13
ANONYMOUS_PREFIXES = ("/owa/auth/", "/ecp/auth/")  # pages a front end serves to anybody: E13
ERROR_PAGE = observed("/owa/auth/errorfe.aspx", "E13")
LOGOFF = observed("/owa/logoff.owa", "E13 MWC")
SIGNOUT_PAGE = observed("/owa/auth/signout.aspx", "E13 MWC")
LOGOFF_PAGE = observed("/owa/auth/logoff.aspx", "E14 MWC")
SERVICE = observed("/owa/service.svc", "CAP16")
ATTACHMENT = observed("/owa/service.svc/s/GetFileAttachment", "CAP16")
SESSION_DATA = observed("/owa/sessiondata.ashx", "CAP16")
RESOURCE_INJECTOR = observed("/owa/userspecificresourceinjector.ashx", "E13")
APP_CACHE_MANIFEST = observed("/owa/appCacheManifestHandler.ashx", "E13")
NOTIFICATION = observed("/owa/ev.owa2", "CAPSE QA-440")
E14_EVENTS = observed("/owa/ev.owa", "E14")
PING = observed("/owa/ping.owa", "E13")
KEEP_ALIVE = observed("/owa/keepalive.owa", "E13")
PAGE_LOAD_TIMES = observed("/owa/plt1.ashx", "E13")
LANGUAGE_PAGE = observed("/owa/languageselection.aspx", "E13")
EXPIRED_PASSWORD = observed("/owa/auth/expiredpassword.aspx", "E13 E16")
LANGUAGE_POST = observed("/owa/lang.owa", "E13")
STATIC_ROOT = observed("/owa/prem/", "CAP16")  # followed by the mailbox back end's build
HEALTH_CHECK = documented("HealthCheck.htm", "LB16")  # below each virtual directory
ECP_PING = observed("/ecp/ping.ecp", "E13")

# RPC over HTTP ------------------------------------------------------------------------------------
RPC_PROXY = documented("/rpc/rpcproxy.dll", "RPCH")  # the query is server:port
RPC_IN = documented("RPC_IN_DATA", "RPCH")
RPC_OUT = documented("RPC_OUT_DATA", "RPCH")
RPC_METHODS = (RPC_IN, RPC_OUT)
RPC_KIND = documented("application/rpc", "RPCH")
RPC_ERROR = documented("RPC Error: ", "RPCH")  # in the reason phrase of a 503, with a Win32 error
SOURCE_FRONT_END = assumed("X-SourceCafeServer")  # on the hop to a back end: who passed it on

# Statuses that are Exchange's own -------------------------------------------------------------
LOGIN_TIMEOUT = observed(440, "E13 E16 QA-440")  # not in the IANA registry; "Login Timeout"
LOGIN_TIMEOUT_REASON = observed("Login Timeout", "E13 HEAD-440")
CANARY_REFUSED = observed(449, "E13")
PING_OK = observed(242, "E13")
LANGUAGE_NEEDED = observed(442, "E13")
VERSION_MISMATCH = observed(412, "E13")

# The `reason` of a redirect to the logon page: why a front end saw no session (E13)
REASON_NONE = observed(
    "0", "E13 ORANGE"
)  # no usable cookie: absent, unreadable, another certificate
REASON_LOGOFF = observed("1", "E13")
REASON_CREDENTIALS = observed("2", "E13 ORANGE")  # the cookie was read, the password refused
REASON_TIMEOUT = observed("3", "E13")  # the cookie was read, and it had expired
REASON_BLOCKED = observed("5", "E13")  # a client access rule keeps this client out
REASON_EAC_BLOCKED = observed("6", "E13")  # the same, for the administration center

# Cookies ------------------------------------------------------------------------------------
CADATA = observed("cadata", "E13 CAP16")
CADATA_TTL = observed("cadataTTL", "E13 CAP16")
CADATA_KEY = observed("cadataKey", "E13 CAP16")
CADATA_IV = observed("cadataIV", "E13 CAP16")
CADATA_SIG = observed("cadataSig", "E13 CAP16")
LOGON_COOKIES = (CADATA, CADATA_TTL, CADATA_KEY, CADATA_IV, CADATA_SIG)  # in the order they are set
E14_SESSION = observed("sessionid", "E14")
E14_LOGON_COOKIES = (E14_SESSION, CADATA)
# What a refusal deletes, if the request carried it (E13, E16)
WIPED = (
    CADATA,
    CADATA_KEY,
    CADATA_IV,
    CADATA_SIG,
    CADATA_TTL,
    "X-DFPOWA-Vdir",
    "TargetServer",
    "ExchClientVer",
)
USER_CONTEXT = observed("UC", "CAP16")
E14_USER_CONTEXT = observed("UserContext", "E14")
CANARY = observed("X-OWA-CANARY", "CAP16")  # cookie, request header and query parameter alike
ECP_CANARY = observed("msExchEcpCanary", "E13")
BACK_END_COOKIE = observed("X-BackEndCookie", "CAP16 QA-440")
CLIENT_ID = observed("ClientId", "CAP16")
APP_CACHE_VERSION = observed("AppcacheVer", "CAP16")
PRIVATE_COMPUTER = observed("PrivateComputer", "LOGON CAP16")
POST_BACK = observed("PBack", "LOGON")
COOKIE_TEST = observed("cookieTest", "LOGON")
OFFLINE = observed("offline", "E13")
SECOND_FACTOR = assumed(
    "SecondFactor", "DUO"
)  # of a module before OWA; each product has its own name

# Headers that say who answered --------------------------------------------------------------
FE_SERVER = observed(
    "X-FEServer", "CAP16 FEERR"
)  # the front end, on what it made and on what it passed on
CALCULATED_BE = observed("X-CalculatedBETarget", "CAP16 FEERR")  # a back end was picked; FQDN
BE_SERVER = observed("X-BEServer", "CAP16")  # a back end answered
DIAG_INFO = observed("X-DiagInfo", "CAP16 E14")  # back end; on 2010 the only name there is
OWA_VERSION = observed("X-OWA-Version", "CAP16")
REQUEST_ID = observed("request-id", "CAP16")
CLIENT_REQUEST_ID = observed("client-request-id", "CAP16 QA-440")
RETURN_CLIENT_REQUEST_ID = observed("return-client-request-id", "E13")
FAILURE_CONTEXT = observed("X-FailureContext", "E13 FEERR")
FE_ERROR = observed("X-OWA-FEError", "E13")
OWA_ERROR = observed("X-OWA-Error", "E13")
CAS_ERROR_CODE = observed("X-CasErrorCode", "E13")
EXTENDED_ERROR_CODE = observed("X-OWA-ExtendedErrorCode", "E13")
LB_SERVER = "X-LB-Server"  # set by our own copy of a balancer's file: `lb_backend/lb_server`

WWW_AUTHENTICATE = "WWW-Authenticate"  # RFC 9110 11.6.1
AUTHORIZATION = "Authorization"
PERSISTENT_AUTH = observed("Persistent-Auth", "E13")

# Headers of a request ------------------------------------------------------------------------
ACTION = observed("Action", "CAP16")
ACTION_NAME = observed("X-OWA-ActionName", "CAP16")
ACTION_ID = observed("X-OWA-ActionId", "CAP16")
ATTEMPT = observed("X-OWA-Attempt", "CAP16")
CORRELATION_ID = observed("X-OWA-CorrelationId", "CAP16")
CLIENT_BEGIN = observed("X-OWA-ClientBegin", "CAP16")
CLIENT_BUILD = observed("X-OWA-ClientBuildVersion", "CAP16")
VERSION_ID = observed("X-OWA-VersionId", "E13")
URL_POST_DATA = observed("X-OWA-UrlPostData", "CAP16")
USER_ACTIVITY = observed("X-UserActivity", "E13")  # "0": a background call, extends nothing
PROBE_TYPE = observed("X-ProbeType", "E13 E16")
LOCAL_PROBE = observed("X-MS-ClientAccess-LocalProbe", "E13 E16")

# Exchange Web Services ----------------------------------------------------------------------
EWS = observed("/EWS/Exchange.asmx", "EXLIB EWSMA")
ANCHOR_MAILBOX = documented("X-AnchorMailbox", "EWS13")  # routes by that mailbox, not by who asks
PREFER_AFFINITY = documented("X-PreferServerAffinity", "EWS13")
OVERRIDE_COOKIE = documented("X-BackEndOverrideCookie", "EWS13")
EXCHANGE_COOKIE = documented("exchangecookie", "EWS13")
BACK_OFF = documented("BackOffMilliseconds", "EWS13")  # in a fault's MessageXml

# MAPI over HTTP -----------------------------------------------------------------------------
MAPI_STORE = documented("/mapi/emsmdb/", "OXCMAPIHTTP")
MAPI_BOOK = documented("/mapi/nspi/", "OXCMAPIHTTP")
MAPI_KIND = documented("application/mapi-http", "OXCMAPIHTTP")
MAPI_KIND_OF_TESTERS = observed("application/octet-stream", "HAP1828")  # Microsoft's own analyzer
MAPI_REQUEST_TYPE = documented("X-RequestType", "OXCMAPIHTTP")
MAPI_REQUEST_ID = documented("X-RequestId", "OXCMAPIHTTP")
MAPI_CLIENT_INFO = documented("X-ClientInfo", "OXCMAPIHTTP")
MAPI_CODE = documented("X-ResponseCode", "OXCMAPIHTTP")
MAPI_EXPIRATION = documented("X-ExpirationInfo", "OXCMAPIHTTP")  # milliseconds
MAPI_PENDING = documented("X-PendingPeriod", "OXCMAPIHTTP")  # milliseconds
MAPI_SERVER = documented("X-ServerApplication", "OXCMAPIHTTP")
MAPI_CONTEXT = observed("MapiContext", "MAPICLIENTS MAPISE")
MAPI_SEQUENCE = observed("MapiSequence", "MAPICLIENTS MAPISE")
# Of the page that an endpoint answers to a GET, and what stands before the caller's name there
MAPI_STATUS_TITLE = observed("Exchange MAPI/HTTP Connectivity Endpoint", "E13 E16")
MAPI_STATUS_USER = observed("<b>UPN:</b>", "E13")
MAPI_ROUTING = observed("MapiRouting", "MAPISE")  # of the whole directory, on every answer

# Autodiscover -------------------------------------------------------------------------------
AUTODISCOVER_POX = documented("/autodiscover/autodiscover.xml", "OXDSCLI")
AUTODISCOVER_SOAP = documented("/autodiscover/autodiscover.svc", "ADSOAP")
AUTODISCOVER_ASKED = documented(
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006", "OXDSCLI"
)
AUTODISCOVER_TOLD = documented(
    "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006", "OXDSCLI"
)
AUTODISCOVER_OUTLOOK = documented(
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a", "OXDSCLI"
)
AUTODISCOVER_PHONE_ASKED = documented(
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006", "ASCMD"
)
AUTODISCOVER_PHONE = documented(
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006", "ASCMD"
)
AUTODISCOVER_SPACE = documented("http://schemas.microsoft.com/exchange/2010/Autodiscover", "ADSOAP")
MAPI_CAPABILITY = documented("X-MapiHttpCapability", "OXDSCLI")  # honoured since 15.0.847.32
POWERSHELL = documented("/powershell", "PSEX")
OAB_MANIFEST = documented("oab.xml", "OXWOAB")
OAB_AGENT = assumed(
    "Microsoft BITS/7.8"
)  # Outlook has Windows fetch it; which version is not known
INVALID_REQUEST = documented("600", "ADSOAP")  # the error of a GET by somebody who is signed in

# The logon form ------------------------------------------------------------------------------
FLAG_PRIVATE = observed(4, "E13 LOGON")
FLAG_DOWN_LEVEL = observed(1, "E13")
LOGON_PAGE_MARKER = observed("{57A118C6-2DA9-419d-BE9A-F92B0F9A418B}", "E13 LOGON")
LOGON_ASP_MARKER = observed("ASP.auth_logon_aspx", "E13 LOGON")
ERROR_PAGE_MARKERS = (
    observed("698798E9-889B-4145-ACFC-474C378C7B4F", "MWC"),
    observed("FDCB17B5-BE4A-492D-BA37-A74E4E1AF7BF", "MWC"),
)
BOOT_MARKERS = (observed("Program.main", "MWC"), observed("StartPage.start", "MWC"))

# Bodies of a front end's own 440: 154 and 43 bytes (E13; the second also HEAD-440) ------------
REFUSAL_BODY_POST = observed(
    "<HTML><SCRIPT>if (parent.navbar != null) parent.location = self.location;"
    "else self.location = self.location;</SCRIPT><BODY>440 Login Timeout</BODY></HTML>",
    "E13 E16",
)
REFUSAL_BODY_OTHER = observed("<HTML><BODY>440 Login Timeout</BODY></HTML>", "E13 HEAD-440")

# A mailbox's marker ---------------------------------------------------------------------------
# Ours alone: a planted subject line by which an answer says whose mailbox it came from.
MARKER = assumed("exsim-marker:")  # followed by the mailbox's address

VERSIONS = ("2010", "2013", "2016", "2019", "se")
