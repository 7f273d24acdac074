# SPDX-License-Identifier: GPL-3.0-or-later
#
# The GCC plugin, built for PLUGIN_CC when its plugin headers are there (Debian: gcc-12-plugin-dev). GCC's headers are
# C++. The plugin of another compiler: make plugin PLUGIN_CC=aarch64-linux-gnu-gcc-12 PLUGIN_OUT=DIR

CXX ?= g++
PLUGIN_CC ?= $(CC)
PLUGIN_OUT ?= $(O)/gcc-plugin
# Where PLUGIN_CC looks for plugins; empty when it is no GCC or its headers are not installed.
PLUGIN_DIR := $(shell dir=$$($(PLUGIN_CC) -print-file-name=plugin 2>/dev/null) && [ -f "$$dir/include/gcc-plugin.h" ] && readlink -f "$$dir")
# As GCC itself is built; its headers are not free of what our own warnings find.
PLUGIN_CXXFLAGS = -O2 -fPIC -fno-rtti -fno-exceptions -fvisibility=hidden -Wall -Wextra -Wno-unused-parameter $(if $(CI),-Werror) \
	-DHP_PLUGIN_VERSION='"$(VERSION)"' -isystem $(PLUGIN_DIR)/include -Igcc-plugin
PLUGIN_SOURCES := $(wildcard gcc-plugin/*.cc)

ifneq ($(PLUGIN_DIR),)
plugin: $(PLUGIN_OUT)/hotpatch.so
else
plugin:
	@echo '  SKIP    gcc-plugin: $(PLUGIN_CC) has no plugin headers (Debian: gcc-12-plugin-dev)'
endif

$(PLUGIN_OUT)/%.o: gcc-plugin/%.cc
	@mkdir -p $(@D)
	$(call say,CXX)$(CXX) $(PLUGIN_CXXFLAGS) -MMD -MP -c -o $@ $<

$(PLUGIN_OUT)/hotpatch.so: $(PLUGIN_SOURCES:gcc-plugin/%.cc=$(PLUGIN_OUT)/%.o)
	$(call say,LINK)$(CXX) -shared -o $@ $^

$(O)/bin/hp-config: gcc-plugin/hp-config.sh
	@mkdir -p $(@D)
	$(call say,GEN)sed 's/@VERSION@/$(VERSION)/' $< >$@ && chmod 755 $@

-include $(wildcard $(PLUGIN_OUT)/*.d)
.PHONY: plugin
