"""Rules about everything else: late answers, back ends, builds, drains, limits, and the balancer itself."""

from __future__ import annotations

from exsim.judgement.diagnosis.rule import BALANCER, NEITHER, Rule

OTHER_FRONT_ENDS = (
    "Ask for the same mailbox through another front end: if it is served, the pair of front end and back "
    "end is at fault; if not, the back end itself."
)

ALONE = (
    "Log on at the node that sends away, and stay there: if it keeps that session, the nodes do not share their "
    "key; if it sends that away too, the authority itself does not know the client."
)

RULES = (
    Rule(
        "late_wipe",
        "A late answer to the old page took the new session's cookies",
        "A page that is left still has requests on the way. Their answers may delete logon cookies, and a "
        "browser applies that to whatever it holds by then: the cookies of a logon made in between.",
        speaks_for=(
            "The culprit answers a request of an earlier session of the same browser.",
            "Sessions die within seconds of logging on again, and hold when the user waits.",
        ),
        against=("First sessions of fresh browsers are lost too.",),
        settle="Log off, wait half a minute, log on: if that always holds, it was a late answer.",
        advice="Wait before logging on again. Why the old page's requests were refused at all is a fault "
        "of its own, and goes first.",
        source="assumed",
        weight=1.0,
    ),
    Rule(
        "be_kerberos_broken",
        "A front end cannot sign in to a back end",
        "A front end passes requests on as its own computer account, by Kerberos. To this back end that "
        "fails, and it answers 503; the session lives on.",
        speaks_for=(
            "503 with X-FEServer, for one pair of front end and back end.",
            "The same mailbox is served through other front ends.",
        ),
        against=("Sessions are lost.", "The same back end fails through every front end."),
        settle=OTHER_FRONT_ENDS,
        advice="Look at the front end's HttpProxy log for the back end's name, at the computer accounts' "
        "passwords (Test-ComputerSecureChannel) and at the binding of the Exchange Back End site, which "
        "must keep its own certificate.",
        source="E13 FEERR",
        weight=2.0,
        decides={"back_end_down": OTHER_FRONT_ENDS},
    ),
    Rule(
        "back_end_down",
        "A back end does not answer",
        "Front ends cannot connect to the back end of a mailbox, and answer 503; the session lives on.",
        speaks_for=("503 with X-FEServer through every front end, for mailboxes of one back end.",),
        against=("Another front end is served by it.",),
        settle=OTHER_FRONT_ENDS,
        advice="Look at the back end: services, the MSExchangeOWAAppPool, the Exchange Back End site.",
        source="E13 FEERR",
        weight=1.0,
    ),
    Rule(
        "back_end_refused",
        "A back end refuses what the front end had let in",
        "The front end read the logon cookies and passed the request on. The back end answered 401, or in the "
        "control panel 403 or 404, and a front end makes of that what it makes of a missing logon: the logon "
        "page or 440, and it deletes the cookies. The user is out of Outlook on the web as well.",
        speaks_for=(
            "The refusal names a back end (X-CalculatedBETarget); one of the front end's own names none.",
            "It follows the mailbox's back end, or pages of /ecp.",
        ),
        against=("No back end is named in the refusal.",),
        settle="Look for the request id in that back end's own IIS log (Exchange Back End site): its status is "
        "what the back end really said.",
        advice="401: the authentication settings of that virtual directory on the Exchange Back End site, and "
        "the front end's sign-in to it. 403 or 404 below /ecp: the page is missing there, or not allowed for "
        "this user.",
        source="E13",
        weight=1.0,
        decides={"credentials_refused": "See whether the refusal names a back end (X-CalculatedBETarget)."},
    ),
    Rule(
        "canary_epoch_change",
        "Back ends do not agree on the canary",
        "Each request carries a canary that a back end made. One that another back end made is refused "
        "with 449, and a fresh one is given: the client is to ask again, and no session is lost.",
        speaks_for=("449 for mailboxes of one back end.", "No session is lost."),
        against=(
            "440, or a redirect to the logon page.",
            "449 only while a page starts: one that the browser had kept brings no canary (assumed).",
        ),
        settle="Look whether each browser meets it once, on coming from a mailbox of another back end.",
        advice="Nothing, if it happens once. If it goes on, recycle the OWA application pool of that back "
        "end.",
        source="E13",
        weight=1.0,
    ),
    Rule(
        "build_skew",
        "Pages of another build",
        "The browser still runs the page of another server's build, and the back end answers 412 to it: "
        "the page is to be loaded anew. Whether it then leaves for the logon page is assumed.",
        speaks_for=("412 once after a change to a mailbox of another version or build.",),
        against=("412 at every request.", "440 comes first."),
        settle="Empty the browser's cache and log on again: it must not return until the next change.",
        advice="Bring the nodes to one build where they can be. Otherwise users see it once for each "
        "change of version.",
        source="E13",
        weight=1.0,
    ),
    Rule(
        "drained",
        "A node is drained",
        "A component is switched off at the node: it closes the connection of the health check, and the "
        "balancer is to take the node out.",
        speaks_for=("HealthCheck.htm of one virtual directory is closed without an answer.",),
        against=("HealthCheck.htm says 200.",),
        settle="Get-ServerComponentState NODE.",
        advice="If nobody meant it: Set-ServerComponentState NODE -Component OwaProxy -State Active, by "
        "every requester that had set it. If it is meant, see that the balancer's check asks for "
        "HealthCheck.htm of this directory.",
        source="LB16 E13",
        fault=NEITHER,
        weight=1.0,
    ),
    Rule(
        "boot_stall",
        "The page does not finish starting",
        "A request of OWA's start gets no answer, and the user looks at a page that says it is still "
        "working. Where that comes from is not documented.",
        speaks_for=("A boot request hangs longer than a user waits.",),
        against=("It is answered with 440: then the cookies are at fault.",),
        settle="Ask the back end for /owa/sessiondata.ashx by itself, and see how long it takes.",
        advice="Look at the load and the databases of the mailbox's back end.",
        source="assumed SEED",
        weight=1.0,
    ),
    Rule(
        "lb_error",
        "The balancer answered by itself",
        "An answer that no node made: the balancer had no node to send to, was full, or gave up waiting.",
        speaks_for=("5xx or 4xx without any header of a node's.",),
        against=("X-FEServer, or request-id.",),
        settle="Look at the termination flags of the request in the balancer's log (SC: it could not "
        "connect, sQ and PR: its limits, sH: the node was too slow).",
        advice="Raise the limit that its log names, or look at the health checks.",
        source="HAPROXY",
        fault=BALANCER,
        weight=1.0,
    ),
    Rule(
        "throttling",
        "The account is throttled",
        "Exchange limits what one account may do at once. Load tests with few mailboxes meet that first.",
        speaks_for=("429, or an error that names a budget or too much concurrency.",),
        against=("Accounts with one session each meet it too.",),
        settle="Measure with more accounts.",
        advice="Use more accounts, or give the test accounts a throttling policy of their own.",
        source="E13",
        fault=NEITHER,
        weight=1.0,
    ),
    Rule(
        "no_forms_certificate",
        "A node cannot log anybody on",
        "The logon's POST fails at this node, and is accepted at others: the forms module finds no "
        "certificate that it can use, or the node is damaged.",
        speaks_for=("500, or errorFE.aspx with a CafeError, at the logon of one node.",),
        against=("The same at every node: then look at the Auth certificate.",),
        settle="Look at the https bindings of that node's Default Web Site.",
        advice="Bind the certificate of the others to the node's Default Web Site, and recycle.",
        source="E13",
        weight=1.0,
    ),
    Rule(
        "second_factor_key_split",
        "The second factor's modules do not share their key",
        "A module for a second factor keeps what the user has proved in a cookie of its own, and seals it with "
        "a key. Nodes that hold other keys cannot open it, though they read the logon: they send the user "
        "back to the second factor, on another host.",
        speaks_for=(
            "A redirect to a host that is not the service's, by a node that had not accepted the logon.",
            "The same node serves those who logged on at it.",
        ),
        against=(
            "The node that accepted the logon sends its own users away as well.",
            "The redirect leads to OWA's own logon page.",
        ),
        settle=ALONE,
        advice="Install the module on every node with the same session key (Duo for OWA: DUO_AKEY), or keep "
        "users on one node by persistence until that is done.",
        source="DUO assumed",
        fault=NEITHER,
        support="Neither Exchange nor the balancer is at fault: without persistence the module wants one key "
        "on all servers.",
        weight=1.5,
        persists=True,
        decides={"foreign_authority": ALONE},
    ),
    Rule(
        "foreign_authority",
        "Another authority asks for the logon again",
        "A session is sent to another host to sign in, also by the node that had accepted its logon: a second "
        "factor or a portal before OWA that has not let this client in, or no longer.",
        speaks_for=("A redirect to a host that is not the service's, after an accepted logon.",),
        against=(
            "The redirect leads to OWA's own logon page.",
            "Only nodes that had not accepted the logon send it away.",
        ),
        settle=ALONE,
        advice="Look at the product before OWA: whether it knows this client, and how long it lets it in.",
        source="assumed",
        fault=NEITHER,
        weight=1.0,
        persists=True,
    ),
    Rule(
        "wrong_mailbox",
        "Answers reach the wrong user",
        "An answer bore another mailbox's mark. Between server and client somebody mixes answers up: a "
        "cache, or a connection that is shared after it was bound to one user.",
        speaks_for=("A plain 200 that holds another user's mailbox.",),
        against=("Both users share the mailbox by delegation.",),
        settle="Ask the nodes directly, without the balancer: if it is gone, the balancer mixes.",
        advice="Stop using this balancer configuration. Switch its caching and its sharing of server "
        "connections off (HAProxy: http-reuse never), then measure again.",
        source="HAPROXY assumed",
        fault=BALANCER,
        weight=1.0,
    ),
)  # fmt: skip
