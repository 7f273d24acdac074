/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes two trees (or objects, archives) and gives what differs between them in meaning, unit by unit, with
 * the reason: scan -> load -> correlate -> compare -> explain. Must not know images or packages.
 *
 * The model is the same for every object format. A reader (elf.c) fills it; nothing above it speaks of ELF.
 */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include "arch/arch.h"
#include "util/util.h"

struct object;
struct tree;
struct unit;

/* ---- the object model --------------------------------------------------------------------------- */

enum section_flags {
	SECTION_ALLOC = 1 << 0,
	SECTION_WRITE = 1 << 1,
	SECTION_EXEC = 1 << 2,
	SECTION_MERGE = 1 << 3,
	SECTION_STRINGS = 1 << 4,
	SECTION_TLS = 1 << 5,
	SECTION_ZERO = 1 << 6, /* occupies no bytes in the file (.bss) */
	SECTION_RELRO =
		1 << 7, /* written by the dynamic linker only (.data.rel.ro*), read-only to the program */
};

enum section_role {
	ROLE_CODE,    /* functions */
	ROLE_DATA,    /* data, constants and strings */
	ROLE_SPECIAL, /* a special section (arch_special), entries belong to functions */
	ROLE_UNWIND,  /* .eh_frame */
	ROLE_LSDA,    /* .gcc_except_table */
	ROLE_INIT,    /* .init_array, .ctors, .init, .fini...: pointers or code run by the loader */
	ROLE_NOTE,    /* .note.*, .comment, .note.GNU-stack: means nothing at run time */
	ROLE_DEBUG,
	ROLE_OTHER, /* not understood: any difference in it is `section-unsupported` when allocated */
};

struct section {
	const char *name;
	uint32_t index; /* in the object */
	unsigned flags; /* enum section_flags */
	enum section_role role;
	uint64_t size, align, entry_size;
	const uint8_t *data;  /* `size` bytes, NULL for SECTION_ZERO */
	const char *group;    /* signature of the COMDAT group it is in, or NULL */
	struct reloc *relocs; /* sorted by offset */
	size_t reloc_count;
	struct unit **units; /* sorted by offset, no overlaps; every allocated byte with meaning is in one */
	size_t unit_count;
	const struct special_section *special; /* ROLE_SPECIAL */
};

enum symbol_kind {
	SYMBOL_NOTYPE,
	SYMBOL_FUNCTION,
	SYMBOL_OBJECT,
	SYMBOL_TLS,
	SYMBOL_IFUNC,
	SYMBOL_SECTION,
	SYMBOL_FILE
};
enum symbol_binding { BINDING_LOCAL, BINDING_GLOBAL, BINDING_WEAK };
enum symbol_visibility { VISIBILITY_DEFAULT, VISIBILITY_HIDDEN, VISIBILITY_PROTECTED, VISIBILITY_INTERNAL };

struct symbol {
	const char *
		name; /* never NULL; interned per diff: equal names are equal pointers within one `struct diff` */
	enum symbol_kind kind;
	enum symbol_binding binding;
	enum symbol_visibility visibility;
	bool common, absolute;
	uint32_t index;          /* in the object */
	struct section *section; /* NULL: undefined (or absolute, common) */
	uint64_t value, size;    /* value: offset in section; alignment for common */
	const char *source_file; /* of the STT_FILE symbol before a local one, or NULL */
	struct unit *unit;       /* the unit it names, NULL when undefined */
};

struct reloc {
	uint64_t offset; /* in its section */
	const struct reloc_info *info;
	struct symbol *symbol; /* never NULL: the null symbol stands for "no symbol" */
	int64_t addend;        /* as in the file (explicit or read from the field) */
	bool implied; /* none in the file: a distance within the section, read back from the instruction */
	uint8_t loads; /* of an implied one: so many bytes are loaded from there, and nothing else; 0: not known */
	/* What it lands in, for symbols defined in this object; section symbols are replaced by the exact unit.
	 * target NULL: undefined symbol, then target_offset is the addend with the pc bias taken out. */
	struct unit *target;
	int64_t target_offset; /* from the start of target; may lie outside of it (then `symbol` says which unit is meant) */
};

enum unit_kind {
	UNIT_FUNCTION,  /* code with a function symbol (or sized symbol in a code section) */
	UNIT_DATUM,     /* named data */
	UNIT_LITERAL,   /* one string or constant of a mergeable section */
	UNIT_ANONYMOUS, /* bytes without a symbol of their own: jump table, .LC block, padding with meaning */
	UNIT_ENTRY,     /* one entry of a special section, one FDE or CIE of the unwind section */
};

enum unit_status { UNIT_SAME, UNIT_CHANGED, UNIT_NEW, UNIT_REMOVED };

/* Why a unit differs. A chain ends at an instruction or a datum with both values. */
enum change_kind {
	CHANGE_BYTES,     /* instructions or data bytes at `at` */
	CHANGE_IMMEDIATE, /* one immediate: old and new are its values in text */
	CHANGE_TARGET,    /* a relocation means another thing: old and new name it */
	CHANGE_SIZE,
	CHANGE_ATTRIBUTE, /* section, binding, visibility, alignment, kind */
	CHANGE_PART,      /* a part (.cold, jump table, special entry, literal) differs: see `of` */
	CHANGE_READS,     /* reads the changed read-only datum `of` */
	CHANGE_INLINED,   /* changed because callee `of_name` is inlined here */
	CHANGE_NEW,       /* there was none */
	CHANGE_REMOVED,
};

struct change {
	enum change_kind kind;
	uint64_t at_old, at_new; /* offset in the unit on each side */
	const char *old, *new;   /* text: values, names, sizes; may be NULL */
	const char *file;        /* source place on the new side (of what is gone: the old one), or NULL */
	const char *old_file;    /* the same place on the old side, or NULL */
	unsigned line, old_line;
	const char *text; /* one phrase for people: "new check: ...", "immediate 3 -> 5" */
	const struct unit *of;
	const char *of_name;
};

struct unit {
	enum unit_kind kind;
	struct object *object;
	struct section *section;
	uint64_t offset, size;   /* in section */
	const char *name;        /* preferred name; for unnamed units "" */
	struct symbol **symbols; /* all symbols at its start (aliases), preferred one first; may be empty */
	size_t symbol_count;
	struct reloc *relocs; /* those inside, a slice of section->relocs */
	size_t reloc_count;
	/* .cold/.part parts of a function point to it; unwind and special entries to the function they describe. */
	struct unit *owner;
	struct unit **
		parts; /* of a function: its cold parts, then its entries in special and unwind sections, by section and offset */
	size_t part_count;
	bool has_lsda;      /* function with a language-specific data area */
	bool address_taken; /* some relocation other than a direct branch refers to it */
	bool constant;      /* the program never writes it, whatever its section allows */
	bool source_place;  /* what a sanitizer's check says of its own place: file, line, column */
	bool bookkeeping; /* tells a sanitizer's runtime at start-up what variables there are; never a change */

	/* filled by correlate and compare */
	struct unit *match; /* the same one on the other side, or NULL */
	const char *
		evidence; /* how the match was found: "name", "clone", "owner", "content", "use", "plugin", "debug" */
	enum unit_status status; /* UNIT_REMOVED only on old units, UNIT_NEW only on new ones */
	struct change *changes;  /* on the new unit; on the old one when removed */
	size_t change_count;
	bool line_only; /* differs only in __LINE__ immediates: status is UNIT_SAME */
	uint64_t hash;  /* of the meaning as far as it needs no correlation */
	void *note;     /* for the use of create/ */
};

struct object {
	const char *path; /* relative to its tree; "lib.a:member.o" for archive members */
	const struct arch *arch;
	struct arena *arena;      /* everything of this object */
	struct section *sections; /* index 0 is unused */
	size_t section_count;
	struct symbol *symbols; /* index 0 is the null symbol */
	size_t symbol_count;
	struct unit *units; /* all, by section and offset */
	size_t unit_count;
	const char *tree_root;   /* of the tree it was loaded from, or NULL */
	const struct tree *tree; /* likewise */
	const char *file_path;   /* that opens the file it is in, or NULL */
	const char *source_file; /* first STT_FILE */
	const char *compiler;    /* first string of .comment, or NULL */
	const char *compile_dir; /* DW_AT_comp_dir of the first unit, or NULL */
	bool function_sections;  /* no section holds two functions */
	bool has_lines;
	struct debug *debug; /* opaque, debug information of the object, opened on demand (diff/debug.c) */
	struct notes *notes; /* opaque, of the GCC plugin, read on demand (diff/notes.c) */
	void (*close_debug)(struct object *object); /* set by who fills debug; called by object_free() */
	struct strmap *by_name;                     /* of object_find(), filled on demand */
	struct file file;
	uint8_t *copy;        /* of an archive member at an odd address; else NULL */
	const uint8_t *bytes; /* the whole object file in memory, aligned to 8 */
	size_t size;
};

/* ---- loading ------------------------------------------------------------------------------------ */

/*
 * Loads one relocatable object from memory. PATH is the name used in messages. `names` interns symbol names.
 * Returns NULL after adding one finding (malformed-object, lto-bytecode, arch-mismatch) to DIAGS. BYTES must
 * stay valid until object_free(). No byte of a hostile file can make this crash, hang or use memory out of
 * proportion to its size.
 */
struct interner;
struct interner *interner_new(void);
void interner_free(struct interner *names);
const char *intern(struct interner *names, const char *name); /* thread-safe */

struct object *object_load(const char *path, const uint8_t *bytes, size_t size, struct interner *names,
			   struct diags *diags);
void object_free(struct object *object);
/* The first symbol of that name that defines something, or NULL. */
struct symbol *object_find(struct object *object, const char *name);
/* Unit that holds OFFSET of SECTION, or NULL. */
struct unit *section_unit_at(const struct section *section, uint64_t offset);
/* Source place of an offset in a code section, from the line table. false when unknown. */
bool object_line(struct object *object, const struct section *section, uint64_t offset, const char **file,
		 unsigned *line);
/* DW_AT_comp_dir of the first compilation unit, or NULL. Read when first asked for; also in object->compile_dir. */
const char *object_compile_dir(struct object *object);

/* ---- trees -------------------------------------------------------------------------------------- */

/* One file, or archive member, that may be an object. */
struct input {
	const char *path;     /* relative; "lib.a:member.o" */
	const char *file;     /* path that opens */
	uint64_t start, size; /* of the member in the file; the whole file when no archive */
};

struct read_file {
	const char *path, *file; /* as struct input has them */
	uint64_t device, inode, size;
	struct timespec written;
};

enum input_kind { INPUT_OBJECT, INPUT_IMAGE, INPUT_OTHER };

/* All objects of a tree (or the one object or archive that PATH is), sorted by path; images (executables,
 * libraries) in a list of their own. Equal inodes and hard links are all listed. 0, or -1 with a finding. */
enum tree_form { TREE_DIRECTORY, TREE_OBJECT, TREE_ARCHIVE, TREE_IMAGE };
struct tree {
	char *root;
	enum tree_form form; /* what PATH is */
	struct arena *arena;
	VEC(struct input) objects, images, packages; /* packages: .dwp files of split debug information */
	VEC(struct read_file) files; /* that objects are in, as they were when the tree was scanned */
};
int tree_scan(const char *path, struct tree *tree, struct diags *diags);
void tree_free(struct tree *tree);
/* One finding for each file with objects that is no longer what it was when the tree was scanned. true: none. */
bool tree_is_unchanged(const struct tree *tree, struct diags *diags);
/* Loads one object of a tree; the bytes are kept mapped by the object. */
struct object *tree_load(const struct tree *tree, const struct input *input, struct interner *names,
			 struct diags *diags);

/* ---- the result --------------------------------------------------------------------------------- */

struct suppressed {                  /* a difference that means nothing, for JSON and the summary line */
	const char *function, *what; /* "__LINE__" */
	long old, new;
};

struct pair {
	const char *path;
	enum { PAIR_SAME, PAIR_CHANGED, PAIR_NEW, PAIR_REMOVED, PAIR_FAILED } status;
	struct object *old, *new; /* NULL when equal bytes, new, removed or not loadable */
	const struct input *old_input, *new_input;
	struct suppressed *suppressed;
	size_t suppressed_count;
	const struct arch *arch; /* of a PAIR_CHANGED */
	const char **removed;    /* names of globals that only the old side defines; of a PAIR_CHANGED */
	size_t removed_count;
	bool let_go; /* PAIR_CHANGED without its objects, to save memory: pair_open() loads them again */
};

struct diff_options {
	unsigned jobs; /* 0: one per core */
	bool quiet;    /* no progress */
	bool explain;  /* look for source lines and reasons (slower); hp-build wants it only for refusals */
	/*
	 * 0: every pair that differs keeps its objects until diff_free(). Else only while their files have no more
	 * bytes than this; of the others, what one pair needs is loaded again by pair_open() and diff_visit().
	 */
	uint64_t keep_bytes;
};

/* A changed constant whose address a global function returns: callers outside of the tree may keep it. */
struct handed_out {
	const struct unit *datum; /* of the new side */
	const char *function;
};

struct diff {
	struct tree old_tree, new_tree;
	struct interner *names;
	struct arena *arena;
	struct pair *pairs; /* every path of both sides, sorted */
	size_t pair_count;
	struct handed_out *handed_out;
	size_t handed_out_count;
	size_t compared, differing, added, removed;
	bool explained; /* options->explain */
	_Atomic uint64_t kept_bytes;
};

/*
 * The whole pipeline. Findings (unreadable objects, refusals that need no image, warnings) go to DIAGS; one
 * unreadable object does not end it. Returns NULL only when a tree cannot be scanned at all.
 */
struct diff *diff_trees(const char *old_path, const char *new_path, const struct diff_options *options,
			struct diags *diags);
void diff_free(struct diff *diff);
/* Both trees are as they were when they were scanned; a finding for each file that is not. */
bool diff_is_current(const struct diff *diff, struct diags *diags);

/*
 * Objects of a pair that was let go, compared and explained again. false: not let go, or its files have changed
 * meanwhile and cannot be read. pair_close() lets them go once more.
 */
bool pair_open(struct diff *diff, struct pair *pair);
void pair_close(struct pair *pair);
/*
 * Each pair that is not PAIR_SAME or PAIR_FAILED, with its objects: PREPARE on up to JOBS threads (0: one per core),
 * SHOW with what PREPARE gave, for one pair at a time and in their order. Of pairs that were let go, only as many
 * are in memory as threads work, and what PREPARE gave of a few times as many. false: an object could not be read
 * again; all others are shown.
 */
bool diff_visit(struct diff *diff, unsigned jobs, void *(*prepare)(const struct pair *pair, void *arg),
		void (*show)(const struct pair *pair, void *prepared, void *arg), void *arg);

/* The passes over one pair, for tests and for callers that hold objects already; in this order. */
void correlate(struct object *old, struct object *new_object);
void compare(struct object *old, struct object *new_object);
void explain(struct object *old, struct object *new_object);

/*
 * The instructions of a changed function side by side (or of one side alone, the other NULL), for hp-diff --patch:
 * texts have symbol names, strings and labels instead of addresses; equal ones are kept as CONTEXT lines around a
 * difference. Everything belongs to ARENA. SKIPPED counts the equal instructions left out before a line.
 */
struct patch_line {
	char side; /* '-', '+' or ' ' */
	const char *text;
	uint64_t old_at, new_at; /* offset in the unit; on the side without the line, of what follows it */
	const char *file;        /* source place, new side (old side for '-'), or NULL */
	unsigned line;
	size_t skipped;
};
struct patch {
	struct patch_line *lines;
	size_t count;
};
struct patch unit_patch(const struct unit *old, const struct unit *new_unit, unsigned context,
			struct arena *arena);
/* Is the source place of LINE known, and that of the line above it, which may be NULL? */
bool patch_same_place(const struct patch_line *line, const struct patch_line *above);
/* Where a function or datum is declared, from debug information. false when unknown. */
bool unit_declared(const struct unit *unit, const char **file, unsigned *line);

/*
 * Structures and unions of one name whose existing fields are elsewhere, or whose size differs, between the two
 * sides, from debug information. Belongs to ARENA; sorted by place.
 */
struct type_change {
	const char *name; /* "struct redisServer" */
	const char
		*file; /* where the new side declares it (the first new field, when there is one), or NULL */
	unsigned line;
	uint64_t old_size, new_size;
	size_t moved;      /* fields of both sides at another offset, of another size or kind, or gone */
	const char *first; /* the first of them */
	uint64_t first_old, first_new; /* its offsets; equal when its size changed */
	bool first_gone;
	const char *first_was, *first_is; /* what it holds on each side where it moved nowhere, else NULL */
	const char *variable;             /* a variable of that type, or NULL */
	const char *added;                /* the first field that only the new side has, or NULL */
	uint64_t hole_at, hole_size; /* of the old layout, where it would have moved nothing; size 0: none */
	bool filled;                 /* nothing moves: `added` lies at added_at, in what was padding */
	uint64_t added_at;
};
struct type_change *object_type_changes(struct object *old, struct object *new_object, struct arena *arena,
					size_t *count);
/* Does debug information tell types at all? Without, layouts that differ are not seen. */
bool object_has_types(struct object *object);
/* The same of two objects to be compared, the notes of the GCC plugin counted in. */
bool pair_has_types(struct object *old, struct object *new_object);
/* Name of the field at OFFSET of a variable, "lazyfree.count[2]", or NULL when debug information does not tell. */
const char *object_field(struct object *object, const char *variable, uint64_t offset, struct arena *arena);

/* __func__ and its like, which the compiler numbers anew in each build: strings that count by what they say alone. */
bool name_is_function_name(const char *name);

/* Debug information says that callers of the old function must call the new one otherwise: *before, *after, in ARENA. */
bool function_is_called_otherwise(const struct unit *old, const struct unit *new_unit, struct arena *arena,
				  const char **before, const char **after);
/* Refusals that can be decided without an image (DESIGN.md 5.5), for one pair. */
void check_pair(const struct pair *pair, struct diags *diags);

#endif
