// SPDX-License-Identifier: GPL-3.0-or-later
// Only the cold part changes: its function has changed.
__attribute__((cold)) void fail(int);
int sink(int);

int kept(int x)
{
	if (x < 0) {
		fail(1);
		sink(2);
	}
	return sink(x);
}

int changed(int x)
{
	if (x < 0) {
#ifdef OLD
		fail(1);
#else
		fail(4);
#endif
		sink(2);
	}
	return sink(x + 1);
}
