/* SPDX-License-Identifier: GPL-3.0-or-later */
int twice(int value)
{
	return 2 * value;
}
