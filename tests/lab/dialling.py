"""How `requests` is led to an address of a lab, whatever host a URL names."""

import socket

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


def adapter_to(place, ca):
    """A way for requests to `place`, whatever host the URL names; certificates are checked by `ca`."""

    def dial(self):
        return socket.create_connection(place, 5)

    class Plain(HTTPConnection):
        _new_conn = dial

    class Secure(HTTPSConnection):
        _new_conn = dial

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Through(HTTPAdapter):
        def init_poolmanager(self, *arguments, **more):
            super().init_poolmanager(*arguments, **more)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

        def send(self, request, *arguments, **more):
            return super().send(request, *arguments, **{**more, "verify": str(ca)})

    return Through
