// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where the address of a constant goes. A changed constant gets a new place, and every function that reads it is
 * replaced; the old one must not be reached any more, so no data of the running program may hold its address.
 *
 * The old code of each reader is followed with one question per register: may it hold an address into the constant (or
 * into a frame that holds one)?
 *
 *	lea  table(%rip),%rdx         rdx holds it
 *	cmovne %rdx,%rax              and rax
 *	mov  %rax,current(%rip)       stored: it escapes
 *
 * Registers and frames of the readers are no matter: a function that is replaced is on no stack at the switch, and so
 * are its callees. What they are given is followed into them; of the C library's functions it is known which keep
 * nothing. What is not understood counts as stored. x86-64 only.
 */
#include "diff/debug.h"
#include "diff/disassemble.h"
#include "diff/escape.h"
#include "diff/model.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, STEPS_MAX = 400000, SLOTS_MAX = 64 };

#define BIT(number) (1u << (number))
#define CALL_CLOBBER                                                                                         \
	(BIT(RAX) | BIT(RCX) | BIT(RDX) | BIT(RSI) | BIT(RDI) | BIT(R8) | BIT(R9) | BIT(R10) | BIT(R11))
#define ARGUMENTS (BIT(RDI) | BIT(RSI) | BIT(RDX) | BIT(RCX) | BIT(R8) | BIT(R9))

struct body { // a function or a split-off part of it
	const struct unit *unit;
	struct listing listing;
	uint32_t *states; // before each instruction: what may hold an address
	int32_t *depths;  // and how far the stack pointer is below where it was at the function's entry
	bool *reached;
};

// Bytes of a frame that may hold an address, from the stack pointer at the function's entry.
struct slot {
	int64_t at, end;
};

struct follow {
	struct escapes *escapes;
	const struct unit *datum;  // NULL: only what comes in counts
	const struct unit *source; // a function that returns the address, or NULL
	const char *name;          // of the datum in other objects
	bool points;               // it holds addresses that matter itself
	bool frames;               // a frame holds its address: frames' addresses count
	bool based;                // rbp is a frame pointer
	int32_t base_depth;        // set at this depth
	bool coarse; // where things are in the frame is not understood: each place counts as all
	bool grown;  // slots were found in this pass
	VEC(struct slot) slots;
	bool returned;   // it goes out in rax
	const char *why; // it escapes so
	uint64_t where;
	const struct unit *in;
	unsigned depth;
	VEC(struct body) bodies;
	VEC(uint64_t) work; // body << 32 | instruction
};

struct escapes {
	struct diff *diff;
	struct arena *arena;
	struct strmap *functions; // global functions of the old tree, made when one is asked for
	VEC(struct object *) objects;
	struct diags *ignored;
	uint64_t steps;
};

// ---- what is asked of an instruction -------------------------------------------------------------------

struct step {
	struct follow *follow;
	struct body *body;
	const struct instruction *instruction;
	uint32_t state;
	struct operand operands[4];
	unsigned count;
	const struct reloc *datum; // the constant is named here
	bool got;                  // by a slot that holds its address
};

static void escape(struct step *step, const char *why)
{
	if (step->follow->why)
		return;
	step->follow->why = why;
	step->follow->where = step->instruction->at;
	step->follow->in = step->body->unit;
}

// Constants without an identity that hold the address (a pair of pointers that is loaded at once) count as it.
static bool is_datum(const struct follow *follow, const struct reloc *reloc)
{
	const struct unit *target = reloc->target;

	if (!follow->datum)
		return false;
	if (!target)
		return !reloc->symbol->section && reloc->symbol->binding != BINDING_LOCAL &&
		       !strcmp(reloc->symbol->name, follow->name);
	if (target == follow->datum)
		return true;
	if (target->kind != UNIT_ANONYMOUS || unit_is_writable(target) || target->section->role == ROLE_CODE)
		return false;
	for (size_t i = 0; i < target->reloc_count; i++)
		if (target->relocs[i].target == follow->datum)
			return true;
	return false;
}

static bool is_frame(const struct follow *follow, const struct operand *operand)
{
	return operand->kind == MEMORY && (operand->base == RSP || (operand->base == RBP && follow->based));
}

static bool holds(const struct step *step, const struct operand *operand)
{
	return operand->kind == REGISTER && step->state & BIT(operand->number);
}

// The place in memory that an operand means is in the constant, or in a frame that holds its address.
static bool leads_to(const struct step *step, const struct operand *operand)
{
	if (operand->kind != MEMORY)
		return false;
	return (operand->base != NO_REGISTER && step->state & BIT(operand->base)) ||
	       (operand->index != NO_REGISTER && step->state & BIT(operand->index));
}

// ---- the frame ----------------------------------------------------------------------------------------

// Where an operand of the frame is, from the stack pointer at the entry. false: not known.
static bool frame_place(const struct step *step, const struct operand *operand, int64_t *place)
{
	const struct follow *follow = step->follow;

	if (follow->coarse || operand->index != NO_REGISTER || !operand->plain)
		return false;
	*place = operand->displacement -
		 (operand->base == RBP ? follow->base_depth
				       : step->body->depths[step->instruction - step->body->listing.at]);
	return true;
}

// The most that an instruction moves to or from memory; the other operand tells when it is a register.
static int64_t width_beside(const struct step *step)
{
	int64_t width = 0;

	for (unsigned i = 0; i < step->count; i++)
		if (step->operands[i].kind == REGISTER && step->operands[i].number != VECTOR)
			width = step->operands[i].width;
	return width ? width : 64;
}

static bool slot_holds(const struct step *step, const struct operand *from)
{
	const struct follow *follow = step->follow;
	int64_t place;

	if (!(step->state & BIT(FRAME)))
		return false;
	if (!frame_place(step, from, &place))
		return true;
	for (size_t i = 0; i < follow->slots.count; i++)
		if (place < follow->slots.at[i].end && place + width_beside(step) > follow->slots.at[i].at)
			return true;
	return false;
}

// What was understood before without this slot is looked at again: see run_until_stable().
static void keep_in_frame(struct step *step, const struct operand *to)
{
	struct follow *follow = step->follow;
	int64_t place;

	step->state |= BIT(FRAME);
	if (!frame_place(step, to, &place) || follow->slots.count >= SLOTS_MAX) {
		follow->grown |= !follow->coarse;
		follow->coarse = true;
		return;
	}
	for (size_t i = 0; i < follow->slots.count; i++)
		if (follow->slots.at[i].at <= place && place + width_beside(step) <= follow->slots.at[i].end)
			return;
	*vec_push(&follow->slots) = (struct slot){place, place + width_beside(step)};
	follow->grown = true;
}

// An address of the frame leads to what lies at it and behind it.
static bool frame_leads_to(const struct step *step, const struct operand *operand)
{
	const struct follow *follow = step->follow;
	int64_t place;

	if (!follow->frames || !is_frame(follow, operand))
		return false;
	if (!frame_place(step, operand, &place))
		return true;
	for (size_t i = 0; i < follow->slots.count; i++)
		if (follow->slots.at[i].end > place)
			return true;
	return false;
}

// Does what is read from there hold an address?
static bool reads(const struct step *step, const struct operand *from)
{
	if (from->kind == REGISTER)
		return holds(step, from);
	if (from->kind == IMMEDIATE)
		return step->datum != NULL;
	if (from->kind != MEMORY)
		return false;
	if (step->got)
		return true;
	if (is_frame(step->follow, from) && slot_holds(step, from))
		return true;
	if (step->datum && step->datum->target && step->datum->target->kind == UNIT_ANONYMOUS)
		return true;
	return (step->follow->points || step->follow->frames) && (leads_to(step, from) || step->datum);
}

static void write_to(struct step *step, const struct operand *to, bool address)
{
	if (to->kind == REGISTER) {
		if (address && (to->width >= 8 || step->datum))
			step->state |= BIT(to->number);
		else if (to->width >= 4 && to->number != VECTOR)
			step->state &= ~BIT(to->number);
		return;
	}
	if (!address || to->kind != MEMORY)
		return;
	if (is_frame(step->follow, to) && !(to->base == RSP && to->bare))
		keep_in_frame(step, to);
	else
		escape(step, "stores its address in memory");
}

// ---- calls ------------------------------------------------------------------------------------------------

// An archive's copy of an object.
static bool same_code(const struct unit *one, const struct unit *other)
{
	const char *file = one->object->source_file, *other_file = other->object->source_file;

	return file && other_file && !strcmp(file, other_file) && one->size == other->size &&
	       one->object->size == other->object->size &&
	       !memcmp(one->object->bytes, other->object->bytes, one->object->size);
}

static void load_functions(struct escapes *escapes)
{
	const struct tree *tree = &escapes->diff->old_tree;

	escapes->functions = strmap_new();
	for (size_t i = 0; i < tree->objects.count; i++) {
		struct object *object =
			tree_load(tree, &tree->objects.at[i], escapes->diff->names, escapes->ignored);

		if (!object)
			continue;
		*vec_push(&escapes->objects) = object;
		for (size_t s = 1; s < object->symbol_count; s++) {
			struct symbol *symbol = &object->symbols[s];

			if (symbol->binding == BINDING_LOCAL || !symbol->unit ||
			    symbol->unit->kind != UNIT_FUNCTION)
				continue;
			void **place = strmap_put(escapes->functions, symbol->name);

			// Two definitions of one name: either may be the one that is linked.
			if (!*place)
				*place = symbol->unit;
			else if (*place != escapes && !same_code(*place, symbol->unit))
				*place = escapes;
		}
	}
}

// The function that is called; NULL: not known.
static const struct unit *callee_of(struct escapes *escapes, const struct reloc *reloc)
{
	void *found;

	if (reloc->target)
		return reloc->target->kind == UNIT_FUNCTION && !reloc->target_offset ? reloc->target : NULL;
	if (!*reloc->symbol->name || reloc->symbol->binding == BINDING_LOCAL)
		return NULL;
	if (!escapes->functions)
		load_functions(escapes);
	found = strmap_get(escapes->functions, reloc->symbol->name);
	return found == escapes ? NULL : found;
}

static void follow_function(struct follow *follow, const struct unit *unit, uint32_t state);

/*
 * The registers in which a function is given something (psABI, "Parameter Passing"), as far as debug information tells:
 * what else is in argument registers is left there from before.
 */
static uint32_t registers_of(const char *signature)
{
	static const unsigned order[] = {RDI, RSI, RDX, RCX, R8, R9};
	uint32_t given = 0;
	size_t count = 0;
	const char *at;

	if (!signature || strstr(signature, "structure") || strstr(signature, "...") ||
	    strstr(signature, " 16 bytes"))
		return ARGUMENTS;
	for (at = strchr(signature, '(') + 1; *at && *at != ')' && count < ARRAY_SIZE(order);) {
		if (!starts(at, "a floating"))
			given |= BIT(order[count++]);
		at += strcspn(at, ",)");
		at += *at == ',' ? 2 : 0;
	}
	return given;
}

// Of clones the compiler changes the arguments.
static uint32_t registers_given(struct step *step, const struct unit *callee)
{
	if (strchr(callee->name, '.'))
		return ARGUMENTS;
	return registers_of(function_signature(callee->object, callee->section, callee->offset,
					       step->follow->escapes->arena));
}

/*
 * A call through a pointer that is in the constant itself can only reach what the constant points to. Each pointer's type
 * tells what is handed over, and where the function is there its own: a pointer may be cast.
 *
 *	lea  table(%rip),%rcx
 *	jmp  *(%rcx,%rax,8)           rcx is no argument of void (*table[])(void)
 */
static uint32_t registers_given_by_table(struct step *step)
{
	const struct unit *datum = step->follow->datum;
	uint32_t given = 0;

	if (!datum || step->follow->points || step->follow->frames ||
	    parse_operands(step->instruction, step->operands) != 1 || step->operands[0].kind != MEMORY ||
	    step->operands[0].base == NO_REGISTER || !(step->state & BIT(step->operands[0].base)))
		return ARGUMENTS;
	for (size_t i = 0; i < datum->reloc_count; i++) {
		const struct reloc *reloc = &datum->relocs[i];
		const struct unit *callee = callee_of(step->follow->escapes, reloc);

		if (reloc->target && !callee) // data
			continue;
		given |= registers_of(pointer_signature(datum, reloc->offset - datum->offset,
							step->follow->escapes->arena));
		if (callee)
			given |= registers_given(step, callee);
	}
	return given;
}

static void follow_call(struct step *step, const struct unit *callee, uint32_t arguments)
{
	struct follow inner = {.escapes = step->follow->escapes,
			       .points = step->follow->points || step->follow->frames,
			       .depth = step->follow->depth + 1};

	follow_function(&inner, callee, arguments);
	if (inner.why && !step->follow->why) {
		step->follow->why = inner.why;
		step->follow->where = inner.where;
		step->follow->in = inner.in;
	}
	if (inner.returned)
		step->state |= BIT(RAX);
}

static const struct reloc *branch_reloc(const struct step *step)
{
	const struct unit *unit = step->body->unit;
	uint64_t start = unit->offset + step->instruction->at;

	for (size_t i = 0; i < unit->reloc_count; i++)
		if (unit->relocs[i].offset > start &&
		    unit->relocs[i].offset < start + step->instruction->length)
			return &unit->relocs[i];
	return NULL;
}

static bool is_global(const struct unit *unit)
{
	return unit->symbol_count && unit->symbols[0]->binding != BINDING_LOCAL;
}

// FUNCTION may be known from another loading of its object.
static bool means(const struct reloc *reloc, const struct unit *function)
{
	if (!function)
		return false;
	if (reloc->target == function)
		return !reloc->target_offset;
	return is_global(function) && reloc->symbol->binding != BINDING_LOCAL &&
	       !strcmp(reloc->symbol->name, function->name);
}

static bool is_call_of_others(const struct unit *unit)
{
	for (size_t i = 0; i < unit->reloc_count; i++)
		if (unit->relocs[i].info->kind == RELOC_CALL &&
		    (!unit->relocs[i].target || is_global(unit->relocs[i].target)))
			return true;
	return false;
}

/*
 * What a call destroys. GCC knows which registers a static function writes and keeps others live across its calls
 * (-fipa-ra, part of -O2); what it calls itself that is not static destroys all that the ABI lets it.
 */
static uint32_t destroyed_by(struct step *step, const struct reloc *reloc)
{
	const struct unit *callee =
		reloc && reloc->target && reloc->target->kind == UNIT_FUNCTION ? reloc->target : NULL;
	struct operand operands[4];
	struct listing listing;
	uint32_t written = 0;

	if (!callee || is_global(callee) || is_call_of_others(callee))
		return CALL_CLOBBER;
	listing = disassemble(callee, step->follow->escapes->arena);
	for (size_t i = 0; i < listing.count; i++) {
		unsigned count = parse_operands(&listing.at[i], operands);

		if (count && operands[count - 1].kind == REGISTER && operands[count - 1].width >= 4 &&
		    (starts(listing.at[i].mnemonic, "mov") || starts(listing.at[i].mnemonic, "lea") ||
		     starts(listing.at[i].mnemonic, "xor") || starts(listing.at[i].mnemonic, "pop")))
			written |= BIT(operands[count - 1].number);
	}
	return written & CALL_CLOBBER;
}

static void call(struct step *step, bool indirect)
{
	const struct reloc *reloc = branch_reloc(step);
	uint32_t arguments = step->state & ARGUMENTS;
	uint32_t given_by_table = arguments ? registers_given_by_table(step) : 0;
	const struct unit *callee = NULL;
	bool derived = false;

	step->state &= ~destroyed_by(step, reloc);
	if (reloc && means(reloc, step->follow->source))
		step->state |= BIT(RAX);
	if (!arguments)
		return;
	// call *f@GOTPCREL(%rip) names its callee as well as call f does
	if (reloc && (!indirect || reloc->info->kind == RELOC_GOT)) {
		if (!reloc->target && keeps_nothing(reloc->symbol->name, &derived)) {
			if (derived)
				step->state |= BIT(RAX);
			return;
		}
		callee = callee_of(step->follow->escapes, reloc);
	}
	if (callee)
		arguments &= registers_given(step, callee);
	else if (indirect && !reloc)
		arguments &= given_by_table;
	if (!arguments)
		return;
	if (callee)
		follow_call(step, callee, arguments);
	else
		escape(step, indirect ? "hands its address to a function called through a pointer"
				      : "hands its address to a function that is not known");
}

// ---- one instruction ------------------------------------------------------------------------------------------

static void find_datum(struct step *step)
{
	const struct unit *unit = step->body->unit;
	uint64_t start = unit->offset + step->instruction->at;

	for (size_t i = 0; i < unit->reloc_count; i++) {
		const struct reloc *reloc = &unit->relocs[i];

		if (reloc->offset < start || reloc->offset >= start + step->instruction->length ||
		    !is_datum(step->follow, reloc))
			continue;
		step->datum = reloc;
		step->got = reloc->info->kind == RELOC_GOT;
	}
}

static void compute_lea(struct step *step, const struct operand *from, const struct operand *to)
{
	bool frame = frame_leads_to(step, from);

	// lea -8(%rsp),%rsp moves the frame
	if (to->kind == REGISTER && to->number == RSP)
		return;
	write_to(step, to, step->datum || leads_to(step, from) || frame);
}

static void compute_other(struct step *step)
{
	const char *name = step->instruction->mnemonic;
	struct operand *to = &step->operands[step->count - 1];
	bool from = false;

	for (unsigned i = 0; i + 1 < step->count; i++)
		from |= reads(step, &step->operands[i]);
	if (step->count == 1) { // neg, inc, mul ...: of an address nothing is left that leads to it
		if (starts(name, "xchg") || starts(name, "bswap"))
			escape(step, "does with its address what is not understood");
		return;
	}
	if (starts(name, "xchg") || starts(name, "cmpxchg") || starts(name, "xadd")) {
		if (from || holds(step, to))
			escape(step, "exchanges its address with memory");
		return;
	}
	if (step->count == 2 && step->operands[0].kind == REGISTER && to->kind == REGISTER &&
	    step->operands[0].number == to->number && (starts(name, "xor") || starts(name, "sub"))) {
		write_to(step, to, false);
		return;
	}
	// The distance of two addresses leads nowhere.
	if (starts(name, "sub") && from && holds(step, to)) {
		step->state &= ~BIT(to->number);
		return;
	}
	if (from)
		write_to(step, to, true);
}

static bool only_looks(const char *name)
{
	static const char *const names[] = {"cmp",   "test",   "nop",   "prefetch", "bt",     "endbr",
					    "comis", "ucomis", "ud2",   "cltq",     "cqto",   "cltd",
					    "cwtl",  "leave",  "set",   "hlt",      "int3",   "data16",
					    "cs",    "pcmp",   "ptest", "pause",    "mfence", "lfence"};

	if (starts(name, "cmpxchg") || starts(name, "cmps"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (starts(name, names[i]))
			return true;
	return false;
}

static void compute(struct step *step)
{
	const char *name = step->instruction->mnemonic;
	struct operand *to = &step->operands[step->count ? step->count - 1 : 0];

	step->count = parse_operands(step->instruction, step->operands);
	to = &step->operands[step->count ? step->count - 1 : 0];
	find_datum(step);
	if (starts(name, "rep")) { // rep movsq (%rsi),(%rdi): copies what is in the constant
		if (step->follow->points && step->state & BIT(RSI))
			escape(step, "copies it, and it holds addresses");
		step->state &= ~(BIT(RSI) | BIT(RDI) | BIT(RCX));
		return;
	}
	if (only_looks(name) || !step->count)
		return;
	if (starts(name, "push")) {
		// Saving a register that came in is no use of it.
		if (reads(step, to))
			escape(step, "hands its address over on the stack");
	} else if (starts(name, "pop")) {
		struct operand top = {.kind = MEMORY, .base = RSP, .index = NO_REGISTER, .plain = true};

		write_to(step, to, slot_holds(step, &top));
	} else if (starts(name, "lea") && step->count == 2) {
		compute_lea(step, &step->operands[0], to);
	} else if (starts(name, "mov") && step->count == 2) {
		bool wide = to->kind != REGISTER || to->width >= 8 || step->operands[0].kind == IMMEDIATE;
		// mov %rsp,%rdi
		bool frame = step->follow->frames && step->operands[0].kind == REGISTER &&
			     (step->operands[0].number == RSP ||
			      (step->operands[0].number == RBP && step->follow->based)) &&
			     !(to->kind == REGISTER && (to->number == RSP || to->number == RBP));

		if (step->operands[0].kind == REGISTER && step->operands[0].width < 8)
			wide = false;
		write_to(step, to, (wide && reads(step, &step->operands[0])) || frame);
	} else {
		compute_other(step);
	}
}

// ---- one function ------------------------------------------------------------------------------------------------

static size_t body_of(struct follow *follow, const struct unit *unit)
{
	struct body *body;

	for (size_t i = 0; i < follow->bodies.count; i++)
		if (follow->bodies.at[i].unit == unit)
			return i;
	body = vec_push(&follow->bodies);
	*body = (struct body){.unit = unit, .listing = disassemble(unit, follow->escapes->arena)};
	body->states = arena_array(follow->escapes->arena, body->listing.count + 1, sizeof(uint32_t));
	body->depths = arena_array(follow->escapes->arena, body->listing.count + 1, sizeof(int32_t));
	body->reached = arena_array(follow->escapes->arena, body->listing.count + 1, sizeof(bool));
	for (size_t i = 0; i < body->listing.count; i++)
		follow->based |= starts(body->listing.at[i].text, "mov    %rsp,%rbp");
	return follow->bodies.count - 1;
}

static void reach(struct follow *follow, size_t body, size_t at, uint32_t state, int32_t depth)
{
	struct body *to = &follow->bodies.at[body];

	if (at >= to->listing.count)
		return;
	if (to->reached[at] && to->depths[at] != depth && !follow->coarse)
		follow->coarse = follow->grown = true;
	if (to->reached[at] && !(state & ~to->states[at]))
		return;
	to->depths[at] = depth;
	to->reached[at] = true;
	to->states[at] |= state;
	*vec_push(&follow->work) = (uint64_t)body << 32 | at;
}

static size_t instruction_at(const struct body *body, uint64_t offset)
{
	size_t low = 0, high = body->listing.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (body->listing.at[middle].at < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

// Behind what never goes on stands a block that something else jumps to.
static void reach_blocks(struct follow *follow, size_t body, uint32_t state, int32_t depth)
{
	const struct listing *listing = &follow->bodies.at[body].listing;

	for (size_t i = 0; i + 1 < listing->count; i++)
		if (starts(listing->at[i].mnemonic, "jmp") || starts(listing->at[i].mnemonic, "ret") ||
		    starts(listing->at[i].mnemonic, "notrack"))
			reach(follow, body, i + 1, state, depth);
}

static void jump(struct step *step, size_t body, bool always)
{
	struct follow *follow = step->follow;
	const struct reloc *reloc = branch_reloc(step);
	int32_t depth = step->body->depths[step->instruction - step->body->listing.at];

	if (step->instruction->branch >= 0) {
		reach(follow, body, instruction_at(step->body, (uint64_t)step->instruction->branch),
		      step->state, depth);
	} else if (reloc && reloc->target && reloc->info->kind != RELOC_GOT &&
		   is_part(reloc->target, step->body->unit) &&
		   (reloc->target != step->body->unit || reloc->target_offset)) {
		size_t other = body_of(follow, reloc->target);

		reach(follow, other,
		      instruction_at(&follow->bodies.at[other], (uint64_t)reloc->target_offset), step->state,
		      depth);
	} else if (always && strchr(step->instruction->text, '*') && !reloc) {
		// A jump table, or a call in the last place.
		uint32_t arguments = step->state & ARGUMENTS;

		reach_blocks(follow, body, step->state, depth);
		if (arguments && !is_switch(step->body->unit, &step->body->listing, step->instruction) &&
		    arguments & registers_given_by_table(step))
			escape(step, "hands its address to a function called through a pointer");
	} else {
		call(step, strchr(step->instruction->text, '*') != NULL);
		follow->returned |= step->state & BIT(RAX);
	}
}

// push, pop, sub $0x18,%rsp, lea -8(%rsp),%rsp; what else writes rsp makes the frame one place.
static int32_t depth_behind(struct step *step)
{
	const char *name = step->instruction->mnemonic;
	int32_t depth = step->body->depths[step->instruction - step->body->listing.at];
	unsigned count = parse_operands(step->instruction, step->operands);
	const struct operand *to = &step->operands[count ? count - 1 : 0];
	bool moves = count == 2 && to->kind == REGISTER && to->number == RSP && step->operands[0].plain;

	if (starts(name, "push"))
		return depth + 8;
	if (starts(name, "pop"))
		return depth - 8;
	if (starts(name, "leave"))
		return step->follow->based ? step->follow->base_depth - 8 : depth;
	if (!strcmp(step->instruction->text, "mov    %rsp,%rbp"))
		step->follow->base_depth = depth;
	if (count == 0 || to->kind != REGISTER || to->number != RSP || starts(name, "cmp") ||
	    starts(name, "test"))
		return depth;
	if (moves && starts(name, "sub") && step->operands[0].kind == IMMEDIATE)
		return depth + (int32_t)step->operands[0].displacement;
	if (moves && starts(name, "add") && step->operands[0].kind == IMMEDIATE)
		return depth - (int32_t)step->operands[0].displacement;
	if (moves && starts(name, "lea") && step->operands[0].base == RSP &&
	    step->operands[0].index == NO_REGISTER)
		return depth - (int32_t)step->operands[0].displacement;
	if (!step->follow->coarse)
		step->follow->coarse = step->follow->grown = true;
	return depth;
}

static void step_over(struct follow *follow, size_t body, size_t at)
{
	struct step step = {.follow = follow,
			    .body = &follow->bodies.at[body],
			    .instruction = &follow->bodies.at[body].listing.at[at],
			    .state = follow->bodies.at[body].states[at]};
	const char *name = step.instruction->mnemonic;

	if (starts(name, "notrack "))
		name += strlen("notrack ");
	if (starts(name, "ret")) {
		follow->returned |= (step.state & BIT(RAX)) != 0;
		return;
	}
	if (starts(name, "call"))
		call(&step, strchr(step.instruction->text, '*') != NULL);
	else if (starts(name, "jmp"))
		return jump(&step, body, true);
	else if (*name == 'j')
		jump(&step, body, false);
	else
		compute(&step);
	if (!starts(name, "ud2") && !starts(name, "hlt"))
		reach(follow, body, at + 1, step.state, depth_behind(&step));
}

static void run(struct follow *follow, const struct unit *unit, uint32_t state)
{
	reach(follow, body_of(follow, unit), 0, state, 0);
	while (follow->work.count && !follow->why) {
		uint64_t next = follow->work.at[--follow->work.count];

		if (follow->escapes->steps++ > STEPS_MAX) {
			follow->why = "is too large to be followed";
			follow->in = unit;
			break;
		}
		step_over(follow, next >> 32, next & UINT32_MAX);
	}
}

static bool frame_held_it(const struct follow *follow)
{
	for (size_t b = 0; b < follow->bodies.count; b++)
		for (size_t i = 0; i < follow->bodies.at[b].listing.count; i++)
			if (follow->bodies.at[b].states[i] & BIT(FRAME))
				return true;
	return false;
}

// A slot that is found late may have been read before.
static void run_until_stable(struct follow *follow, const struct unit *unit, uint32_t state)
{
	do {
		follow->bodies.count = follow->work.count = 0;
		follow->grown = false;
		run(follow, unit, state);
	} while (follow->grown && !follow->why);
}

static void follow_function(struct follow *follow, const struct unit *unit, uint32_t state)
{
	if (follow->depth > DEPTH_MAX) {
		follow->why = "hands its address on too far to be followed";
		follow->in = unit;
		return;
	}
	run_until_stable(follow, unit, state);
	// A frame that holds the address is a way to it: once more, with the addresses of frames.
	if (!follow->why && frame_held_it(follow)) {
		follow->frames = true;
		run_until_stable(follow, unit, state);
	}
	free(follow->slots.at);
	free(follow->bodies.at);
	free(follow->work.at);
}

// ---- for the checks -----------------------------------------------------------------------------------------------

struct escapes *escapes_new(struct diff *diff)
{
	struct escapes *escapes = xalloc(sizeof(*escapes));

	*escapes = (struct escapes){.diff = diff, .arena = arena_new(), .ignored = diags_new()};
	return escapes;
}

void escapes_free(struct escapes *escapes)
{
	if (!escapes)
		return;
	for (size_t i = 0; i < escapes->objects.count; i++)
		object_free(escapes->objects.at[i]);
	free(escapes->objects.at);
	strmap_free(escapes->functions);
	diags_free(escapes->ignored);
	arena_free(escapes->arena);
	free(escapes);
}

static bool holds_addresses(const struct unit *datum)
{
	for (size_t i = 0; i < datum->reloc_count; i++) {
		const struct unit *target = datum->relocs[i].target;

		if (target && target->kind != UNIT_FUNCTION && target->match &&
		    target->match->status == UNIT_CHANGED)
			return true;
	}
	return false;
}

// e8, e9, 0f 8x, or ff 15/25 by a slot: the callee's address goes nowhere.
static bool is_call(const struct unit *unit, const struct reloc *reloc)
{
	const uint8_t *field = unit->section->data + reloc->offset;
	uint64_t before = reloc->offset - unit->offset;

	if (unit->kind != UNIT_FUNCTION || !before)
		return false;
	if (reloc->info->kind == RELOC_GOT)
		return before >= 2 && field[-2] == 0xff && (field[-1] == 0x15 || field[-1] == 0x25);
	return field[-1] == 0xe8 || field[-1] == 0xe9 ||
	       (before >= 2 && field[-2] == 0x0f && (field[-1] & 0xf0) == 0x80);
}

static bool callers_keep(struct escapes *escapes, const struct unit *function, bool points, unsigned depth,
			 struct escape *escape);

static bool keeps(struct follow *follow, const struct unit *function, struct escape *escape)
{
	struct escapes *escapes = follow->escapes;
	bool points = follow->points;
	unsigned depth = follow->depth;

	follow_function(follow, function, 0);
	if (follow->why) {
		*escape = (struct escape){.in = follow->in, .at = follow->where, .how = follow->why};
		return true;
	}
	return follow->returned && callers_keep(escapes, function, points, depth + 1, escape);
}

static bool callers_in(struct escapes *escapes, const struct object *object, const struct unit *function,
		       bool points, unsigned depth, struct escape *escape)
{
	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];
		bool calls = false;

		if (!(unit->section->flags & SECTION_ALLOC) ||
		    (unit->section->role != ROLE_CODE && unit->section->role != ROLE_DATA))
			continue;
		for (size_t r = 0; r < unit->reloc_count; r++) {
			if (!means(&unit->relocs[r], function))
				continue;
			if (!is_call(unit, &unit->relocs[r])) {
				*escape = (struct escape){
					.in = function,
					.how = "returns its address, and may be called through a pointer"};
				return true;
			}
			calls = true;
		}
		if (!calls)
			continue;
		if (unit->owner && unit->owner->kind == UNIT_FUNCTION)
			unit = unit->owner;
		struct follow follow = {
			.escapes = escapes, .source = function, .points = points, .depth = depth};

		if (keeps(&follow, unit, escape))
			return true;
	}
	return false;
}

/*
 * What FUNCTION returns goes on in its callers. Those are not replaced, but what a frame holds of an old call is
 * nothing but an old call's result; only what they store stays.
 */
static bool callers_keep(struct escapes *escapes, const struct unit *function, bool points, unsigned depth,
			 struct escape *escape)
{
	if (depth > DEPTH_MAX) {
		*escape =
			(struct escape){.in = function, .how = "hands its address on too far to be followed"};
		return true;
	}
	if (!is_global(function))
		return callers_in(escapes, function->object, function, points, depth, escape);
	escape->returned_by = function->name;
	if (!escapes->functions)
		load_functions(escapes);
	for (size_t i = 0; i < escapes->objects.count; i++)
		if (callers_in(escapes, escapes->objects.at[i], function, points, depth, escape))
			return true;
	return false;
}

bool address_escapes(struct escapes *escapes, const struct unit *function, const struct unit *datum,
		     struct escape *escape)
{
	struct follow follow = {
		.escapes = escapes, .datum = datum, .name = datum->name, .points = holds_addresses(datum)};

	*escape = (struct escape){0};
	if (function->object->arch->machine != EM_X86_64)
		return false;
	return keeps(&follow, function, escape);
}
