# SPDX-License-Identifier: GPL-3.0-or-later
#
# make install        DESTDIR= PREFIX=   tools, libhp with its header, manual pages, completions, schemas, documents
# make install-apply  DESTDIR= PREFIX=   hp-apply with its manual page and completion alone, for hosts that only apply
# make uninstall      DESTDIR= PREFIX=   takes both back

INSTALL ?= install
# Under PREFIX. hp-apply is an administrator's command.
DOC_DIR := share/doc/hotpatch
SCHEMA_DIR := share/hotpatch/schema
APPLY_TOOLS := hp-apply
BUILD_TOOLS := $(filter-out $(APPLY_TOOLS),$(TOOLS)) $(SCRIPT_TOOLS)
LIBRARY_PAGES := $(wildcard man/hp.3 man/hp-format.5)
SCHEMAS := $(wildcard doc/*.schema.json)
DOCUMENTS := README.md $(wildcard doc/*.md doc/libhp-example.c)

# What is installed, each as MODE:SOURCE:PLACE under PREFIX. Both installing and uninstalling go by it.
section_of = $(patsubst .%,%,$(suffix $(1)))
tool_files = $(foreach t,$(1),755:$(O)/bin/$(t):$(if $(filter hp-apply,$(t)),sbin,bin)/$(t)) \
	$(foreach p,$(foreach t,$(1),$(wildcard man/$(t).[1-9])),644:$(p):share/man/man$(call section_of,$(p))/$(notdir $(p))) \
	$(foreach t,$(1),$(if $(wildcard completions/$(t)),644:completions/$(t):share/bash-completion/completions/$(t)))
APPLY_FILES = $(call tool_files,$(APPLY_TOOLS))
# In the system's own prefix the plugin goes where GCC looks for it, else to us; hp-config finds it there.
PLUGIN_PLACE = $(if $(filter /usr,$(PREFIX)),$(patsubst /usr/%,%,$(PLUGIN_DIR)),lib/hotpatch)
PLUGIN_FILES = $(if $(PLUGIN_DIR),644:$(PLUGIN_OUT)/hotpatch.so:$(PLUGIN_PLACE)/hotpatch.so)
OTHER_FILES = $(call tool_files,$(BUILD_TOOLS)) \
	644:$(O)/libhp.a:lib/libhp.a 755:$(O)/libhp.so:lib/libhp.so.1 644:$(O)/hp.pc:lib/pkgconfig/hp.pc \
	644:formats/hp.h:include/hp.h \
	755:$(O)/bin/hp-config:bin/hp-config 644:man/hp-config.1:share/man/man1/hp-config.1 \
	644:completions/hp-config:share/bash-completion/completions/hp-config $(PLUGIN_FILES) \
	$(foreach p,$(LIBRARY_PAGES),644:$(p):share/man/man$(call section_of,$(p))/$(notdir $(p))) \
	$(foreach s,$(SCHEMAS),644:$(s):$(SCHEMA_DIR)/$(notdir $(s))) \
	$(foreach d,$(DOCUMENTS),644:$(d):$(DOC_DIR)/$(notdir $(d)))

# $(call part,N,MODE:SOURCE:PLACE)
part = $(word $(1),$(subst :, ,$(2)))
define install_files
	$(foreach f,$(1),$(INSTALL) -D -m $(call part,1,$(f)) $(call part,2,$(f)) '$(DESTDIR)$(PREFIX)/$(call part,3,$(f))'
	)
endef

# Not kept: PREFIX may be another one the next time.
$(O)/hp.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' 'Name: hp' \
		'Description: reads, checks, writes and links hotpatch packages' 'Version: $(VERSION)' \
		'Requires.private: libsodium zlib' 'Libs: -L$${libdir} -lhp' 'Cflags: -I$${includedir}' >$@

install-apply: $(APPLY_TOOLS:%=$(O)/bin/%)
	$(call install_files,$(APPLY_FILES))

install: all install-apply $(O)/hp.pc
	$(call install_files,$(OTHER_FILES))
	ln -sf libhp.so.1 '$(DESTDIR)$(PREFIX)/lib/libhp.so'

uninstall:
	rm -f $(foreach f,$(APPLY_FILES) $(OTHER_FILES),'$(DESTDIR)$(PREFIX)/$(call part,3,$(f))') '$(DESTDIR)$(PREFIX)/lib/libhp.so'
	-rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(PREFIX)/$(DOC_DIR)' '$(DESTDIR)$(PREFIX)/$(SCHEMA_DIR)' \
		'$(DESTDIR)$(PREFIX)/share/hotpatch' 2>/dev/null

FORCE:
.PHONY: install install-apply uninstall FORCE
