// SPDX-License-Identifier: GPL-3.0-or-later
// GCC turns these into CSWTCH tables. A third one comes before them; the second changes a value.
#define TABLE(name, v)                                                                                       \
	int name(unsigned x)                                                                                 \
	{                                                                                                    \
		switch (x) {                                                                                 \
		case 0: return 17;                                                                           \
		case 1: return 4;                                                                            \
		case 2: return 99;                                                                           \
		case 3: return v;                                                                            \
		case 4: return 12;                                                                           \
		case 5: return 5;                                                                            \
		}                                                                                            \
		return -1;                                                                                   \
	}

#ifdef NEW
TABLE(added, 1000)
#endif
TABLE(kept, 33)
#ifdef OLD
TABLE(changed, 44)
#else
TABLE(changed, 55)
#endif
