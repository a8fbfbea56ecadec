"""A page that opens offline: everything that is put into it is escaped, and steers nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from exsim.judgement.report.steering import STEERING_IN_FILES


class PageTemplate:
    """Jinja's `source`, read when it is first rendered; `words`: what it may call or name.

    There is no script in it, and none may run.
    """

    def __init__(
        self,
        source: str,
        style: str,
        words: Mapping[str, Any],
        filters: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self._source = source
        self._style = Markup(style)  # ours, and the only text that is not escaped
        self._words = words
        self._filters = filters or {}

    @cached_property
    def _template(self) -> Template:
        environment = Environment(autoescape=True, undefined=StrictUndefined, auto_reload=False)
        environment.globals.update(self._words)
        environment.filters.update(self._filters)
        return environment.from_string(self._source)

    def render(self, **values: Any) -> str:
        """The whole page.  A name that stands in it and is not given raises jinja2.UndefinedError."""
        return self._template.render(style=self._style, **values).translate(STEERING_IN_FILES)
