"""Rules about protocols that sign in by HTTP: NTLM between connections, cut polls, buffers, channels, contexts."""

from __future__ import annotations

from exsim.judgement.diagnosis.rule import BALANCER, NEITHER, Rule

ASK_A_NODE = (
    "Ask a node by itself with the same account: if it lets the client in, the balancer is in between; if "
    "not, it is the password or the directory's settings."
)
CERTIFICATES = (
    "Compare the certificate that the balancer shows with the one that the nodes' Default Web Site has, and see "
    "ExtendedProtectionTokenChecking in Get-…VirtualDirectory: with None, or with one certificate on both, it "
    "is the legs that are moved."
)

RULES = (
    Rule(
        "ntlm_broken",
        "The balancer moves the legs of NTLM between connections",
        "NTLM signs in a connection, in three legs. A balancer that opens another connection to the nodes for "
        "each request takes the last leg to where nobody knows the first: 401 for ever.",
        speaks_for=(
            "Two challenges and a final 401 at every request of every NTLM client.",
            "OWA and Basic are well.",
        ),
        against=("A node by itself refuses the account too.", "Only some requests are refused."),
        settle=ASK_A_NODE,
        advice="Keep one connection to a node for each of a client's: in HAProxy no http-server-close and no "
        "httpclose; nginx without its commercial ntlm directive cannot, but its stream module can.",
        source="PROXIES HAPROXY NTHT",
        fault=BALANCER,
        weight=2.0,
    ),
    Rule(
        "channel_binding",
        "The nodes refuse NTLM from behind a balancer that shows another certificate",
        "With Extended Protection a client of NTLM names the certificate that it was shown, and a node takes it "
        "only if that is the node's own. A balancer that ends TLS with another certificate makes every client "
        "look like one whose line is tapped: 401 to correct credentials. It is on by default since 2019 CU14 "
        "and in the Subscription Edition.",
        speaks_for=(
            "Two challenges and a final 401 at every request of every NTLM client, all by one node.",
            "OWA and Basic are well, and a node by itself lets the same client in.",
        ),
        against=(
            "The challenge and the refusal come from different nodes.",
            "A node by itself refuses the account too.",
        ),
        settle=CERTIFICATES,
        advice="Put the same certificate, with its key, on the balancer and on every node, and let the balancer "
        "speak TLS to them; or let it pass TLS through (mode tcp).",
        source="EP HAP1828 NLMP",
        fault=BALANCER,
        support="With Extended Protection TLS may be ended at a balancer only with the nodes' own certificate on "
        "both sides; plain HTTP to the nodes is not supported (EP).",
        weight=2.0,
        decides={"ntlm_broken": CERTIFICATES},
    ),
    Rule(
        "connection_unbound",
        "An accepted connection is not the same one behind the balancer",
        "A client was accepted on its connection and sends no credentials there any more; the node answers "
        "401, because the balancer came on another connection, or the node had closed the old one.",
        speaks_for=("401 without credentials on a connection that had been accepted.",),
        against=("The refused request carried credentials.",),
        settle="See in the balancer's log whether the request went to another server than the one before it "
        "on the same client connection; if not, look who closed the connection to the node.",
        advice="Keep a client's connection to one node (HAProxy does so for NTLM since 2.2), and let the "
        "balancer close idle connections before the nodes do.",
        source="PROXIES NTHT",
        fault=BALANCER,
        weight=1.5,
        decides={"refused_here": "Look whether the refused request carried credentials."},
    ),
    Rule(
        "connection_shared",
        "Connections that bear an identity are shared between clients",
        "A connection to a node was signed in by one client, and the balancer sent another's request over it: "
        "he is answered as the first. A client without any credentials is served as well.",
        speaks_for=(
            "An answer that names another account than the request's.",
            "A client without credentials is told of a mailbox.",
        ),
        against=("Both mailboxes belong to the same account.",),
        settle="Send requests without credentials while others log on: one that is answered is the proof.",
        advice="Take this balancer out of service for these protocols. HAProxy: http-reuse never where a node "
        "binds an identity by a 200 (authPersistNonNTLM); nginx and Caddy: TCP mode. Without keep-alive towards "
        "the nodes nothing crosses there either, and nobody who needs NTLM gets in.",
        source="PROXIES HAPROXY IISAUTH",
        fault=BALANCER,
        weight=2.0,
    ),
    Rule(
        "refused_here",
        "One node refuses what others accept",
        "The same account, with complete credentials, is accepted by some nodes and refused by another: the "
        "directory's ways to sign in differ, or this node cannot check them.",
        speaks_for=("401 to complete credentials by one node alone.",),
        against=("Every node refuses them.",),
        settle="Compare Get-…VirtualDirectory of that protocol between the nodes: which ways it offers.",
        advice="Give the directory the same ways to sign in on every node.",
        source="assumed",
        weight=1.0,
        persists=True,
    ),
    Rule(
        "poll_cut",
        "The balancer cuts long polls",
        "A poll is silent until something happens: up to 59 minutes in ActiveSync. The balancer waits for the "
        "node no longer than its timeout server, and answers 504 (or breaks a stream off). The client tries "
        "again; telephones take shorter and shorter polls, and ask many times as often.",
        speaks_for=(
            "504 without any header of a node's, always after the same time.",
            "sH or sD in the balancer's log.",
        ),
        against=(
            "The time differs from one to the next.",
            "A node's own header is in the answer.",
            "DH or DD in the balancer's log: the node was marked down, and on-marked-down shutdown-sessions cut it.",
        ),
        settle="Compare the time with timeout server in the balancer's file; the log's flags say which: sH "
        "before the answer's head, sD within the answer, cH or cD for the client's side.",
        advice="Give these paths a backend of their own with a longer timeout server: above the longest "
        "heartbeat for ActiveSync (59 minutes at most, 15 at the least), above five minutes for Outlook "
        "Anywhere, above 100 s for EWS, above 31 s for MAPI over HTTP.",
        source="HAPROXY ASCMD RPCH EWSMA OXCMAPIHTTP",
        fault=BALANCER,
        weight=2.0,
    ),
    Rule(
        "body_awaited",
        "The balancer waits for a request's whole body",
        "Outlook Anywhere promises a body of a gigabyte and sends it as it goes. A balancer that wants it whole "
        "before it passes it on never passes it on: 408, or nothing at all.",
        speaks_for=("408 to RPC_IN_DATA, or a channel that hangs.", "Everything else is well."),
        against=("The channels open, and break off later.",),
        settle="Look for option http-buffer-request, for rules on the body, or for a firewall that reads it.",
        advice="Take option http-buffer-request away from /rpc; nginx: proxy_request_buffering off.",
        source="HAPROXY NGINX",
        fault=BALANCER,
        weight=1.5,
    ),
    Rule(
        "body_limit",
        "The balancer allows no body of that length",
        "RPC_IN_DATA announces up to 2 GiB; the balancer's limit for bodies is smaller.",
        speaks_for=("413 without any header of a node's.",),
        against=("The answer is a node's own.",),
        settle="Look for client_max_body_size or its like.",
        advice="nginx: client_max_body_size above 1 GiB for /rpc.",
        source="NGINX RPCH",
        fault=BALANCER,
        weight=1.0,
    ),
    Rule(
        "pieces_delayed",
        "The balancer holds small pieces back",
        "HAProxy in http mode waits some 200 ms for more before it sends a small piece on, unless told not to. "
        "Nothing breaks, and every round trip of a stream gets slower by that.",
        speaks_for=("The pieces of a stream come some 205 ms apart.",),
        against=("The same asked of a node by itself.",),
        settle="Ask a node by itself: there the pieces come at once.",
        advice="option http-no-delay, in the frontend and in the backend.",
        source="HAPROXY",
        fault=BALANCER,
        weight=1.0,
    ),
    Rule(
        "channels_apart",
        "The two channels of Outlook Anywhere do not find each other",
        "Outlook Anywhere sends on one connection and listens on another. Each may reach another front end; "
        "the back end is to join them. Here it does not, and the client waits in vain.",
        speaks_for=("The OUT channel is opened, and the connection is never complete (A3, no C2).",),
        against=("It also fails when both channels reach the same node.",),
        settle="Force one source address to one node (balance source): if it then works, they are not joined.",
        advice="Until the nodes are mended: persistence by source address for /rpc.",
        source="RPCH HAPROXY",
        weight=1.5,
        persists=True,
    ),
    Rule(
        "context_gone",
        "The back end no longer knows the context",
        "MAPI contexts, subscriptions and channels live at the mailbox's back end (2010: at the Client Access "
        "server that made them). It failed over, restarted, or the request reached another one.",
        speaks_for=(
            "X-ResponseCode 10, ErrorSubscriptionNotFound, or an un-joined channel, within a session.",
        ),
        against=("An error of the front end's.",),
        settle="See whether the front end changed at that request: with 2010 it must not; with later "
        "versions look at the back end's own log at that time.",
        advice="2010: affinity for EWS and Outlook Anywhere. Later: look why the back end went away; clients "
        "connect again by themselves.",
        source="OXCMAPIHTTP EWSNOTIFY RPCH",
        weight=1.0,
    ),
    Rule(
        "device_state_gone",
        "The server lost what it knew of a telephone",
        "It answers that the device's state is missing or stale: the telephone begins anew and fetches "
        "everything again.",
        speaks_for=("Status 132 to 135, or a synchronisation key that is refused.",),
        against=("Two devices share one identity.",),
        settle="See whether it follows a change of back end.",
        advice="Look at the back end of the mailbox; a move of the database explains it once.",
        source="ASCMD",
        weight=1.0,
    ),
    Rule(
        "cookies_stripped",
        "The balancer drops cookies of MAPI over HTTP",
        "The context and its sequence are cookies that must come back with every request. They did not arrive.",
        speaks_for=("X-ResponseCode 13 or 6.",),
        against=("The client's request, as exsim sent it, was without them.",),
        settle="Ask a node by itself: if the code is gone, the balancer takes the cookies.",
        advice="Do not rewrite or drop Set-Cookie and Cookie on /mapi.",
        source="OXCMAPIHTTP",
        fault=BALANCER,
        weight=1.0,
    ),
    Rule(
        "request_repeated",
        "Somebody sent a request twice",
        "X-ResponseCode 15: the sequence of a context was broken. A balancer that repeats a POST at another "
        "server does that, and would also send a mail twice.",
        speaks_for=("X-ResponseCode 15 where the client sent one request at a time.",),
        against=("The client itself had two on the way.",),
        settle="Look for retry-on in the balancer's file, and for +N in its log's retries.",
        advice="HAProxy: no retry-on with POSTs (conn-failure alone is safe).",
        source="OXCMAPIHTTP HAPROXY",
        fault=BALANCER,
        weight=1.0,
    ),
    Rule(
        "not_the_protocol",
        "Something else answers in the protocol's place",
        "A page, or something that cannot be read, came where the protocol's own answer belongs: a rule of the "
        "balancer leads the path elsewhere, or a portal stands before it.",
        speaks_for=("An answer that is no EWS, ActiveSync or MAPI at all.",),
        against=("A node by itself answers the same.",),
        settle="Ask a node by itself for the same path.",
        advice="Look at the balancer's rules for this path (upper and lower case included).",
        source="assumed",
        fault=NEITHER,
        weight=0.5,
    ),
)  # fmt: skip
