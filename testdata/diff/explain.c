/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every function is changed in one way between -DOLD and -DNEW; the tests name them. */
#ifdef NEW
#define PICK(old, new) new
#else
#define PICK(old, new) old
#endif

extern int note(const char *text, long value);
extern int audit(long value);
extern __thread int depth;

struct settings {
	long first;
	PICK(, int added;)
	int second;
};
extern struct settings settings;
const int limits[4] = {1, 2, PICK(3, 30), 4};
int (*const handlers[2])(long) = {audit, PICK(0, audit)};

static inline __attribute__((always_inline)) long clamp(long value)
{
	return value > PICK(700, 900) ? 1 : value;
}

int immediate(void)
{
	return note("immediate", PICK(3, 5));
}

int displacement(long value)
{
	return note("displacement", value * 2 + PICK(17, 23));
}

int string(long value)
{
	return note(PICK("old \"text\"\n", "new"), value);
}

int check(long value)
{
	PICK(, if (value > 4242) return -1;)
	return note("check", value);
}

int check_gone(long value)
{
	PICK(if (value > 4242) return -1;, )
	return note("check_gone", value);
}

int call_added(long value)
{
	PICK(, audit(value);)
	return note("call_added", value) + 1;
}

int call_gone(long value)
{
	PICK(audit(value);, )
	return note("call_gone", value) + 1;
}

int call_exchanged(long value)
{
	return 1 + PICK(audit(value), note("", value));
}

int inlined(long value)
{
	return note("inlined", clamp(value));
}

int field(void)
{
	return settings.second;
}

int local(long value)
{
	depth = PICK(1, 2);
	return note("local", value);
}

int (*pointer(void))(long)
{
	return audit;
}

PICK(, int added(long value) { return note("added", value); })
PICK(int removed(long value) { return note("removed", value); }, )

int call_moved(long value)
{
	PICK(audit(7);, note("call_moved", value);)
	PICK(note("call_moved", value);, audit(7);)
	return note("end", 9);
}

#ifdef OLD
int ten = 10;
#else
int ten = 11;
#endif
