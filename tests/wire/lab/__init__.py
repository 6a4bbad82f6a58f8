# SPDX-License-Identifier: BSD-2-Clause
"""One script, two stacks: a stack under test whose wires the script holds.

Reading order: stack.py (what a script may do), frames.py (how it says which
frame it means), ports.py (the ends of the wires), kernel.py and nethood.py (the
two stacks), agent.py and remote.py (code that runs inside the stack), netlink.py.
"""
