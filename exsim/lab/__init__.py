"""The lab: a simulated organisation and balancers in front of it, on loopback, for as long as it is needed."""
