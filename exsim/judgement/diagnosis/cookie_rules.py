"""Rules about logon cookies that a node does not read, or holds for expired."""

from __future__ import annotations

from exsim.judgement.diagnosis.rule import BALANCER, NEITHER, Rule

SAME_CERTIFICATE = (
    "Nodes of 2013 and later need no persistence, on condition that all of them hold the same "
    "certificate (CERT13, LB16); this pool does not meet that condition."
)
RECYCLE = (
    "Recycle the application pools of OWA and ECP on the node that stands apart (or iisreset, at a quiet "
    "hour), then measure again: if it has healed, the certificate was stale; if not, it is another one."
)
LENGTHS = (
    "Compare the length of cadataSig as each node issues it: 44 characters with the update of July 2021, "
    "344 without. Unequal lengths are the update; equal ones are the certificate."
)
OWN_LOGON = (
    "Log on at the node that refuses, and stay there: if its own logon is refused as well, its key is at "
    "fault; if it is served, the two sides hold different certificates."
)
REASON = (
    "Ask the refusing node by GET with a copy of the cookies: reason=3 says that it read them and held "
    "them for expired, reason=0 that it could not read them."
)
BACKWARDS = (
    "Log on at a 2013 node and let a node of 2016 or later serve that session: if it is served, the loss "
    "is one-way; if it is refused, the certificates differ."
)

RULES = (
    Rule(
        "nothing_wrong",
        "Nothing wrong with the logon cookies",
        "Every node that was asked reads the logon cookies that the others issue.",
        speaks_for=("Every cell of the cookie matrix is served.",),
        against=("Any copy of a fresh logon's cookies that is refused.",),
        settle="A visit of a minute cannot see what takes longer or a page to show: a time-out that is too "
        "short, answers that come late, pages of another build. A run decides: exsim run, with public "
        "sessions, log-off and renewed logon.",
        advice="Nothing to do about cookies. If users are thrown out all the same, run a load through the "
        "balancer and read its diagnosis.",
        source="CERT13 LB16",
        fault=NEITHER,
        support="Nodes of 2013 and later behind one name, without persistence, are supported (LB16).",
        weight=60.0,
    ),
    Rule(
        "not_known",
        "Not known",
        "What was seen fits no rule that exsim knows.",
        speaks_for=("Losses that follow neither nodes, versions, clocks nor time.",),
        against=("One rule predicts everything that was seen.",),
        settle="Measure more: every pair of nodes, with a fresh logon each, by GET and by POST.",
        advice="Keep the run's directory, and look in the refusing node's HttpProxy log for the request ids "
        "of the lost sessions.",
        source="assumed",
        fault=NEITHER,
        weight=1.5,
    ),
    Rule(
        "authcert_asymmetry",
        "2016 and later seal logon cookies with a certificate that 2013 does not open",
        "A node of 2016 or later may seal its logon cookies with the organisation's Auth certificate, and "
        "opens what either certificate sealed; a 2013 node knows the site's certificate alone. So a logon "
        "made at the newer node dies at the first answer of the 2013 node, and never the other way round.",
        speaks_for=(
            "Logons of 2016 and later are refused by 2013, with reason=0.",
            "Logons of 2013 are served everywhere.",
            "Each node by itself loses nobody.",
        ),
        against=(
            "A logon of 2013 that a newer node refuses.",
            "A logon of 2016 that a 2013 node serves.",
        ),
        settle="Take the 2013 nodes out of the pool for a test: with the newer ones alone nobody may be "
        "lost. In the nodes' HttpProxy logs the first NoCookies of each attempt must stand at a 2013 node.",
        advice="Let clients reach the newer nodes alone; they pass 2013 mailboxes on. Or keep each client on "
        "one node by a cookie of the balancer's, the same for /owa and /ecp, until the last 2013 node is "
        "gone.",
        source="E13 E16 SEED",
        support="2013 and 2016 may share a name while one replaces the other. That one reads the "
        "other's logon is what the guide presumes; that it does not is seen in later builds, and not "
        "documented for every build.",
        weight=4.0,
        persists=True,
        decides={"cert_split": BACKWARDS, "stale_cert": BACKWARDS, "hmac_skew": LENGTHS},
    ),
    Rule(
        "cert_split",
        "Nodes hold different certificates",
        "The nodes fall into groups that seal logon cookies with different certificates. What one group "
        "issued the other cannot open, either way; each reads its own.",
        speaks_for=(
            "Refused both ways between two groups of nodes, with reason=0.",
            "Served within each group.",
        ),
        against=(
            "One direction of a pair is served and the other is not.",
            "A node that refuses its own logon.",
            "cadataSig differs in length along the same line: then it is the update.",
        ),
        settle=RECYCLE,
        advice="Compare the thumbprint of the first https binding of the Default Web Site on every node "
        "(one to 127.0.0.1 may come first). Import the same one everywhere "
        "with its private key, then recycle the application pools. Until then keep clients on one node.",
        source="CERT13 LB16",
        support=SAME_CERTIFICATE,
        weight=5.0,
        persists=True,
        decides={"stale_cert": RECYCLE, "hmac_skew": LENGTHS, "cng_node": OWN_LOGON},
    ),
    Rule(
        "stale_cert",
        "A worker process still uses the former certificate",
        "The forms module looks its certificate up once and keeps it for the life of the worker process. "
        "On a node whose certificate was changed without a recycle the binding shows the new one, and "
        "logon cookies are still sealed with the old.",
        speaks_for=(
            "As with different certificates: refused both ways, with reason=0.",
            "The thumbprints of the bindings are equal.",
            "It began when the certificate was renewed, and a recycle heals it.",
        ),
        against=("It is still there after a recycle.", "The thumbprints of the bindings differ."),
        settle=RECYCLE,
        advice="Recycle the application pools of OWA and ECP on every node after each change of "
        "certificate (or iisreset, at a quiet hour); each recycle of such a node logs its users off once.",
        source="E13 CERT13",
        support=SAME_CERTIFICATE,
        weight=3.0,
        persists=True,
        decides={"hmac_skew": LENGTHS, "cng_node": OWN_LOGON},
    ),
    Rule(
        "cng_node",
        "A node cannot use its private key",
        "The node's certificate has a CNG key (of a Key Storage Provider). The forms module seals with it, "
        "since that takes the public half, and opens nothing: it refuses every logon, also its own, while "
        "the others read what it issued.",
        speaks_for=(
            "Every logon is refused at this one node, its own included, with reason=0.",
            "What it issued is served by the others.",
            "It loops also when it is asked directly, without a balancer.",
        ),
        against=("The node serves its own logon.", "The others refuse what it issued."),
        settle=OWN_LOGON,
        advice="certutil -store my on that node: if the provider is a Key Storage Provider, import the "
        'certificate again with a legacy provider (certutil -csp "Microsoft RSA SChannel Cryptographic '
        'Provider" -importpfx), bind it, and recycle. Take the node out of the pool until then.',
        source="KB3032024 E13",
        support="A certificate with a CNG key is not supported for forms logon (KB3032024).",
        weight=3.0,
    ),
    Rule(
        "hmac_skew",
        "Not all nodes have the update of July 2021",
        "Since the update of July 2021 a node signs logon cookies with a key of the Auth certificate. "
        "Nodes with and without it do not accept each other's cookies.",
        speaks_for=(
            "Nodes whose cadataSig has 44 characters refuse those with 344, and the reverse.",
            "Served among nodes of equal length.",
        ),
        against=(
            "cadataSig is of one length everywhere.",
            "Nodes of different length serve each other.",
        ),
        settle=LENGTHS,
        advice="Bring every node of the pool to the same security update. Until then keep clients on one "
        "node: by source address, as Microsoft advises, or by a cookie.",
        source="KB5005341",
        support="A pool in which only some nodes have the update is documented to loop; it is supported "
        "as a passing state, with persistence (KB5005341).",
        weight=4.0,
        persists=True,
    ),
    Rule(
        "auth_cert_expired",
        "The Auth certificate has expired or is missing",
        "With the update of July 2021 a node needs a valid Auth certificate to sign logon cookies. Without "
        "one the logon itself fails with 500, or loops, at every node and without any balancer.",
        speaks_for=("The logon's POST is answered 500 at every node.", "No session begins anywhere."),
        against=("Any node accepts a logon.",),
        settle="Get-AuthConfig and Get-ExchangeCertificate: look at the expiry of the certificate whose "
        "thumbprint stands in CurrentCertificateThumbprint.",
        advice="Make a new Auth certificate (New-ExchangeCertificate, Set-AuthConfig, "
        "PublishCertificate), restart the application pools on every node; it may take a while to spread (assumed).",
        source="KB2617816 KB5005341",
        weight=2.0,
    ),
    Rule(
        "e14_no_affinity",
        "Exchange 2010 without persistence",
        "Each 2010 node makes its own keys in memory, and reads only the logon cookies that it issued "
        "itself. A session that changes node is lost.",
        speaks_for=(
            "Only the diagonal of the cookie matrix is served.",
            "The nodes are of 2010.",
        ),
        against=("A 2010 node serves what another issued.",),
        settle="None is needed: it is so by design of 2010.",
        advice="Switch persistence on, by one cookie shared by /owa and /ecp. After a recycle of a node its "
        "users log on again; that is by design too.",
        source="E14KEYS HAP10",
        fault=BALANCER,
        support="2010 behind a balancer is supported with persistence for OWA and ECP only; this balancer "
        "does not keep it.",
        weight=8.0,
        persists=True,
    ),
    Rule(
        "clock_skew",
        "A node's clock is wrong",
        "Logon cookies carry the time at which they end, and each node compares it with its own clock. On "
        "a public computer they live for 22.5 minutes: a clock that is further off ends them at once.",
        speaks_for=(
            "One node refuses with reason=3, at the first meeting.",
            "Its Date differs from the others'.",
            "Private sessions, which last hours, are not hit.",
        ),
        against=("reason=0.", "The Date headers of all nodes agree."),
        settle="w32tm /stripchart /computer:NODE against a domain controller, on every node.",
        advice="Put the node's clock right (w32tm /resync) and find out why it drifted: a virtual machine "
        "that takes its host's time, most often.",
        source="E13",
        support="Clocks that agree are presumed by Windows itself (Kerberos allows five minutes).",
        weight=1.5,
        persists=True,
        decides={
            "short_public_ttl": "Stay on the node that issued the logon: a short time-out ends the session "
            "there too, a wrong clock does not.",
            **dict.fromkeys(("authcert_asymmetry", "cert_split", "stale_cert", "hmac_skew", "cng_node"), REASON),
        },
    ),
    Rule(
        "short_public_ttl",
        "The session's own time is over",
        "Logon cookies of a public computer end after one and a half time-outs (15 minutes unless set "
        "otherwise), and background requests do not extend them. Nodes that had served the session "
        "refuse it from then on.",
        speaks_for=(
            "Nodes refuse sessions that they had served before, all at about the same age.",
            "reason=3, or the 440 of a notification channel that opens anew.",
            "It is the same at every node, also at the one that issued the logon.",
        ),
        against=("Sessions die seconds after the logon.", "Private sessions die at the same age."),
        settle="Read PublicTimeout below HKLM\\SYSTEM\\CurrentControlSet\\Services\\MSExchange OWA on every "
        "node, or keep one session at one node and wait.",
        advice="Nothing is broken if the time-out is meant. Otherwise set PublicTimeout (minutes) to the "
        "same on all nodes, and recycle.",
        source="E13 QA-440",
        fault=NEITHER,
        weight=2.0,
    ),
    Rule(
        "credentials_refused",
        "The password in the cookie was refused",
        "A front end logs on with the user name and password that the cookie holds, at every request. It "
        "read them, and they were refused: changed, locked, expired, or the node's domain controller does "
        "not know them yet.",
        speaks_for=("reason=2.",),
        against=("reason=0 or 3.",),
        settle="Log on by hand at the refusing node with that account.",
        advice="Look at the account (locked? password changed?) and at the domain controller that the "
        "refusing node uses.",
        source="E13 ORANGE",
        weight=1.0,
    ),
)  # fmt: skip
