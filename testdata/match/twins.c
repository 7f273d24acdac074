// SPDX-License-Identifier: GPL-3.0-or-later
// Uses both copies of twin.c.
long run_one(long value), run_two(long value);

int main(int argc, char **argv)
{
	(void)argv;
	return (int)(run_one(argc) + run_two(argc));
}
