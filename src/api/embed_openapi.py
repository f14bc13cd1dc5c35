#!/usr/bin/python3
"""Write the OpenAPI document as C, without the spaces that are there for people.

    embed_openapi.py INPUT OUTPUT
"""
import hashlib
import json
import sys

LINE = 96

with open(sys.argv[1], encoding="utf-8") as file:
    text = json.dumps(json.load(file), separators=(",", ":")) + "\n"
digest = hashlib.sha256(text.encode("ascii")).hexdigest()
with open(sys.argv[2], "w", encoding="ascii") as file:
    file.write('#include "api/handlers.h"\n\n')
    file.write(f'const char sta_openapi_etag[] = "\\"sha256:{digest}\\"";\n')
    file.write("const char sta_openapi[] =\n")
    file.writelines(f"\t{json.dumps(text[at:at + LINE])}\n" for at in range(0, len(text), LINE))
    file.write(f"\t;\nconst size_t sta_openapi_size = {len(text)};\n")
