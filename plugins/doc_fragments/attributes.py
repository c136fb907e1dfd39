# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What modules of one kind support alike."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment slipway.ops.attributes: a module that changes something, and promises it in check mode. INFO is of those
    that only look, CONTROLLER of those that are all action plugin.
    """

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Says what would be changed.
    support: full
  diff_mode:
    description: Shows what differs before and after.
    support: full
  platform:
    description: Where it runs.
    platforms: posix
    support: N/A
"""

    INFO = r"""
attributes:
  check_mode:
    description: Changes nothing in either mode.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
  platform:
    description: Where it runs.
    platforms: posix
    support: N/A
"""

    CONTROLLER = r"""
attributes:
  action:
    description: Runs on the controller, whatever the host is.
    support: full
  async:
    description: Is done at once.
    support: none
  become:
    description: Runs as whoever runs Ansible.
    support: none
  check_mode:
    description: Does the same in either mode.
    support: full
  connection:
    description: Uses no connection.
    support: none
  delegation:
    description: Runs on the controller in any case.
    support: none
  diff_mode:
    description: Changes nothing that could be shown.
    support: none
  platform:
    description: Where it runs.
    platforms: all
    support: N/A
"""
