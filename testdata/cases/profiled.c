// SPDX-License-Identifier: GPL-3.0-or-later
// A build guided by a profile puts parts into .text.hot, .text.unlikely and .text.startup. One number changed; the profile
// is the same.
// where: gcc x86_64 O2 pie !ubsan !kasan
// build: profile
// expect: changed seldom
static volatile long sum;
#ifdef NEW
#define STEP 71
#else
#define STEP 70
#endif
__attribute__((noipa)) void seldom(long value)
{
	sum += value * STEP;
	if (value == 123456)
		sum = 3;
}
__attribute__((noipa)) void often(long value)
{
	sum += value;
	if (value == 99999999)
		sum = value * 17;
}
int main(void)
{
	for (long i = 0; i < 100000; i++)
		often(i);
	seldom(3);
	return 0;
}
