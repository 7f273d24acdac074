/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private to gcc-plugin/: the facts that are gathered while GCC works, and written down at its end.
 *
 *	source.cc	functions, statics and types, when a function's body has been parsed
 *	inlined.cc	who was inlined where, who is whose clone, when inlining is decided
 *	lines.cc	where __LINE__ and its like were expanded
 *	notes.cc	all of it into the object, when its assembly is complete (doc/notes-format.md)
 *
 * Nothing of GCC's is kept but numbers and copies of texts: no tree is allocated or kept alive, and no assembler name is
 * asked for (GCC numbers statics in the order in which it is asked), so that the code comes out the same.
 */
#ifndef GCC_PLUGIN_FACTS_H
#define GCC_PLUGIN_FACTS_H

#include "gcc.h"

/* ---- small things --------------------------------------------------------------------------------- */

struct text { /* grows; always ends with a NUL that does not count */
	char *at;
	size_t size, room;
};
void text_add(struct text *text, const void *data, size_t size);
void text_print(struct text *text, const char *format, ...) ATTRIBUTE_PRINTF_2;
void text_free(struct text *text);

/* 64 bits of what was mixed in, in that order. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
static inline void mix_in(uint64_t *hash, uint64_t value)
{
	uint64_t h = (*hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);

	*hash = h ^ h >> 29;
}
void mix_bytes(uint64_t *hash, const void *data, size_t size);
void mix_text(uint64_t *hash, const char *text);

/* A growing array and a map from a number to an index + 1 of it, both malloc'ed. */
#define LIST(type)                                                                                           \
	struct {                                                                                             \
		type *at;                                                                                    \
		size_t count, room;                                                                          \
	}
#define list_push(list)                                                                                      \
	((list)->count == (list)->room ? (void)((list)->room = (list)->room ? 2 * (list)->room : 16,         \
						(list)->at = (decltype((list)->at))xrealloc(                 \
							(list)->at, (list)->room * sizeof(*(list)->at)))     \
				       : (void)0,                                                            \
	 memset(&(list)->at[(list)->count], 0, sizeof(*(list)->at)), &(list)->at[(list)->count++])

struct numbers { /* open addressing; key 0 is none */
	struct {
		uint64_t key;
		size_t value;
	} * at;
	size_t count, room;
};
size_t *numbers_put(struct numbers *numbers, uint64_t key);
size_t numbers_get(const struct numbers *numbers, uint64_t key);

/* ---- the facts ------------------------------------------------------------------------------------ */

struct inlining {
	unsigned callee; /* DECL_UID */
	unsigned line;   /* of the call, 0 unknown */
	const char *file;
	bool early; /* in the callee's own body already, wherever that goes */
};

struct function_fact {
	unsigned uid; /* DECL_UID */
	const char *name, *file;
	unsigned line;
	bool parsed;                /* HASH is known */
	uint64_t hash;              /* of the body as it was parsed */
	char *clone;                /* what was made of it to get this clone, or NULL */
	unsigned origin;            /* the function it is a clone of, 0: none */
	bool address, merged, cold; /* cold: a part of it lies apart, as SYMBOL.cold */
	LIST(struct inlining) inlined;
	LIST(size_t) types; /* those its body touches, indexes */
	size_t record;      /* 1 + its number among those written */
	bool emitted;
};

struct variable_fact {
	unsigned uid, function; /* DECL_UIDs; function 0: none */
	char *path;             /* the blocks around it, "0.2" */
	uint64_t scope;         /* hash of the innermost block around it */
	uint64_t shape;         /* the same without the values of constants */
	LIST(unsigned) users;   /* functions that refer to it, DECL_UIDs */
	bool other_users;       /* something else does as well */
	bool knows_users;
};

struct field_fact {
	char *name, *type;
	uint64_t offset, size; /* bits */
	bool bits;             /* a bit-field */
};

struct type_fact {
	char *name;
	const char *file;
	unsigned line;
	uint64_t size, align; /* bytes */
	LIST(struct field_fact) fields;
	LIST(size_t) inner; /* types its fields hold by value, indexes */
	unsigned toucher;   /* the last function that touched it, DECL_UID */
	bool needed;
};

struct place_fact { /* of a call of __builtin_LINE(), or of a macro in the source itself */
	const char *macro, *file;
	unsigned line;
};

struct facts {
	LIST(struct function_fact) functions;
	struct numbers function_of; /* DECL_UID -> 1 + index */
	LIST(struct variable_fact) variables;
	struct numbers variable_of;
	LIST(struct type_fact) types;
	struct numbers type_of; /* TYPE_UID -> 1 + index */
	LIST(struct place_fact) places;
};
extern struct facts facts;

struct function_fact *function_fact(tree function);
/* Where it is declared; at link time the source that its unit was compiled from, since that tells namesakes apart. */
const char *file_of(tree decl);

/* ---- the passes ----------------------------------------------------------------------------------- */

void gather_function(tree function);       /* PLUGIN_PRE_GENERICIZE */
void gather_awaited(tree function);        /* PLUGIN_FINISH_PARSE_FUNCTION */
void gather_initial(tree variable);        /* PLUGIN_FINISH_DECL */
void gather_early_inlining(tree function); /* after GCC's early inliner */
void gather_splitting(tree function);      /* after the function's code is written */
void gather_ipa(void);                     /* PLUGIN_ALL_IPA_PASSES_END */
/* A type that FUNCTION (NULL: a datum) touches; 1 + its index, 0 for what has no layout of its own. */
size_t gather_type(tree type, struct function_fact *function);
void need_type(size_t index);
char *type_text(tree type); /* malloc'ed */
void print_constant(struct text *text, tree value);
void write_notes(void); /* PLUGIN_FINISH_UNIT */

struct expansion {
	const char *macro, *file;
	unsigned line;
};
/* The next expansion of a macro whose value depends on the place or time, or false. *AT starts as 0. */
/* Adds what stands in that file to facts.places; false when it cannot be read. */
bool search_file(const char *path);
bool knows_expansions(void); /* all of them: the source did not come preprocessed */
bool next_expansion(size_t *at, struct expansion *expansion);

#endif
