"""How long a logon lives: 1.5 times its timeout, renewed by user activity after half of it (E13)."""

from __future__ import annotations

from dataclasses import dataclass

from exsim.org.settings import FrontEnd
from exsim.wire import names

LIFE = 1.5
RENEWED_AFTER = 0.5


@dataclass(frozen=True, slots=True)
class Timer:
    """The timeouts of one front end.  `scale` is the organisation's time scale."""

    settings: FrontEnd
    scale: float

    def timeout(self, flags: int, mobile: bool = False) -> float:
        """Real seconds."""
        if not flags & names.FLAG_PRIVATE:
            return self.settings.public_timeout * self.scale
        if mobile:
            return self.settings.mowa_timeout * self.scale
        return self.settings.private_timeout * self.scale

    def expires(self, now: float, flags: int, mobile: bool = False) -> float:
        """When a logon made or renewed at `now` ends."""
        return now + LIFE * self.timeout(flags, mobile)

    def due(self, now: float, expires: float, flags: int, mobile: bool = False) -> bool:
        """Whether user activity at `now` renews a logon that ends at `expires`."""
        timeout = self.timeout(flags, mobile)
        age = now - (expires - LIFE * timeout)
        return age > RENEWED_AFTER * timeout
