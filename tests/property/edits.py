# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of C sources that mean nothing.

Each takes a text and a random source, and gives lines as pairs (number in the old text or None, line), or None where it has
nothing to do.
"""
import re


def outside(text):
    """For each line: does it begin outside of a comment and of a continued line?"""
    states, comment, continued = [], False, False
    for line in text.split("\n"):
        states.append(not comment and not continued)
        continued = line.endswith("\\")
        at = 0
        while at < len(line):
            if comment:
                end = line.find("*/", at)
                if end < 0:
                    break
                comment, at = False, end + 2
            else:
                token = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|//|/\*').search(line, at)
                if not token or token.group(0) == "//":
                    break
                comment, at = token.group(0) == "/*", token.end()
    return states


def numbered(text):
    return list(enumerate(text.split("\n"), 1))


def blank_lines(text, chance):
    """Blank lines and comments, above everything and within functions."""
    out = [(None, "")] * chance.randint(1, 3) + [(None, "/* nothing */")]
    for (number, line), free in zip(numbered(text), outside(text)):
        if free and chance.random() < 0.03:
            out.append((None, chance.choice(("", "/* a comment */", "\t/* two */ /* comments */", ""))))
        out.append((number, line))
    return out


def functions(text):
    """(first line, last line, name) of top-level pieces that are one function definition and nothing else."""
    lines, states, found, start = text.split("\n"), outside(text), [], 0
    for i, line in enumerate(lines):
        if line == "}" and states[i]:
            piece = lines[start:i + 1]
            head = re.sub(r"/\*.*?\*/|//[^\n]*", "", "\n".join(piece).partition("{")[0], flags=re.S)
            name = re.search(r"^[A-Za-z_][\w \t*\n]*?\b([A-Za-z_]\w*)\s*\([^;{}]*\)\s*$", head.strip(), re.S)
            if name and ";" not in head and "#" not in "\n".join(piece) and "=" not in head:
                found.append((start, i, name.group(1)))
            start = i + 1
        elif line.startswith(("};", "#")) and states[i]:
            start = i + 1
    return found


def reordered(text, chance):
    """Neighbouring functions change places where the second does not know the first."""
    lines, pieces, done = numbered(text), functions(text), 0
    at = 0
    while at + 1 < len(pieces):
        (first, last, name), (second, end, _) = pieces[at], pieces[at + 1]
        adjacent = second == last + 1
        knows = re.search(rf"\b{re.escape(name)}\b", "\n".join(line for _, line in lines[second:end + 1]))
        if adjacent and not knows and chance.random() < 0.5:
            lines[first:end + 1] = lines[second:end + 1] + lines[first:last + 1]
            done += 1
            at += 2
        else:
            at += 1
    return lines if done else None


def renamed_labels(text, _chance):
    labels = {m.group(1) for m in re.finditer(r"\bgoto\s+([A-Za-z_]\w*)\s*;", text)}
    done = 0
    for label in labels:
        uses = len(re.findall(rf"\b{label}\b", text))
        gotos = len(re.findall(rf"\bgoto\s+{label}\s*;", text))
        places = len(re.findall(rf"^[ \t]*{label}[ \t]*:", text, re.M))
        # A name that also is something else stays as it is.
        if uses == gotos + places and places:
            text = re.sub(rf"\b{label}\b", f"{label}_renamed", text)
            done += 1
    return numbered(text) if done else None


def unused_statics(text, chance):
    """Statics that nobody uses, with locals that take numbers from the others'."""
    lines, states, pieces = numbered(text), outside(text), functions(text)
    at = [i for i, _, _ in pieces if states[i]] or None
    if not at:
        return None
    for n, i in enumerate(sorted(chance.sample(at, min(3, len(at))), reverse=True)):
        lines.insert(i, (None, f"static int unused_{n}; static inline int unused_function_{n}(int x) "
                               f"{{ static int count, i, buf; count += x + i + buf; return count + unused_{n}; }}"))
    return lines


TEXT_EDITS = {"blank-lines": blank_lines, "reordered": reordered, "renamed-labels": renamed_labels, "unused-statics": unused_statics}


def apply(name, text, chance):
    """(edited text, {old line: {new line}}), or None."""
    lines = TEXT_EDITS[name](text, chance)
    if lines is None:
        return None
    return "\n".join(line for _, line in lines), {old: {new} for new, (old, _) in enumerate(lines, 1) if old is not None}
