# SPDX-License-Identifier: GPL-3.0-or-later
"""Which running program takes which fix.

Either a program that is asked: start(side) -> process, transcript(process) -> answers to ordinary work, probe(process)
-> answers to the fix's own input (empty when it brings none), perhaps end(process) -> (whether it ended well, what),
and hold(process) and release(process) for what is made before a switch and ends behind it, and close().
Or one that works once and is held up in the middle: kinds() of work, start(side, kind) -> process, finish(process).
`beside` lists long-lived processes of the same image, with start() and transcript(), whose work the fix does not concern.
"""
import os

import busybox
import curl
import libxml2
import tiff
from dnsmasq import Dnsmasq
from process import compile_once
from redis import Redis


def of(context, fix):
    """The live program for a fix, its host compiled; None where there is none."""
    if context.package == "libxml2":
        context.program = compile_once(context.pairs, "hosts/xml.c",
                                       ["-I" + os.path.join(context.source, "include"), "-I" + os.path.join(context.build, "include"),
                                        os.path.join(context.build, ".libs/libxml2.so"), "-lpthread"])
        return libxml2.of(context, fix)
    if context.package == "tiff":
        libraries = [os.path.join(context.build, "libtiff/.libs/libtiff.so")]
        include = ["-I" + os.path.join(folder, "libtiff") for folder in (context.build, context.source)]
        context.program = compile_once(context.pairs, "hosts/tiff.c", [*include, *libraries, "-lpthread", "-lm"])
        return tiff.of(context, fix)
    if context.package == "curl":
        context.program = compile_once(context.pairs, "hosts/curl.c",
                                       ["-I" + os.path.join(context.build, "include"), os.path.join(context.build, curl.LIBRARY), "-lpthread"])
        return curl.Library(context, fix)
    if context.package == "redis":
        return Redis(context, fix)
    if context.package == "dnsmasq":
        return Dnsmasq(context, fix)
    if context.package == "busybox":
        return busybox.of(context, fix)
    return None
