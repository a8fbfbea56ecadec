"""Autodiscover at a mailbox's own node: where a mailbox is served, as POX and as SOAP (MS-OXDSCLI).

`addresses` says what there is to tell of a mailbox; `pox` and `soap` read a question and write the answer.
"""
