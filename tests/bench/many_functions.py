#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""many_functions.py FUNCTIONS CHANGED: assembly of an object with FUNCTIONS functions, ten relocations each; CHANGED: one differs.

    many_functions.py 100000 0 | as -o old.o; many_functions.py 100000 1 | as -o new.o
Statics are numbered, and numbered anew when one function changes, as compilers do.
"""
import sys


def main():
    count, changed = int(sys.argv[1]), int(sys.argv[2])
    out = sys.stdout
    for i in range(count):
        out.write(f'\t.section .text.f{i},"ax",@progbits\n\t.globl f{i}\n\t.type f{i},@function\nf{i}:\n')
        value = i + (7 if changed and i == count // 2 else 0)
        out.write(f"\tmov ${value},%edi\n")
        for k in (1, 3, 17, 513):
            out.write(f"\tcall f{(i * k + k) % count}\n")
        for k in range(3):
            out.write(f"\tlea .LC{(i + k * 31) % (count // 4 or 1)}(%rip),%rdi\n\tcall outside{(i + k) % 97}\n")
        if i % 4 == 0:
            out.write(f"\tmov count.{i // 4 + changed}(%rip),%eax\n")
        out.write(f"\tret\n\t.size f{i},.-f{i}\n")
        if i % 4 == 0:
            name = f"count.{i // 4 + changed}"
            out.write(f'\t.section .bss.{name},"aw",@nobits\n\t.type {name},@object\n\t.size {name},4\n{name}:\n\t.zero 4\n')
    out.write('\t.section .rodata.str1.1,"aMS",@progbits,1\n')
    for i in range(count // 4 or 1):
        out.write(f'.LC{i}:\n\t.string "text number {i}"\n')


main()
