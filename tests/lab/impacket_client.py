"""A client of RPC over HTTP that nobody here wrote: impacket, with the calls written in its own NDR.

python -m tests.lab.impacket_client URL METHOD DOMAIN USER PASSWORD

Prints one line of JSON of one virtual connection: the display name that EcDoConnectEx answered with, and the
results of the calls.  A process of its own, because it loops for ever on a closed channel.
"""

import json
import sys

from impacket.dcerpc.v5 import rpcrt, transport
from impacket.dcerpc.v5.dtypes import LONG, LPSTR, STR, ULONG, USHORT
from impacket.dcerpc.v5.ndr import (
    NDRCALL,
    NDRSTRUCT,
    NDRUniConformantArray,
    NDRUniConformantVaryingArray,
    NDRUniFixedArray,
)
from impacket.uuid import uuidtup_to_bin

EMSMDB = uuidtup_to_bin(("a4f1db00-ca47-1067-b31f-00dd010662da", "0.81"))
SERVER = "a6b1c0de-0000-4000-8000-000000000001@isp.com.au"


class Handle(NDRSTRUCT):
    structure = (("Data", "20s=b''"),)

    def getAlignment(self):
        return 4


class Versions(NDRUniFixedArray):
    align = 2

    def getDataLen(self, data, offset=0):
        return 6


class Data(NDRUniConformantArray):
    item = "c"


class Varying(NDRUniConformantVaryingArray):
    item = "c"


class EcDoConnectEx(NDRCALL):
    opnum = 10
    structure = (
        ("szUserDN", STR),
        ("ulFlags", ULONG),
        ("ulConMod", ULONG),
        ("cbLimit", ULONG),
        ("ulCpid", ULONG),
        ("ulLcidString", ULONG),
        ("ulLcidSort", ULONG),
        ("ulIcxrLink", ULONG),
        ("usFCanConvertCodePages", USHORT),
        ("rgwClientVersion", Versions),
        ("pulTimeStamp", ULONG),
        ("rgbAuxIn", Data),
        ("cbAuxIn", ULONG),
        ("pcbAuxOut", ULONG),
    )


class EcDoConnectExResponse(NDRCALL):
    structure = (
        ("pcxh", Handle),
        ("pcmsPollsMax", ULONG),
        ("pcRetry", ULONG),
        ("pcmsRetryDelay", ULONG),
        ("picxr", USHORT),
        ("szDNPrefix", LPSTR),
        ("szDisplayName", LPSTR),
        ("rgwServerVersion", Versions),
        ("rgwBestVersion", Versions),
        ("pulTimeStamp", ULONG),
        ("rgbAuxOut", Varying),
        ("pcbAuxOut", ULONG),
        ("ErrorCode", LONG),
    )


class EcDoRpcExt2(NDRCALL):
    opnum = 11
    structure = (
        ("pcxh", Handle),
        ("pulFlags", ULONG),
        ("rgbIn", Data),
        ("cbIn", ULONG),
        ("pcbOut", ULONG),
        ("rgbAuxIn", Data),
        ("cbAuxIn", ULONG),
        ("pcbAuxOut", ULONG),
    )


class EcDoRpcExt2Response(NDRCALL):
    structure = (
        ("pcxh", Handle),
        ("pulFlags", ULONG),
        ("rgbOut", Varying),
        ("pcbOut", ULONG),
        ("rgbAuxOut", Varying),
        ("pcbAuxOut", ULONG),
        ("pulTransTime", ULONG),
        ("ErrorCode", LONG),
    )


class EcDoDisconnect(NDRCALL):
    opnum = 1
    structure = (("pcxh", Handle),)


class EcDoDisconnectResponse(NDRCALL):
    structure = (("pcxh", Handle), ("ErrorCode", LONG))


def connected(bound):
    asked = EcDoConnectEx()
    asked["szUserDN"] = "/o=exsim/cn=Recipients/cn=user\0"
    asked["ulCpid"], asked["ulIcxrLink"], asked["usFCanConvertCodePages"] = 1252, 0xFFFFFFFF, 1
    asked["rgwClientVersion"] = b"\x0f\0\x44\x11\xf9\x03"
    asked["rgbAuxIn"], asked["cbAuxIn"], asked["pcbAuxOut"] = b"", 0, 0x1008
    return bound.request(asked)


def operated(bound, handle):
    """RopLogon, written by hand from MS-OXCROPS."""
    name = b"/o=exsim\0"
    logon = b"\xfe\0\0\x01" + bytes(8) + len(name).to_bytes(2, "little") + name
    payload = (len(logon) + 2).to_bytes(2, "little") + logon + b"\xff\xff\xff\xff"
    size = len(payload).to_bytes(2, "little")
    asked = EcDoRpcExt2()
    asked["pcxh"], asked["pulFlags"] = handle, 3
    data = b"\0\0\4\0" + size + size + payload
    asked["rgbIn"], asked["cbIn"], asked["pcbOut"] = data, len(data), 0x40000
    asked["rgbAuxIn"], asked["cbAuxIn"], asked["pcbAuxOut"] = b"", 0, 0x1008
    return bound.request(asked)


def once(url, method, domain, user, password):
    channels = transport.HTTPTransport(SERVER, 6001)
    channels._stringbinding = transport.DCERPCStringBinding("ncacn_http:127.0.0.1[6001]")
    channels.set_rpc_proxy_url(f"{url}/rpc/rpcproxy.dll")
    channels.set_credentials(user, password, domain)
    channels.set_auth_type(method)
    bound = channels.get_dce_rpc()
    bound.set_auth_level(rpcrt.RPC_C_AUTHN_LEVEL_NONE)
    bound.connect()
    bound.bind(EMSMDB)
    session = connected(bound)
    done = operated(bound, session["pcxh"])
    ended = EcDoDisconnect()
    ended["pcxh"] = session["pcxh"]
    gone = bound.request(ended)
    bound.disconnect()
    return {
        "name": session["szDisplayName"],
        "results": [session["ErrorCode"], done["ErrorCode"], gone["ErrorCode"]],
        "operation": b"".join(done["rgbOut"])[10],
    }


if __name__ == "__main__":
    print(json.dumps(once(*sys.argv[1:])))
