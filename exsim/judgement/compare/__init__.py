"""Two runs side by side: what each lost, whether that can be chance, and what else differs between them.

Pure.  The unit is the session, the cluster is the account; runs of different topologies are not compared.
"""
