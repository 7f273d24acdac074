/* SPDX-License-Identifier: MIT */
/*
 * Packages for Linux kernels as livepatch modules. Takes an opened package, gives the files of a module source
 * directory (payload objects, C source, Makefile) and finishes the module that kbuild made of them. Must not know
 * how packages are made, nor read or write files.
 *
 * What kbuild cannot do is done in the last step: linkers keep neither SHN_LIVEPATCH nor the flag of livepatch
 * relocation sections (Documentation/livepatch/module-elf-format.rst), so until then a symbol that the kernel has
 * to look up itself is an undefined one with its final name, ".klp.sym.OBJECT.NAME,POSITION".
 *
 * All functions return 0 or a negative enum hp_status; what they give out is malloc'ed; same inputs, same bytes.
 */
#ifndef FORMATS_KLP_H
#define FORMATS_KLP_H

#include "formats/hp.h"

#include <stdbool.h>

#define KLP_NAME_SIZE 56u /* of a module, with its NUL (MODULE_NAME_LEN on 64 bits) */

/* A finished module inside a package: an optional chunk of this type. */
#define KLP_CHUNK "KMOD"

struct klp_options {
	const char *id, *title, *fixes; /* fixes: words separated by spaces; may be "" */
	bool replace;                   /* atomic replace: every earlier livepatch ends with this one */
	const uint8_t *build_id;        /* of the kernel, for packages that change modules only; or NULL */
	size_t build_id_size;
	const char *symvers; /* text of the kernel's Module.symvers, or NULL: which module exports what */
};

/* The module's name for a package id: "hp_" and the id in lower case, all but letters and digits as "_". */
void klp_module_name(const char *id, char name[KLP_NAME_SIZE]);

/* Whether a livepatch module can be made of PACKAGE; HP_UNSUPPORTED with the reason when not. */
int klp_check(struct hp_package *package, const struct klp_options *options, struct hp_error *error);

/* The payload of TARGET as kbuild takes it: definitions local, one global alias per function and hook that the C source
 * refers to, undefined symbols under the names the kernel looks up. */
int klp_object(struct hp_package *package, size_t target, const struct klp_options *options, uint8_t **bytes,
	       size_t *size, struct hp_error *error);

/* The C source that registers the patch. */
int klp_source(struct hp_package *package, const struct klp_options *options, char **text,
	       struct hp_error *error);

/* The Makefile. */
int klp_makefile(struct hp_package *package, const struct klp_options *options, char **text,
		 struct hp_error *error);

/* MODULE as the kernel's linker left it, with livepatch symbols and relocation sections as the loader wants them. A module
 * that has been finished already comes back as it is. */
int klp_finish(const uint8_t *module, size_t module_size, uint8_t **bytes, size_t *size,
	       struct hp_error *error);

/* A KMOD chunk: which kernel it is for, and the module. Pointers are into the chunk. */
struct klp_embedded {
	const uint8_t *build_id, *module;
	size_t build_id_size, module_size;
	const char *name;
};
int klp_embed(const struct klp_embedded *embedded, uint8_t **bytes, size_t *size, struct hp_error *error);
int klp_embedded(const struct hp_chunk *chunk, struct klp_embedded *embedded, struct hp_error *error);

#endif
