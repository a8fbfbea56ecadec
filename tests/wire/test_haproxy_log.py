"""The balancer's log line.

Falls if: a line of a format that a lab writes is not read, or a raw TLS session id can shift what is
behind it, or a flag that says what became of the persistence cookie is read from the wrong place.
"""

import pytest

from exsim.wire.haproxy_log import Times, parse

HEAD = b"127.0.0.1:51848 [22/Nov/2026:06:07:22.518] ft_ISP_EXCHANGE_https~ "
OWA = HEAD + b"bk_ISP_EXCHANGE_https_owa/ISP_exch16_syd_02 0/0/0/0/0 200 73 - - "
TLS = b"{TLSv1.3/TLS_AES_256_GCM_SHA384/mail.lab/"
POST = b'}"POST exchange.isp.com.au/owa/service.svc?action=FindItem&n=1 HTTP/1.1'


def incident(flags=b"----", session=b"\x9f" * 32, counts=b"1/1/0/0/0"):
    return OWA + flags + b" " + counts + b" 0/0 {exchange.isp.com.au|} {0} " + TLS + session + POST


def test_the_incidents_line_is_read_whole():
    line = parse(incident())
    assert line.client == "127.0.0.1:51848"
    assert line.at == "22/Nov/2026:06:07:22.518"
    assert (line.lb_frontend, line.lb_backend, line.lb_server) == (
        "ft_ISP_EXCHANGE_https",
        "bk_ISP_EXCHANGE_https_owa",
        "ISP_exch16_syd_02",
    )
    assert (line.status, line.bytes, line.times) == (200, 73, Times(0, 0, 0, 0, 0))
    assert (line.method, line.host) == ("POST", "exchange.isp.com.au")
    assert line.path == "/owa/service.svc?action=FindItem&n=1"
    assert (line.tls, line.sni) == ("TLSv1.3", "mail.lab")
    assert (line.request_captures, line.response_captures) == (("exchange.isp.com.au", ""), ("0",))
    assert not line.by_itself


@pytest.mark.parametrize(
    "session",
    [b"", b"}", b'}"GET x/y HTTP/1.1', b"\n\r\0/{}", b'"/}/{"', b"\\x0a\\x7d", bytes(range(32))],
)
def test_no_session_id_shifts_what_follows_it(session):
    line = parse(incident(session=session))
    assert (line.method, line.host, line.sni) == ("POST", "exchange.isp.com.au", "mail.lab")
    assert line.path.endswith("FindItem&n=1")


@pytest.mark.parametrize(
    ("flags", "state", "action"),
    [
        (b"--NI", "N", "I"),
        (b"--VN", "V", "N"),
        (b"--DI", "D", "I"),
        (b"SCVN", "V", "N"),
        (b"----", "-", "-"),
    ],
)
def test_the_cookies_state_is_in_the_third_and_fourth_letter(flags, state, action):
    line = parse(incident(flags=flags))
    assert (line.cookie_state, line.cookie_action) == (state, action)


@pytest.mark.parametrize(
    ("counts", "retries", "redispatched"),
    [(b"1/1/0/0/0", 0, False), (b"9/8/7/6/+2", 2, True), (b"1/1/0/0/3", 3, False)],
)
def test_a_plus_before_the_retries_is_a_redispatch(counts, retries, redispatched):
    line = parse(incident(counts=counts))
    assert (line.retries, line.redispatched) == (retries, redispatched)


@pytest.mark.parametrize(
    ("rest", "status", "flags", "method", "path"),
    [
        # as HAProxy 2.8 wrote them
        (
            b'-1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 {-/-/-/-}"- -- HTTP/1.1',
            400,
            "PR--",
            "",
            "",
        ),
        (b'-1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"', 400, "PR--", "", ""),
        (
            b'0/-1/-1/-1/0 302 109 - - LR-- 1/1/0/0/0 0/0 {exchange.isp.com.au|a #7Bb#7Cc#7D #22d#22 e} {} {-/-/-/-}"GET exchange.isp.com.au/ HTTP/1.1',
            302,
            "LR--",
            "GET",
            "/",
        ),
        (
            b'0/-1/-1/-1/0 403 192 - - PR-- 1/1/0/0/0 0/0 {exchange.isp.com.au|} {} "GET /owa/HealthCheck.htm HTTP/1.1"',
            403,
            "PR--",
            "GET",
            "/owa/HealthCheck.htm",
        ),
    ],
)
def test_what_the_balancer_answered_by_itself_names_no_server(rest, status, flags, method, path):
    line = parse(HEAD + b"ft_ISP_EXCHANGE_https/<NOSRV> " + rest)
    assert line.by_itself and line.lb_server == ""
    assert (line.status, line.flags, line.method, line.path) == (status, flags, method, path)


def test_a_captured_header_is_given_back_its_braces_and_bars():
    line = parse(
        HEAD
        + b'f/<NOSRV> 0/-1/-1/-1/0 302 109 - - LR-- 1/1/0/0/0 0/0 {h|a #7Bb#7Cc#7D #22d#22 e} {} "GET / HTTP/1.1"'
    )
    assert line.request_captures == ("h", 'a {b|c} "d" e')


@pytest.mark.parametrize(
    ("tail", "method", "host", "path"),
    [
        (
            b'{h.lab|} {188} {TLSv1.3/C/h.lab/x}"RPC_IN_DATA h.lab/rpc/rpcproxy.dll?EXCH:6001 HTTP/1.1',
            "RPC_IN_DATA",
            "h.lab",
            "/rpc/rpcproxy.dll?EXCH:6001",
        ),
        (
            b'{h.lab|} {1} {TLSv1.3/C/h.lab/x}"GET h.lab/owa/x?q=%22%7D&b={x} HTTP/1.1',
            "GET",
            "h.lab",
            "/owa/x?q=%22%7D&b={x}",
        ),
        (
            b'{h.lab:360|} {1} {TLSv1.3/C/h.lab/x}"GET h.lab:360/owa/h2?x=1 HTTP/1.1',
            "GET",
            "h.lab:360",
            "/owa/h2?x=1",
        ),
        (
            b'{h.lab:4|c} {1} "GET https://h.lab:4/owa/h2?x=1 HTTP/2.0"',
            "GET",
            "h.lab:4",
            "/owa/h2?x=1",
        ),
        (
            b'{h.lab|} {1} "GET /owa/?url=http://x/y HTTP/1.1"',
            "GET",
            "h.lab",
            "/owa/?url=http://x/y",
        ),
        (b'"GET /owa/ HTTP/1.1"', "GET", "", "/owa/"),
    ],
)
def test_requests_of_both_formats(tail, method, host, path):
    line = parse(HEAD + b"b/s 0/0/0/1/1 200 310 - - ---- 1/1/0/0/0 0/0 " + tail)
    assert (line.method, line.host, line.path) == (method, host, path)


def test_a_syslog_prefix_is_skipped():
    line = parse(b"<134>Nov 22 06:07:22 haproxy[9]: " + incident())
    assert line.client == "127.0.0.1:51848"


DAMAGED = b'1.2.3.4:5 [22/Nov/2026:08:31:%s] f b/s 0/0/0/14/%s 200 6 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'


def test_a_line_that_is_not_damaged_is_read():
    assert parse(DAMAGED % (b"04.133", b"15")) is not None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"127.0.0.1:35200 [22/Nov/2026:08:31:04.133] f/INT_https: SSL handshake failure (error:0A00010B)",
        b"Server b/s is DOWN, reason: Layer7 wrong status, code: 404",
        incident()[:120],
        DAMAGED % (b"04.133", b"1-1"),
        DAMAGED % (b"04.133", b"9" * 5000),
        DAMAGED % (b"04.13\xb2", b"9"),
        DAMAGED % (b"9" * 5000, b"9"),
    ],
)
def test_what_is_no_request_is_none(line):
    assert parse(line) is None
