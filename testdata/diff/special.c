// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of the kernel's kind: jump labels and bug entries belong to the function that they point into.
extern long first_key, second_key;
int sink(int);

#define JUMP_LABEL(key, label)                                                                               \
	__asm__ goto("1: .byte 0x0f, 0x1f, 0x44, 0, 0\n"                                                     \
		     ".pushsection __jump_table, \"aw\"\n"                                                   \
		     ".balign 8\n"                                                                           \
		     ".long 1b - ., %l[" #label "] - .\n"                                                    \
		     ".quad " #key " - .\n"                                                                  \
		     ".popsection\n"                                                                         \
		     :                                                                                       \
		     :                                                                                       \
		     :                                                                                       \
		     : label)
#define BUG(line)                                                                                            \
	__asm__ volatile("1: ud2\n"                                                                          \
			 ".pushsection __bug_table, \"aw\"\n"                                                \
			 "2: .long 1b - .\n"                                                                 \
			 ".long %c0 - .\n"                                                                   \
			 ".word %c1\n"                                                                       \
			 ".word 0\n"                                                                         \
			 ".popsection\n"                                                                     \
			 :                                                                                   \
			 : "i"("special.c"), "i"(line))

#ifdef NEW
int added(int x)
{
	JUMP_LABEL(first_key, yes);
	return sink(x);
yes:
	return sink(x + 1);
}
#line 110 // as if much had been added
#endif

int kept(int x)
{
	JUMP_LABEL(first_key, yes);
	return sink(x + 2);
yes:
	return sink(x + 3);
}

int other_key(int x)
{
#ifdef OLD
	JUMP_LABEL(first_key, yes);
#else
	JUMP_LABEL(second_key, yes);
#endif
	return sink(x + 4);
yes:
	return sink(x + 5);
}

int moved(int x)
{
	if (x > 7)
		BUG(__LINE__);
	return sink(x + 6);
}

int other_number(int x)
{
	if (x > 8)
#ifdef OLD
		BUG(501);
#else
		BUG(502);
#endif
	return sink(x + 7);
}
