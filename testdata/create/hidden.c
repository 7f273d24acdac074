// SPDX-License-Identifier: GPL-3.0-or-later
// Its hidden function is global in the object and local in the image.
int outside[1100];

__attribute__((visibility("hidden"), noinline)) int hidden_global(int x)
{
	return x * 31 + outside[x & 7];
}

int (*volatile keep)(int) = hidden_global;
