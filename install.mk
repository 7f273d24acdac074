# SPDX-License-Identifier: GPL-3.0-or-later
#
# make install DESTDIR= PREFIX=    everything        make install-apply    the applier, hp-show and hp-sign for fleet hosts

BINDIR = $(DESTDIR)$(PREFIX)/bin
SBINDIR = $(DESTDIR)$(PREFIX)/sbin
LIBDIR = $(DESTDIR)$(PREFIX)/lib
INCLUDEDIR = $(DESTDIR)$(PREFIX)/include
MANDIR = $(DESTDIR)$(PREFIX)/share/man
DATADIR = $(DESTDIR)$(PREFIX)/share/hotpatch
COMPLETIONDIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions

# What a host needs that only applies packages; hp-apply is an administrator's command.
APPLY_TOOLS := hp-apply hp-show hp-sign
BUILD_TOOLS := $(filter-out $(APPLY_TOOLS),$(TOOLS))
INSTALL ?= install

manual_pages = $(foreach tool,$(1),$(wildcard man/$(tool).[1-9]))

define install_tools
	$(foreach tool,$(1),$(INSTALL) -D -m 755 $(O)/bin/$(tool) $(if $(filter hp-apply,$(tool)),$(SBINDIR),$(BINDIR))/$(tool)
	)
	$(foreach page,$(call manual_pages,$(1)),$(INSTALL) -D -m 644 $(page) $(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))
	)
	$(foreach tool,$(1),$(if $(wildcard completions/$(tool)),$(INSTALL) -D -m 644 completions/$(tool) $(COMPLETIONDIR)/$(tool))
	)
endef

install-apply: $(APPLY_TOOLS:%=$(O)/bin/%)
	$(call install_tools,$(APPLY_TOOLS))

install: all install-apply
	$(call install_tools,$(BUILD_TOOLS))
	$(INSTALL) -D -m 644 $(O)/libhp.a $(LIBDIR)/libhp.a
	$(INSTALL) -D -m 755 $(O)/libhp.so $(LIBDIR)/libhp.so.1
	ln -sf libhp.so.1 $(LIBDIR)/libhp.so
	$(INSTALL) -D -m 644 formats/hp.h $(INCLUDEDIR)/hp.h
	$(foreach file,$(wildcard doc/schema/*.json),$(INSTALL) -D -m 644 $(file) $(DATADIR)/schema/$(notdir $(file))
	)

.PHONY: install install-apply
