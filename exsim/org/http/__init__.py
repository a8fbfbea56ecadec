"""HTTP/1.1 as the rig of a node speaks it: messages in, answers out, the hop to a back end.  Sans-IO."""
