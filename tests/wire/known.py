# SPDX-License-Identifier: BSD-2-Clause
"""What does not hold yet on nethood: each row a script (or one case of it) and why.

A row is a defect that is known, not a test that is skipped: it runs, and is reported apart.  When it
passes, the row has to go.
"""

KNOWN = {}
