// SPDX-License-Identifier: GPL-3.0-or-later
// One function with several constants of one name; it changes, and the constants are numbered anew.
void tell(const char *text);
int sink(int);

#define TELL(text)                                                                                           \
	do {                                                                                                 \
		static const char message[] = text;                                                          \
		tell(message);                                                                               \
	} while (0)

int check(int x, int y)
{
	if (x > 100) {
		TELL("too large for what it is meant for");
		return -1;
	}
#ifdef NEW
	if (y > 7) {
		TELL("this one is new");
		return sink(y) + x;
	}
#endif
	if (x < 5) {
		TELL("too small for what it is meant for");
		return -2;
	}
	if (y < 5) {
		TELL("too small for what it is meant for");
		return sink(-3);
	}
	return x;
}
