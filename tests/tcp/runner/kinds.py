# SPDX-License-Identifier: BSD-2-Clause
"""The stacks that play scripts, each by IPv4, by IPv6 ("6"), and with IPv6's sockets on IPv4's wire ("-mapped")."""

import dataclasses

from lab.kernel import KernelStack
from lab.nethood import NethoodStack

from . import packetdrill, play
from .family import IPV4, IPV6, MAPPED, Family
from .library import LibraryStack

VIRTUAL = ("library", "packetdrill")


@dataclasses.dataclass
class Kind:
    stack: str
    boot: type
    family: Family

    def plays(self, path):
        """Whether a script is for this stack and family."""
        if self.stack == "library" and play.blocks(path) or self.stack == "packetdrill" and not packetdrill.plays(path):
            return False
        if self.stack == "nethood" and play.asks_error_queue(path):
            return False                # a program's octets are in a pipe of the kernel's when its call returns
        return play.fits(path, self.family)

    def play(self, path):
        return play.play(path, self.boot, self.family)


STACKS = {"kernel": KernelStack, "nethood": NethoodStack, "library": LibraryStack,
          "packetdrill": packetdrill.PacketdrillStack}
KINDS = {stack + suffix: Kind(stack, boot, family) for stack, boot in STACKS.items()
         for suffix, family in (("", IPV4), ("6", IPV6), ("-mapped", MAPPED))}
KINDS["packetdrill-mapped"].boot = packetdrill.MappedPacketdrillStack
