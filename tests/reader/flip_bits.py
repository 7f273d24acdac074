#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flips every bit of a package in turn: a reader that keeps to the specification must refuse each. usage: flip_bits.py KB.hp"""
import json
import sys
import zlib

sys.dont_write_bytecode = True
import hp_reader  # noqa: E402


def is_refused(data):
    try:
        hp_reader.read_package(data)
    except (hp_reader.Refused, zlib.error, UnicodeDecodeError, json.JSONDecodeError):
        return True
    return False


def main():
    with open(sys.argv[1], "rb") as file:
        data = bytearray(file.read())
    if is_refused(bytes(data)):
        sys.exit("the package is refused as it is")
    for bit in range(len(data) * 8):
        data[bit // 8] ^= 1 << bit % 8
        if not is_refused(bytes(data)):
            sys.exit(f"bit {bit % 8} of byte {bit // 8} can be flipped")
        data[bit // 8] ^= 1 << bit % 8


if __name__ == "__main__":
    main()
