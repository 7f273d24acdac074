// SPDX-License-Identifier: GPL-3.0-or-later
// Equal instructions, another exception is caught: the exception table differs.
struct first {
	int x;
};
struct second {
	int x;
};
int work(int);
int guarded(int x)
{
	try {
		return work(x);
#ifdef OLD
	} catch (first &) {
#else
	} catch (second &) {
#endif
		return -1;
	}
}
