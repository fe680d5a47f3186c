# SPDX-License-Identifier: Apache-2.0
"""What the checks of the manuals' examples share: parts of an mdoc source, and counting."""
import re
import textwrap


def section(text: str, name: str) -> str:
    return re.search(rf"(?ms)^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", text).group(1)


def literal_blocks(text: str) -> list:
    return [block.replace("\\e", "\\") for block in re.findall(r"(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text)]


class Expectations:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def __call__(self, name: str, good: bool, shown: str) -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name}\n" + textwrap.indent(shown, "     "))
