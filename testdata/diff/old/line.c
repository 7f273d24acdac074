/* SPDX-License-Identifier: GPL-3.0-or-later */
void failed(const char *what, int line);

void demand(int value)
{
	if (!value)
		failed("value", __LINE__);
}
