// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of strings: one string changes, the table and its reader with it.
static const char *const names[] = {
	"none", "read",
#ifdef OLD
	"write",
#else
	"append",
#endif
	"both"};
static const char *const kinds[] = {"file", "directory", "link"};

const char *name_of(int i)
{
	return names[i & 3];
}

const char *kind_of(int i)
{
	return kinds[i % 3];
}
