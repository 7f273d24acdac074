// SPDX-License-Identifier: GPL-3.0-or-later
// A table that the linker puts together from a section: NEW adds an entry, which nothing in the objects refers to.
#include <unistd.h>

typedef int (*command)(int);

extern const command __start_commands[], __stop_commands[];

__attribute__((noinline)) int twice(int x)
{
#ifdef NEW
	x++;
#endif
	return x * 2;
}

static const command first __attribute__((section("commands"), used)) = twice;

#ifdef NEW
static int thrice(int x)
{
	return x * 3;
}

static const command second __attribute__((section("commands"), used)) = thrice;
#endif

int main(void)
{
	int sum = 1;

	while (sum) {
		for (const command *each = __start_commands; each < __stop_commands; each++)
			sum += (*each)(sum & 7);
		sleep(1);
	}
	return 0;
}
