// SPDX-License-Identifier: GPL-3.0-or-later
// Overrides other.c's weak definition.
int weak_one(int value)
{
	return value | 0x123;
}
