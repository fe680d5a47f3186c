# SPDX-License-Identifier: Apache-2.0
"""Says what is installed beside it, and where."""
import importlib.util
import sys

import idna

print(f'idna {idna.__version__} in {sys.prefix}, {"with" if importlib.util.find_spec("six") else "without"} the group dev')
