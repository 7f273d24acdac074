// SPDX-License-Identifier: GPL-3.0-or-later
// Live data becomes constant.
#ifdef NEW
const
#endif
int level = 10;
int *reference(void)
{
	return (int *)&level;
}
