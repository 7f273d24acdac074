#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
"""The independent comparison catches planted errors, and says nothing about what means nothing."""
import os
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import objcmp  # pylint: disable=wrong-import-position

OUT = os.environ.get("HP_TESTS_OUT", "/tmp")
CC = shlex.split(os.environ.get("CC", "cc"))

SOURCE = """
extern int printf(const char *, ...);
extern void *lookup(const char *name, int n);
extern void enter(int), leave(int);
typedef int (*handler)(int);
static int first(int x) { return x * 3 + 1; }
static int second(int x) { return x * 5 + 1; }
__attribute__((noinline)) int add(int x) { return x + 2; }
__attribute__((noinline)) int sub(int x) { return x - 2; }
static const int sizes[] = {1, 2, 3, 5, 8, 13};
static handler const table[] = {first, second, add};
int level = 3;
char big[100];
int choose(int x) {
	switch (x) {
	case 0: return add(9); case 1: enter(1); return 7; case 2: return sub(4); case 3: leave(2); return 11;
	case 4: return add(x) * sub(x); case 5: return 99; case 6: enter(5); leave(6); return 1; }
	return -1;
}
int color(int x) {
	switch (x) { case 0: return 17; case 1: return 4; case 2: return 81; case 3: return 9; case 4: return 33; case 5: return 2; }
	return 0;
}
int count_up(void) { static int count; return ++count; }
int count_down(void) { static int count = 100; return --count; }
int counts(void) { static int count = 7; static long total; total += count; return ++count + (int)total; }
int size_of(int i) { return sizes[i & 7]; }
int call(int i, int x) { return table[i](x); }
void say(int x) { printf("value %d\\n", x); printf("done\\n"); }
int far(int x) { if (__builtin_expect(x < 0, 0)) { enter(x); printf("bad %d\\n", x); __builtin_trap(); } return x + level; }
double scale(double x) { return x * 2.5 + 1.25; }
int where(int x) { enter(__LINE__); return x; }
void *find(int n) { return lookup("name", n); }
int jump(int x) { static const void *const to[] = {&&a, &&b, &&c}; goto *to[x]; a: return 1; b: return 22; c: return 333; }
"""

# What to replace by what; the functions and data that differ then, by the meaning of the source.
PLANTED = [
    ("a constant", "return x + 2;", "return x + 3;", "add"),
    ("a multiplication of an inlined or table function", "x * 3 + 1", "x * 3 + 2", "first"),
    ("a condition", "x < 0, 0", "x <= 0, 0", "far"),
    ("a call to another function", "case 1: enter(1);", "case 1: leave(1);", "choose"),
    ("a call removed", 'case 6: enter(5); leave(6);', "case 6: enter(5);", "choose"),
    ("an argument", "case 3: leave(2);", "case 3: leave(4);", "choose"),
    ("two cases of a jump table swapped", "case 0: return add(9); case 1:", "case 1: return add(9); case 0:", "choose"),
    ("a value in a table the compiler made", "case 2: return 81;", "case 2: return 82;", "color"),
    ("a string", "done\\n", "gone\\n", "say"),
    ("the end of a string", "value %d\\n", "value %d!\\n", "say"),
    ("the string of another function", '"name"', '"game"', "find"),
    ("a value in a constant array and its reader", "5, 8, 13}", "5, 8, 14}", "sizes size_of"),
    ("a function in a table of functions", "{first, second, add}", "{first, second, sub}", "table call"),
    ("the initial value of a variable", "int level = 3;", "int level = 4;", "level"),
    ("the size of a variable", "big[100]", "big[108]", "big"),
    ("the initial value of a static local", "static int count = 100;", "static int count = 101;", "count.#"),
    ("a floating-point constant", "2.5", "2.75", "scale"),
    ("another variable", "return x + level;", "return x + big[0];", "far"),
    ("a line number without a map", "enter(__LINE__)", "enter(__LINE__ + 1)", "where"),
    ("a label in a table of labels", "{&&a, &&b, &&c}", "{&&a, &&c, &&b}", "jump to.#"),
    ("the split-off part of a function", '"bad %d\\n"', '"mad %d\\n"', "far"),
    ("a new function", "__attribute__((noinline)) int add(int x)", "int more(int x) { return x / 7; } __attribute__((noinline)) int add(int x)", "more choose"),
]
NOTHING = [
    ("a comment", "int level", "/* of water */ int level"),
    ("an unused static before the others", "typedef int", "static int unused_one; static void unused_two(void) { static int count; count++; }\ntypedef int"),
    ("another order of functions", "double scale(double x) { return x * 2.5 + 1.25; }\nint where(int x) { enter(__LINE__); return x; }",
     "int where(int x) { enter(__LINE__); return x; }\ndouble scale(double x) { return x * 2.5 + 1.25; }"),
    ("renamed labels", "{&&a, &&b, &&c}; goto *to[x]; a: return 1; b: return 22; c:", "{&&p, &&q, &&r}; goto *to[x]; p: return 1; q: return 22; r:"),
    ("static locals numbered anew", "int count_up(void) { static int count; return ++count; }\nint count_down(void) { static int count = 100; return --count; }",
     "int count_down(void) { static int count = 100; return --count; }\nint count_up(void) { static int count; return ++count; }"),
]
ALTERNATIVE = """
extern void use(int);
#define ALTERNATIVE(other) __asm__ volatile("661: nop\\n662:\\n.pushsection .altinstructions,\\"a\\"\\n" \\
    ".word 661b - ., 663f - .\\n.hword 12\\n.byte 4, 4\\n.popsection\\n.subsection 1\\n663: " other "\\n664:\\n.previous" ::: "memory")
void f(void) { ALTERNATIVE("OTHER"); use(1); }
void g(void) { ALTERNATIVE("isb"); use(2); }
"""
MODES = [["-O2"], ["-O2", "-ffunction-sections", "-fdata-sections"], ["-O1", "-fPIC", "-ffunction-sections"], ["-O0"],
         ["-Os", "-fdata-sections"]]

results = []


def result(name, why):
    results.append(name)
    if not why:
        print(f"ok {len(results)} - {name}")
        return
    print(f"not ok {len(results)} - {name}")
    for line in str(why).splitlines():
        print(f"# {line}")


def build(text, flags, name):
    path = os.path.join(OUT, name)
    subprocess.run(CC + flags + ["-g", "-w", "-x", "c", "-c", "-o", path, "-"], input=text.encode(), check=True)
    return path


def changed(text, old, new):
    assert text.count(old) == 1, old
    return text.replace(old, new)


def found(old, new, moved=None):
    answer = objcmp.compare(old, new, moved).answer()
    return set(answer["functions"]) | set(answer["data"])


def check_machine(machine):
    """Machines write numbers in their own ways, and keep the instructions for other processors in their own places."""
    source = "extern void enter(int);\nint where(int x) {\n enter(x); enter(__LINE__ + 0); return x; }\n" + "\n" * 1030 + \
        "int far(int x) { enter(x + 1); enter(__LINE__); return x + 1; }\n"
    original = build(source, ["-O2"], "old.o")
    moved = build("\n\n" + source, ["-O2"], "new.o")
    line = source[:source.index("int far")].count("\n") + 1
    result(f"line_numbers_are_read_on_{machine}", found(original, moved, {3: {5}, line: {line + 2}}))
    result(f"line_numbers_elsewhere_differ_on_{machine}", found(original, moved, {3: {5}}) != {"far"})
    if machine == "aarch64":
        pair = [build(ALTERNATIVE.replace("OTHER", other), ["-O2"], f"{other}.o") for other in ("isb", "dmb sy")]
        result(f"replaced_instructions_differ_on_{machine}", found(*pair) != {"f"})


def main():
    for flags in MODES:
        said = "".join(flags).replace("-", "_")
        original = build(SOURCE, flags, "old.o")
        wrong = []
        for name, old, new, expected in PLANTED:
            planted = build(changed(SOURCE, old, new), flags, "new.o")
            got = found(original, planted)
            wanted = set(expected.split())
            # A table of the compiler's making may be a datum of its own or not; inlining moves what is in `first`.
            if not wanted & got or got - wanted - {"call", "table", "to.#", "first"}:
                wrong.append(f"{name}: found {sorted(got)}, expected {sorted(wanted)}")
        result(f"planted_errors_are_caught{said}", "\n".join(wrong))
        wrong = []
        for name, old, new in NOTHING:
            got = found(original, build(changed(SOURCE, old, new), flags, "new.o"))
            # Without optimisation the compiler keeps what nobody uses.
            if got - {"where"} - ({"unused_one", "unused_two", "count.#"} if flags == ["-O0"] and "unused" in name else set()):
                wrong.append(f"{name}: found {sorted(got)}")
        result(f"what_means_nothing_is_not_reported{said}", "\n".join(wrong))
        line = SOURCE[:SOURCE.index("enter(__LINE__)")].count("\n") + 1
        got = found(original, build(SOURCE.replace("int level", "\n\nint level"), flags, "new.o"), {line: {line + 2}})
        result(f"a_line_number_that_moved_with_its_line_is_not_reported{said}", got)
    for machine in ("aarch64", "s390x", "powerpc64le", "riscv64"):
        compiler = f"{machine}-linux-gnu-gcc-12"
        if shutil.which(compiler):
            CC[:] = [compiler]
            check_machine(machine)
    print(f"1..{len(results)}")


if __name__ == "__main__":
    main()
