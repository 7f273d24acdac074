// SPDX-License-Identifier: GPL-3.0-or-later
// Two fields of one size change places: nothing but the layout tells.
struct limits {
#ifdef OLD
	int soft, hard;
#else
	int hard, soft;
#endif
	int others[4];
};
struct limits limits;

int allowed(int n)
{
	return n < limits.soft;
}
