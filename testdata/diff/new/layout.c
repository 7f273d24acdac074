/* SPDX-License-Identifier: GPL-3.0-or-later */
struct settings {
	int first;
	int added;
	int second;
	char flag;
	long last;
	int tail;
};

struct settings settings;

int second(void)
{
	return settings.second;
}

long last(void)
{
	return settings.last;
}
