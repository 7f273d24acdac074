# SPDX-License-Identifier: GPL-3.0-or-later
"""libxml2: the library in a program of several threads (hosts/xml.c), xmllint, and Python's binding."""
import os

from process import Gated, Told

LIBRARY = ".libs/libxml2.so.2.9.14"

FILES = {
    "plain.xml": "<?xml version='1.0'?>\n<list xmlns:p='urn:p'><item n='1'>one</item><p:item>two &amp; 3</p:item></list>\n",
    "dtd.xml": "<!DOCTYPE r [<!ELEMENT r (a*)><!ELEMENT a (#PCDATA)><!ATTLIST a id ID #IMPLIED ref IDREF #IMPLIED>"
               "<!ENTITY e 'text &#38; more'><!NOTATION n SYSTEM 'n'>]><r><a id='x'>&e;</a><a id='y' ref='x'/></r>\n",
    "invalid.xml": "<!DOCTYPE r [<!ELEMENT r (a,b)><!ELEMENT a EMPTY><!ELEMENT b EMPTY>]><r><b/><a/>text<c/></r>\n",
    "short-entity.xml": "<!DOCTYPE r [<!ENTITY a 'ab'><!ENTITY s SYSTEM 'none.xml'>]><r>&a;</r>\n",
    "broken.xml": "<r><a></b>\n&unknown;<c d='1' d='2'/>\n",
    "page.html": "<html><body><p class=x>one<br>two<table><tr><td>&nbsp;3</table><script>a<b</script>",
    "outer.xml": "<o xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='plain.xml'/>"
                 "<xi:include href='none.xml'><xi:fallback>none</xi:fallback></xi:include></o>\n",
    "reader.xml": "<!DOCTYPE o [<!ELEMENT o (list|include)*><!ELEMENT list ANY><!ELEMENT include ANY>]>"
                  "<o xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='plain.xml'/></o>\n",
    "keys.xsd": "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='r'><xs:complexType><xs:sequence>"
                "<xs:element name='g' maxOccurs='unbounded'><xs:complexType><xs:sequence>"
                "<xs:element name='k' maxOccurs='unbounded'><xs:complexType><xs:attribute name='n' type='xs:string'/>"
                "<xs:attribute name='m' type='xs:string'/></xs:complexType></xs:element>"
                "<xs:element name='f' minOccurs='0' maxOccurs='unbounded'><xs:complexType><xs:attribute name='n' type='xs:string'/>"
                "</xs:complexType></xs:element></xs:sequence></xs:complexType>"
                "<xs:key name='gk'><xs:selector xpath='k'/><xs:field xpath='@n'/></xs:key>"
                "</xs:element></xs:sequence></xs:complexType>"
                "<xs:keyref name='ref' refer='gk'><xs:selector xpath='g/f'/><xs:field xpath='@n'/></xs:keyref>"
                "</xs:element></xs:schema>\n",
    "keys.xml": "<r><g><k n='1'/><k n='2'/><k n='3'/><f n='1'/></g><g><k n='2'/><k n='1'/><f n='2'/></g>"
                "<g><k n='3'/><k n='4'/><k n='1'/><f n='4'/><f n='9'/></g></r>\n",
    "extend.xsd": "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:complexType name='b'><xs:sequence>"
                  "<xs:element name='x' type='xs:int'/></xs:sequence></xs:complexType><xs:complexType name='c'><xs:complexContent>"
                  "<xs:extension base='b'><xs:sequence><xs:element name='y' type='xs:ID'/></xs:sequence></xs:extension>"
                  "</xs:complexContent></xs:complexType><xs:element name='r' type='c'/></xs:schema>\n",
    "extend.xml": "<r><x>1</x><y>name</y></r>\n",
    "simple.rng": "<grammar xmlns='http://relaxng.org/ns/structure/1.0'><include href='part.rng'/></grammar>\n",
    "part.rng": "<grammar xmlns='http://relaxng.org/ns/structure/1.0'><start><element name='r'><zeroOrMore><element name='a'>"
                "<text/></element></zeroOrMore></element></start></grammar>\n",
    "simple.xml": "<r><a>1</a><a>2</a></r>\n",
    "rule.sct": "<sch:schema xmlns:sch='http://purl.oclc.org/dsdl/schematron'><sch:pattern name='p'><sch:rule context='a'>"
                "<sch:report test='. = 2'>two in <sch:name/> of <sch:name path='..'/></sch:report></sch:rule></sch:pattern></sch:schema>\n",
    "catalog.xml": "<catalog xmlns='urn:oasis:names:tc:entity:xmlns:xml:catalog'><uri name='urn:a' uri='a.xml'/>"
                   "<system systemId='urn:s' uri='s.xml'/><nextCatalog catalog='next.xml'/></catalog>\n",
    "next.xml": "<catalog xmlns='urn:oasis:names:tc:entity:xmlns:xml:catalog'><uri name='urn:b' uri='b.xml'/></catalog>\n",
    "sgml.cat": 'PUBLIC "-//A//B" "ab.dtd"\nSYSTEM "c" "c.dtd"\nCATALOG "more.cat"\n',
    "more.cat": 'SYSTEM "d" "d.dtd"\n',
    "ordinary.script": "ls\ncd list\npwd\ncat\ndu\nxpath count(//item)\nwhereis\nhelp\nnothing here\nbye\n",
    # The fixes' own inputs.
    "long-name.xml": "<" + "n" * 60000 + "/>\n",
    "huge-name.xml": "<" + "n" * 10000100 + "/>\n",
    "long-message.xml": "<!DOCTYPE r [<!ELEMENT r (a)><!ELEMENT a EMPTY>]><r xmlns:" + "p" * 4000 + "='urn:p'><"
                        + "p" * 4000 + ":" + "n" * 4000 + "/></r>\n",
    "self.cat": 'CATALOG "self.cat"\n',
    "self.xml": "<catalog xmlns='urn:oasis:names:tc:entity:xmlns:xml:catalog'><delegateURI uriStartString='urn:' catalog='self.xml'/>"
                "<nextCatalog catalog='self.xml'/></catalog>\n",
    "repeated.xml": "<catalog xmlns='urn:oasis:names:tc:entity:xmlns:xml:catalog'><nextCatalog catalog='next.xml'/>"
                    "<nextCatalog catalog='next.xml'/></catalog>\n",
    "repeated-otherwise.xml": "<catalog xmlns='urn:oasis:names:tc:entity:xmlns:xml:catalog'><nextCatalog catalog='next.xml'/>"
                              "<nextCatalog catalog='./next.xml'/></catalog>\n",
    "marked.xml": "<!DOCTYPE r [<!ELEMENT r EMPTY><!ATTLIST r id ID #IMPLIED>]><r id='here'/>\n",
    "blank.script": (" " * 1000000 + "\n") * 4 + "bye\n",
    "nested.xml": "<r/>\n",
    "scripted.xml": '<a xmlns:a="bar"><b xmlns:a="foo"/></a>\n',
    "issue491.xsd": None, "issue491.xml": None,
    "context.html": "\n\n<x &<>",
    "bad.xml": "\n\n\n",
}
# From the source package's own test suite: name here, name there.
FROM_SOURCE = {
    "issue491.xsd": "test/schemas/issue491_0.xsd", "issue491.xml": "test/schemas/issue491_0.xml",
    "49794.sct": "test/schematron/cve-2025-49794.sct", "49794.xml": "test/schematron/cve-2025-49794_0.xml",
    "49796.sct": "test/schematron/cve-2025-49796.sct", "49796.xml": "test/schematron/cve-2025-49796_0.xml",
    "long_command.script": "test/scripts/long_command.script",
}

ORDINARY = [
    "parse\tplain.xml\t0", "parse\tdtd.xml\t2", "parse\tbroken.xml\t1", "parse\tdtd.xml\t524290", "html\tpage.html\t0",
    "xpath\tplain.xml\t//item[@n = 1]/text()", "xpath\tdtd.xml\tid('x') | //a[2]/@ref", "xpath\tplain.xml\tstring-length(//item) * 2 ][",
    "schema\tkeys.xsd\tkeys.xml", "schema\textend.xsd\textend.xml", "relaxng\tsimple.rng\tsimple.xml", "schematron\trule.sct\tsimple.xml",
    "reader\tplain.xml\t0", "reader\treader.xml\t1024", "reader\tdtd.xml\t20", "xinclude\touter.xml", "pattern\tplain.xml\tlist/item\t0",
    "pattern\tplain.xml\t.//item\t1", "sax1\tplain.xml\t0", "sax-defaults\t1", "push\tdtd.xml\t2", "catalog\tcatalog.xml\turn:b",
    "catalog\tsgml.cat\td", "shell\tplain.xml\tordinary.script", "valid\tinvalid.xml", "qualified\tname\tp\t16", "qualified\tname\tprefix-of-some-length\t16",
    "copy\tdtd.xml", "prefixes", "marked\tdtd.xml\tnone",
]

# What the fix is about, where it can be said through the library; keyed by a part of the fix's name.
OWN_INPUT = {
    "CVE-2022-40303": ["parse\tlong-name.xml\t0", "reader\thuge-name.xml\t524288"],
    "CVE-2022-40304": ["entity\tshort-entity.xml\ta", "entity\tshort-entity.xml\ts"],
    "CVE-2023-28484": ["schema\tissue491.xsd\tissue491.xml"],
    "CVE-2023-29469": ["dictionary"],
    "CVE-2025-24928-pre1": ["nameless\tinvalid.xml"],
    "CVE-2025-24928.patch": ["valid\tlong-message.xml"],
    "CVE-2025-27113": ["pattern\tplain.xml\tchild::item\t1", "pattern\tplain.xml\tchild::list/child::item\t0"],
    "CVE-2023-39615_1": ["sax1\tplain.xml\t512"],
    "CVE-2023-39615_2": ["sax-defaults\t2"],
    "CVE-2024-25062": ["reader\treader.xml\t1044"],
    "CVE-2025-6021": ["qualified\tname\tp\t-1"],
    "CVE-2025-6170": ["shell\tscripted.xml\tlong_command.script"],
    "CVE-2025-49794": ["schematron\t49794.sct\t49794.xml", "schematron\t49796.sct\t49796.xml"],
    "CVE-2025-7425": ["marked\tmarked.xml\there"],
    "CVE-2025-9714": ["nested\tnested.xml\tstring(evaluate('1')) * 0 + ((((depth()))))", "nested\tnested.xml\tconcat(evaluate('depth()'), depth())"],
    "CVE-2026-1757": ["leak\tplain.xml\tblank.script"],
    "CVE-2025-8732": ["catalog\tself.cat\td"],
    "CVE-2026-0990": ["catalog\tself.xml\turn:x"],
    "01-4af23b523": ["catalog\trepeated.xml\turn:b"],
    "02-096402c94": ["catalog\trepeated-otherwise.xml\turn:b"],
}


def answer_to(process, command):
    answer = process.ask(command)
    if command.startswith("catalog"):
        # Written out in the order of a hash table whose seed is another one each time.
        answer = "\n".join(sorted(answer.split("\n")))
    return f"{command}: {answer}"


class Libxml2:
    """Answers commands from a thread of its own while others work."""

    def __init__(self, context, fix):
        self.context, self.fix = context, fix
        self.own = next((commands for part, commands in OWN_INPUT.items() if part in fix + ".patch"), [])
        for name, text in FILES.items():
            if text is not None:
                context.write(name, text)
        for name, path in FROM_SOURCE.items():
            context.copy(path, name)

    def start(self, side):
        return Told([self.context.program], {"LD_LIBRARY_PATH": self.context.library(side, LIBRARY, "libxml2.so.2")}, self.context.work)

    @staticmethod
    def transcript(process):
        return [answer_to(process, command) for command in ORDINARY]

    def probe(self, process):
        # Another catalog each time: the library remembers for good what it read of one.
        process.probes = getattr(process, "probes", 0) + 1
        answers = []
        for command in self.own:
            name = command.split("\t")[1] if command.startswith("catalog") else None
            if name and name.endswith(".xml"):
                fresh = f"{process.probes}-{name}"
                self.context.write(fresh, FILES[name].replace(name, fresh))
                answers.append(answer_to(process, command.replace(name, fresh)).replace(fresh, name))
            else:
                answers.append(answer_to(process, command))
        return answers

    def hold(self, process):
        """Something made before the switch that ends behind it."""
        return process.ask("keep\t" + ("short-entity.xml" if "40304" in self.fix else "dtd.xml") + "\t0")

    @staticmethod
    def release(process):
        return process.ask("let-go")

    @staticmethod
    def end(process):
        said, good = process.quit()
        return good, "the other threads always got the same answer: " + said.strip().replace("\n", " ")


class Xmllint:
    """Errors shown as HTML, of two files: the second is opened behind the gate."""

    def __init__(self, context):
        self.context = context
        for name in ("broken.xml", "bad.xml"):
            context.write(name, FILES[name])

    @staticmethod
    def kinds():
        return ["ordinary", "own"]

    def start(self, side, kind):
        gate = self.context.write("gated.xml", FILES["broken.xml" if kind == "ordinary" else "bad.xml"])
        process = Gated([os.path.join(self.context.pair, side, ".libs/xmllint"), "--htmlout", "broken.xml", gate], gate,
                        {"LD_LIBRARY_PATH": self.context.library(side, LIBRARY, "libxml2.so.2")}, self.context.work)
        process.wait_at_gate()
        return process

    def finish(self, process):
        return process.go_on().replace(self.context.work, "").split("\n")


PYTHON = r"""
import sys
import libxml2
libxml2.registerErrorHandler(lambda context, text: print("error", text, end=""), None)

class Source:
    def __init__(self, text):
        self.text = text
    def read(self, size=-1):
        part, self.text = self.text[:size], self.text[size:]
        return part
    io_read = read
    def close(self):
        pass
    io_close = close

for line in sys.stdin:
    kind, count = line.split()
    if kind == "quit":
        break
    text = "<r>" + {"plain": "<a>text</a>", "wide": "\u20ac\u20ac\u20ac\u20ac"}[kind] * int(count) + "</r>"
    reader = libxml2.inputBuffer(Source(text)).newTextReader("source")
    status, nodes, size = reader.Read(), 0, 0
    while status == 1:
        nodes += 1
        size += len(reader.Value() or "")
        status = reader.Read()
    print(status, nodes, size)
    print("\n.", flush=True)
"""


class Python:
    """The binding, fed by objects whose read() gives text."""

    def __init__(self, context):
        self.context = context
        context.write("host.py", PYTHON)

    def start(self, side):
        folder = self.context.library(side, "python/.libs/libxml2mod.so", "libxml2mod.so")
        self.context.library(side, LIBRARY, "libxml2.so.2")
        return Told(["/usr/bin/python3", "host.py"],
                    {"LD_LIBRARY_PATH": folder, "PYTHONPATH": folder + ":" + os.path.join(self.context.build, "python")}, self.context.work)

    @staticmethod
    def transcript(process):
        return [process.ask(command) for command in ("plain 1", "plain 5", "plain 500", "plain 5000")]

    @staticmethod
    def probe(process):
        return [process.ask("wide 20000"), process.ask("wide 2000")]


def of(context, fix):
    if "2024-34459" in fix:
        return Xmllint(context)
    if "2025-32414" in fix:
        return Python(context)
    return Libxml2(context, fix)
