// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of structures and unions without a name of their own, and of one that only a typedef names, change places.
typedef struct {
#ifdef OLD
	int soft, hard;
#else
	int hard, soft;
#endif
} limits;

struct session {
	int id;
	union {
		struct {
#ifdef OLD
			short low, high;
#else
			short high, low;
#endif
		} range;
		int whole;
	} span;
	struct {
		unsigned ready : 1, closed : 1;
#ifdef OLD
		unsigned state : 4, level : 4;
#else
		unsigned level : 4, state : 4;
#endif
	};
	limits limits;
};
struct session session;
limits defaults;

int allowed(int n)
{
	return n < session.limits.soft && n > session.span.range.low && session.state != 3 && n < defaults.hard;
}
