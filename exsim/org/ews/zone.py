"""GetServerTimeZones: this organisation knows one zone, UTC.  Others that are asked for are left out."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from exsim.org.ews.soap import SPACES, success

PERIOD = "trule:Microsoft/Registry/UTC/1-Standard"
UTC = (
    '<t:TimeZoneDefinition Id="UTC" Name="(UTC) Coordinated Universal Time"><t:Periods>'
    f'<t:Period Bias="PT0S" Name="Standard" Id="{PERIOD}"/></t:Periods><t:TransitionsGroups>'
    f'<t:TransitionsGroup Id="0"><t:Transition><t:To Kind="Period">{PERIOD}</t:To></t:Transition>'
    "</t:TransitionsGroup></t:TransitionsGroups><t:Transitions><t:Transition>"
    '<t:To Kind="Group">0</t:To></t:Transition></t:Transitions></t:TimeZoneDefinition>'
)


def answer(body: Element) -> str:
    """The zones that are asked for (all, when none is named) and known."""
    wanted = [(one.text or "").strip() for one in body.iterfind("m:Ids/t:Id", SPACES)]
    known = UTC if not wanted or "UTC" in wanted else ""
    return success("GetServerTimeZones", f"<m:TimeZoneDefinitions>{known}</m:TimeZoneDefinitions>")
