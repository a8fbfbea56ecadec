"""What a scenario may set of the services at a node's mailbox side; the names are the organisation's own.

Values only: one table a service, below `[lab] nodes` and its `back_end`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from exsim.runs.shape import Count, Positive, Seconds, Section, Share


class EwsChange(Section, frozen=True, omit_defaults=True):
    """What goes wrong in a node's Exchange Web Services; the names are the organisation's own."""

    busy: Share | UnsetType = UNSET
    busy_form: Literal["fault", "message", "unavailable"] | UnsetType = UNSET
    back_off: Seconds | UnsetType = UNSET
    forget: Share | UnsetType = UNSET
    truncate: Count | UnsetType = UNSET
    heartbeat: Seconds | UnsetType = UNSET
    connections: Count | UnsetType = UNSET
    subscriptions: Count | UnsetType = UNSET


class ActiveSyncChange(Section, frozen=True, omit_defaults=True):
    """The same for ActiveSync there.  `statuses`: "Sync:3" -> the share of Syncs that get status 3."""

    provisioning: bool | UnsetType = UNSET
    policy_changes: Seconds | UnsetType = UNSET
    least_heartbeat: Seconds | UnsetType = UNSET
    most_heartbeat: Seconds | UnsetType = UNSET
    most_folders: Positive | UnsetType = UNSET
    redirect: str | UnsetType = UNSET
    statuses: dict[Annotated[str, Meta(pattern="^[A-Za-z]+:[0-9]{1,3}$")], Share] | UnsetType = (
        UNSET
    )


class AutodiscoverChange(Section, frozen=True, omit_defaults=True):
    """The same for what Autodiscover says there."""

    redirect_address: str | UnsetType = UNSET
    redirect_url: str | UnsetType = UNSET
    mapi_http: bool | UnsetType = UNSET


class MapiChange(Section, frozen=True, omit_defaults=True):
    """The same for MAPI over HTTP there."""

    enabled: bool | UnsetType = UNSET
    pending_period: Seconds | UnsetType = UNSET
    expiration: Seconds | UnsetType = UNSET
    forget: Share | UnsetType = UNSET
    execute: Seconds | UnsetType = UNSET
    silent: bool | UnsetType = UNSET
    truncate: Count | UnsetType = UNSET
