"""exsim: which sessions does the load balancer lose, at which combination of front and back ends, and why."""

__version__ = "0.1.0"
