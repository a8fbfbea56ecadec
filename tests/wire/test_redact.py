"""Falls if: a credential, a canary, an address of a person or a device id gets through to a file, or what
a reader needs (what was asked, who answered, line numbers) does not."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.wire import redact
from exsim.wire.redact import KEPT_PARAMETERS, redact_log_line, redact_url
from exsim.wire.redact_config import LONGEST, redact_config

SECRET = "kAnArIe9Zq-Secr3t.Value"
TOKEN = "dXNlcjE6a0FuQXJJZTlacVNlY3IzdA=="


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/owa/auth.owa", "/owa/auth.owa"),
        ("/owa/service.svc?action=FindItem&EP=1&ID=-30&AC=1", None),
        ("/owa/ev.owa2?ns=PendingRequest&ev=FinishNotificationRequest&UA=0", None),
        ("/owa/ev.owa2?ns=P&UA=0&cid=5f0e-1&brwnm=chrome&X-OWA-CANARY=x.&n=3", "/owa/ev.owa2?ns=P&UA=0&cid=5f0e-1&brwnm=chrome&X-OWA-CANARY=…&n=3"),
        ("/owa/auth/logon.aspx?url=https%3a%2f%2fexchange.isp.com.au%2fowa%2f&reason=0", None),
        ("/owa/auth/logon.aspx?url=https://mail.example.com/owa/?X-OWA-CANARY=x&reason=0", "/owa/auth/logon.aspx?url=…&reason=0"),
        ("/owa/auth/logon.aspx?url=https%3a%2f%2fm%2fowa%2f%3fcanary%3dx&reason=3", "/owa/auth/logon.aspx?url=…&reason=3"),
        ("/a?url=https%3a%2f%2fm%2f%3furl%3dhttps%253a%252f%252fm%252f%253fpassword%253dx", "/a?url=…"),
        ("/a?url=https%3a%2f%2fjoe%3apw%40m%2f", "/a?url=…"),
        ("/Microsoft-Server-ActiveSync?User=joe&DeviceId=A1&DeviceType=Phone&Cmd=Ping", "/Microsoft-Server-ActiveSync?User=…&DeviceId=…&DeviceType=Phone&Cmd=Ping"),
        ("/Microsoft-Server-ActiveSync?jAAJBAp2MTQwRGV2aWNl", "/Microsoft-Server-ActiveSync?…"),
        ("/owa/joe@example.com/service.svc?action=GetItem", "/owa/…/service.svc?action=GetItem"),
        ("/owa/joe%40example.com/", "/owa/…/"),
        ("https://joe:pw@mail.example.com/owa/", "https://…@mail.example.com/owa/"),
        ("/owa/(S(abcdef))/x.aspx", "/owa/…/x.aspx"),
        ("/owa/;jsessionid=abc?reason=0", "/owa/;…?reason=0"),
        ("/owa/#authRedirect=true", None),
        ("/owa/#access_token=abc", "/owa/#access_token=…"),
        ("/owa/?oeh=1&ns=P&msExchEcpCanary=abc", "/owa/?oeh=1&ns=P&msExchEcpCanary=…"),
        ("/owa/service.svc/s/GetFileAttachment?id=AAMkAGI2TGuLAAA%3D&X-OWA-CANARY=x", "/owa/service.svc/s/GetFileAttachment?id=…&X-OWA-CANARY=…"),
        ("/x?password=&a=&reason=0", None),
        ("", None),
        ("?", None),
    ],
)  # fmt: skip
def test_a_url_says_what_was_asked_and_no_more(url: str, expected: str | None) -> None:
    assert redact_url(url) == (url if expected is None else expected)
    assert redact_url(redact_url(url)) == redact_url(url)


TEXT = st.text(string.ascii_letters + string.digits + "-_.+/=@: ", min_size=8, max_size=80)
NAMES = st.text(string.ascii_letters + "-_", min_size=1, max_size=20).filter(
    lambda name: name.lower() not in KEPT_PARAMETERS
)


@given(NAMES, TEXT)
def test_the_value_of_an_unlisted_parameter_never_survives(name: str, value: str) -> None:
    made = redact_url(f"/owa/x?action=FindItem&{name}={quote(value, safe='')}&UA=0")
    assert made == f"/owa/x?action=FindItem&{name}=…&UA=0"


@given(st.sampled_from(sorted(KEPT_PARAMETERS)), st.text(max_size=60))
def test_a_canary_hidden_in_a_listed_parameter_does_not_survive(name: str, before: str) -> None:
    canary = "fWMP7TiZ" * 9 + "Xk0E."  # as long as a real one
    made = redact_url(f"/owa/x?{name}={quote(before + canary, safe='')}")
    assert canary not in made


@given(st.text())
def test_any_text_can_be_redacted_as_a_url(text: str) -> None:
    assert redact_url(redact_url(text)) == redact_url(text)


@given(st.binary())
def test_any_bytes_can_be_redacted_as_a_log_line(line: bytes) -> None:
    redact_log_line(line)


INCIDENT = (
    b'127.0.0.1:51544 [22/Nov/2026:08:00:00.123] ft~ bk_owa/ISP_exch16_syd_01 0/0/1/12/13 440 512 %s - ---- 6/6/1/0/0 0/0 '
    b'{exchange.isp.com.au|Mozilla/5.0 (X11; Linux x86_64)} {154} {TLSv1.3/TLS_AES_256_GCM_SHA384/exchange.isp.com.au/\x8f\x01}'
    b'"%s HTTP/1.1"'
)  # fmt: skip


def test_a_line_without_secrets_stays_as_it_is() -> None:
    line = INCIDENT % (
        b"LB01=n1",
        b"POST exchange.isp.com.au/owa/service.svc?action=FindItem&ID=-3",
    )
    assert redact_log_line(line) == line


@pytest.mark.parametrize(
    ("cookie", "request_line"),
    [
        (f"cadata={SECRET}", "GET h/owa/"),
        (f"UC={SECRET}", "GET h/owa/"),
        ("-", f"GET h/owa/ev.owa2?ns=P&X-OWA-CANARY={SECRET}&n=1"),
        ("-", f"GET https://joe:{SECRET}@h/owa/"),
        ("-", f"POST h/Microsoft-Server-ActiveSync?User={SECRET}&DeviceId={SECRET}"),
        ("-", f"GET /owa/?url=https%3a%2f%2fh%2f%3fpassword%3d{SECRET}"),
    ],
)
def test_a_line_of_the_balancers_log_keeps_no_secret(cookie: str, request_line: str) -> None:
    line = INCIDENT % (cookie.encode(), request_line.encode())
    made = redact_log_line(line)
    assert SECRET.encode() not in made
    assert b"bk_owa/ISP_exch16_syd_01 0/0/1/12/13 440 512" in made
    assert made.endswith(b'HTTP/1.1"')


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Basic {TOKEN}",
        f"proxy-authorization: NTLM {TOKEN}",
        f"Cookie: cadata={TOKEN}; UC=x",
        f"set-cookie: X-BackEndCookie={TOKEN}; path=/owa",
        f"{{Basic {TOKEN}}}",
        f"password={TOKEN}",
        f"user_password = {TOKEN}",
        f"X-OWA-CANARY: {TOKEN}",
        f"anything={TOKEN}",
        f"my_token:{TOKEN}",
        f"deviceId={TOKEN}",
    ],
)
def test_what_a_log_may_repeat_of_headers_is_taken_out(line: str) -> None:
    assert TOKEN.encode() not in redact_log_line(f'x "{line}" y'.encode())


WITH_SECRETS = [
    "  stats auth haadmin:SECRET",
    "\tstats   auth\thaadmin:SECRET",
    "  user joe insecure-password SECRET groups G1",
    "  user joe password SECRET",
    "  dynamic-cookie-key SECRET",
    '  http-request set-header Authorization "Basic SECRET"',
    "  http-request add-header Proxy-Authorization Basic\\ SECRET",
    "  http-request set-header X-Api-Key SECRET",
    "  http-request set-header Cookie cadata=SECRET",
    "  option httpchk GET / HTTP/1.1\\r\\nAuthorization:\\ Basic\\ SECRETSECRET",
    '  http-check send meth GET uri / ver HTTP/1.1 hdr Authorization "Basic SECRET"',
    "  http-check send meth GET uri /health?key=SECRET",
    "  http-check send hdr Cookie SECRET",
    "  acl ok hdr(Authorization) -m str SECRET",
    "  http-request deny unless { hdr(X-Api-Key) -m str SECRET }",
    '  http-request deny unless { req.cook(sid) -m str "SECRET" }',
    "  http-request deny unless { url_param(k) -i -m str SECRET }",
    "  http-request set-var(txn.x) str(1),hmac(sha256,SECRET)",
    '  http-request deny unless { var(txn.b),jwt_verify(txn.alg,"SECRET") -m int 1 }',
    "  server a 10.0.0.1:80 agent-check agent-send SECRET",
    "  tcp-check send AUTH\\ SECRET\\r\\n",
    "  setenv PW SECRET",
    "  presetenv X SECRET",
    "  lua-load /etc/x.lua SECRET",
    "  # the password is SECRET",
    "  #stats auth admin:SECRET",
    "  redirect location https://joe:SECRET@mail.example.com/",
    "  http-request redirect location /x?sso=SECRET",
    "  ssl-passphrase SECRET",
    '  proxy_set_header Authorization "Basic SECRET";',
    "  secret_key: SECRET",
]


@pytest.mark.parametrize("line", WITH_SECRETS)
def test_a_configuration_keeps_no_secret(line: str) -> None:
    text = f"frontend a\n  mode http\n{line.replace('SECRET', 'hUnter2x')}\n  timeout client 60s\n"
    made = redact_config(text)
    assert "hUnter2x" not in made
    assert made.startswith("frontend a\n  mode http\n")
    assert made.endswith("\n  timeout client 60s\n")


def test_a_secret_that_goes_on_behind_a_backslash_is_taken_out_whole() -> None:
    text = "  user joe password \\\n    hunter2 \\\n    hunter3\n  mode http\n"
    made = redact_config(text)
    assert "hunter" not in made
    assert made.split("\n")[3:] == ["  mode http", ""]


def test_a_key_in_a_configuration_is_taken_out_line_by_line() -> None:
    text = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\nxyz\n-----END RSA PRIVATE KEY-----\nb"
    assert redact_config(text) == "a\n…\n…\n…\n…\nb"


@pytest.mark.parametrize(
    "line",
    [
        "  cookie LB01 insert indirect nocache",
        "  server ISP_exch16_syd_01 10.0.0.1:443 check ssl verify none cookie n1",
        "  bind 127.0.0.1:8443 ssl crt /etc/ssl/wildcard.pem alpn http/1.1",
        "  http-response set-header X-LB-Server %b/%s",
        "  option httpchk GET /owa/HealthCheck.htm HTTP/1.1\\r\\nHost:\\ exchange.isp.com.au",
        "  acl path_owa path_beg -i /owa/",
        "  capture request header User-Agent len 64",
        "  http-reuse never",
        "  stick on src",
        "  ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
        "  stats uri /haproxy?stats",
        "  tune.bufsize 32768",
    ],
)  # fmt: skip
def test_what_says_how_the_balancer_balances_stays(line: str) -> None:
    assert redact_config(line) == line


@given(st.text(string.ascii_letters + string.digits + "!$%&/()=?+*#'.,;:_-", min_size=6))
def test_no_password_of_the_statistics_page_survives(password: str) -> None:
    made = redact_config(f"listen s\n  stats auth admin:{password}\n  mode http\n")
    assert made == "listen s\n  stats auth …\n  mode http\n"


@given(st.text())
def test_a_configuration_keeps_its_number_of_lines(text: str) -> None:
    assert redact_config(text).count("\n") == text.count("\n")


def test_a_line_that_is_too_long_to_be_read_goes_whole_with_what_continues_it() -> None:
    longest = "  " + "acl a path_beg /x ".ljust(LONGEST - 2, "x")
    assert redact_config(f"{longest}\nmode http") == f"{longest}\nmode http"
    too_long = longest + " hunter2 \\\n  and more\nmode http"
    assert redact_config(too_long) == "… \\\n…\nmode http"


def test_what_is_remembered_is_bounded() -> None:
    for number in range(redact._KNOWN_LIMIT + 10):
        redact_url(f"/x{number}?id=-{number}&n{number}=secret")
    for known in (redact._KNOWN, redact._KNOWN_PARTS, redact._TAKEN_OUT):
        assert len(known) <= redact._KNOWN_LIMIT
