"""What sets the project up, from nothing but a Python's standard library.

The check stands here because this file is read first: every other module may use
the language of the Python it asks for.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - old Pythons do get here
    sys.exit(
        "stateof needs Python 3.11 or newer, and %s is Python %d.%d.\n"  # noqa: UP031
        "Name another one: make PYTHON=/path/to/python3.11 ..."
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )
