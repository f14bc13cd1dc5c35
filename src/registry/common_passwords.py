#!/usr/bin/python3
"""Write the common passwords that are long enough to be accepted otherwise, as C.

    common_passwords.py MINIMUM OUTPUT

They are those of Debian's python3-zxcvbn: 30,000 that were found most often in what was stolen from others.
"""
import json
import sys

from zxcvbn.frequency_lists import FREQUENCY_LISTS

LEAST = 3000  # as OWASP ASVS 6.2.4 wants

minimum, output = int(sys.argv[1]), sys.argv[2]
found = sorted({word.lower() for word in FREQUENCY_LISTS["passwords"] if len(word) >= minimum and word.isascii()})
if len(found) < LEAST:
    sys.exit(f"only {len(found)} common passwords have {minimum} characters; {LEAST} are needed")
with open(output, "w", encoding="ascii") as file:
    file.write('#include "registry/password_rules.h"\n\nconst char sta_common_passwords[] = "\\n"\n')
    file.writelines(f"\t{json.dumps(word)} \"\\n\"\n" for word in found)
    file.write("\t;\n")
