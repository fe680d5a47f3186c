# SPDX-License-Identifier: Apache-2.0
"""Says what is installed beside it, and where."""
import importlib.util
import sys

import slipway_dep

print(f'slipway_dep {slipway_dep.VERSION} in {sys.prefix}, {"with" if importlib.util.find_spec("slipway_dev") else "without"} the group dev')
