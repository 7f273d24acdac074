// SPDX-License-Identifier: GPL-3.0-or-later
// A table that the linker puts together and the program walks from __start_ to __stop_ changes. says: own_table
#ifdef NEW
asm(".pushsection own_table,\"a\",@progbits\n.long 5\n.popsection");
#else
asm(".pushsection own_table,\"a\",@progbits\n.long 4\n.popsection");
#endif

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	x++;
#endif
	return x * 9 + 5;
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
