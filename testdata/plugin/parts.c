// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Functions that GCC takes apart: .part (the rest of one whose beginning is inlined), .cold (what is not expected to run), .isra
 * (a parameter is replaced by what it points to), here of two clones of one name, which exchange their numbers.
 */
extern void use(int);
extern void fail(int) __attribute__((cold, noreturn));

struct point {
	int x, y, z[20];
};

static int check(int x)
{
	if (x < 10)
		return x;
	for (int i = 0; i < x; i++) {
		use(i);
		use(x ^ i);
		for (int k = i; k < 100; k += 3) {
			use(k * 3);
			use(k ^ i);
			use(x - k * 5);
		}
		if (i == 77)
			fail(i);
		use(i - 3);
		use(i / 3);
	}
	use(3);
#ifdef NEW
	use(4);
#endif
	return x * 2;
}

int check_one(int x)
{
	return check(x) + 1;
}

int check_two(int x)
{
	return check(x * 3) - 1;
}

int check_three(int x)
{
	return check(x ^ 5) * 7;
}

static __attribute__((noinline)) int sum(const struct point *point, int kind)
{
	int both = point->y + point->x;

	for (int i = 0; i < both; i++) {
		use(i * kind);
		if (kind == 2)
			use(-i);
	}
#ifdef NEW
	use(9);
#endif
	return both;
}

int sums(struct point *points, int x)
{
#ifdef OLD
	int one = sum(points, 1) + sum(points + 1, 1), two = sum(points + 2, 2) * sum(points + 3, 2);
#else
	int two = sum(points + 2, 2) * sum(points + 3, 2), one = sum(points, 1) + sum(points + 1, 1);
#endif
	return one * two + x;
}
