// SPDX-License-Identifier: GPL-3.0-or-later
// Two functions with a jump table; in one of them two cases exchange their places in the table only.
int a(void), b(void), c(void), d(void), e(void), f(void);

int kept(int x)
{
	switch (x) {
	case 0: return a();
	case 1: return b();
	case 2: return c() + 1;
	case 3: return d();
	case 4: return e() + 2;
	case 5: return f();
	}
	return 0;
}

int changed(int x)
{
	switch (x) {
#ifdef OLD
	case 0: return a();
	case 1: return b();
#else
	case 1: return a();
	case 0: return b();
#endif
	case 2: return c() + 1;
	case 3: return d();
	case 4: return e() + 2;
	case 5: return f();
	}
	return 0;
}
