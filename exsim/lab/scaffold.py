"""What is put up in a `with` and taken down at its end, or at once when it does not stand whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from exsim.lab.errors import LabError
from exsim.lb.errors import LbError, MovingError


class Scaffold(ABC):
    """Nodes, balancers, or both.

    Raises MovingError for a balancer's file that its writer has to change, LabError for whatever else keeps it
    from standing.
    """

    @abstractmethod
    def _up(self) -> None:
        """Start everything."""

    @abstractmethod
    def _down(self) -> None:
        """End what was started, however far that went."""

    def __enter__(self) -> Self:
        with ExitStack() as on_failure:
            on_failure.callback(self._down)
            try:
                self._up()
            except MovingError:
                raise
            except LbError as error:
                what, _, words = str(error).partition("\n")
                raise LabError(what, words) from error
            on_failure.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._down()
