// SPDX-License-Identifier: GPL-3.0-or-later
// main() for programs made of something else.
int call_chosen(int value) __attribute__((weak));

int main(int argc, char **argv)
{
	(void)argv;
	return call_chosen ? call_chosen(argc) : 0;
}
