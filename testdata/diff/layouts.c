/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layouts that differ between -DOLD and -DNEW, and some that do not. */
#ifdef NEW
#define PICK(old, new) new
#else
#define PICK(old, new) old
#endif

typedef struct {
	int a;
	PICK(, int between;)
	int b;
} unnamed_t;

struct outer {
	int before;
	struct {
		PICK(int x; int y;, int y; int x;)
	} inner;
	union {
		int i;
		PICK(long l;, long l;)
	};
};

struct bits {
	unsigned one : 1;
	PICK(unsigned two : 3;, unsigned two : 5;)
};

struct resized {
	long same;
	char text[PICK(8, 16)];
};

struct hole {
	int a;
	PICK(, int in_the_hole;)
	long b;
};

struct more_bits {
	unsigned one : 1;
	PICK(, unsigned two : 1;)
};

union wider {
	long whole;
	PICK(, short part;)
};

struct renamed_type {
	PICK(int, unsigned) a;
};

struct same {
	int a;
	struct same *next;
};

unnamed_t first;
struct outer second;
struct bits third;
struct resized fourth;
struct hole fifth;
struct renamed_type sixth;
struct same seventh;
struct more_bits eighth;
union wider ninth;
