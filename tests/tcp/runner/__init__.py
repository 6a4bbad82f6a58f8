# SPDX-License-Identifier: BSD-2-Clause
"""Packet scripts: one script says what a program calls and what the wire carries, and two stacks play it.

Reading order: language.py (lines to steps), segment.py (steps to octets and back), inside.py (the program
in the stack), play.py (the player).  README.md beside this folder tells the language.
"""
