"""Who can open whose logon cookies in a simulated organisation, as its presets say."""

from __future__ import annotations

from exsim.runs.organisation import OWN, _nodes_at, choices
from exsim.runs.sections import Lab


def expected_matrix(lab: Lab, public: bool = False) -> dict[tuple[str, str], bool]:
    """(issuer, reader) -> can the reader's front end open the issuer's logon cookies and accept them?

    `public`: sessions of a public computer, which some presets concern alone.
    """
    found = {
        (issuer.name, reader.name): issuer is reader or OWN not in (issuer.version, reader.version)
        for issuer in lab.nodes
        for reader in lab.nodes
    }
    for choice in choices(lab.presets, lab.nodes):
        if choice.preset.public and not public:
            continue
        for issuers, readers in choice.preset.unreadable:
            for issuer in _nodes_at(issuers, choice.node, lab.nodes):
                for reader in _nodes_at(readers, choice.node, lab.nodes):
                    found[issuer.name, reader.name] = False
    return found
