#!/usr/bin/python3
"""Write the identifiers of the SPDX license list, as C.

    spdx_ids.py OUTPUT

They are those that Debian's python3-license-expression knows: licenses and exceptions, deprecated ones too.
"""
import json
import pathlib
import re
import sys

import license_expression

IDENTIFIER = re.compile(r"[A-Za-z0-9.-]+")
LEAST = (480, 50)  # licenses, exceptions: the list only grows

index = pathlib.Path(license_expression.__file__).parent / "data" / "scancode-licensedb-index.json"
licenses, exceptions = set(), set()
for entry in json.loads(index.read_text(encoding="utf-8")):
    kind = exceptions if entry["is_exception"] else licenses
    for key in [entry["spdx_license_key"], *entry["other_spdx_license_keys"]]:
        if key and IDENTIFIER.fullmatch(key.removesuffix("+")) and not key.startswith("LicenseRef-"):
            kind.add(key.removesuffix("+"))
if len(licenses) < LEAST[0] or len(exceptions) < LEAST[1]:
    sys.exit(f"only {len(licenses)} licenses and {len(exceptions)} exceptions")
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write('#include "oci/spdx.h"\n')
    for name, keys in (("licenses", licenses), ("exceptions", exceptions)):
        file.write(f'\nconst char *const sta_spdx_{name}[] = {{\n')
        file.writelines(f'\t"{key}",\n' for key in sorted(keys, key=str.lower))
        file.write("\tNULL,\n};\n")
