// SPDX-License-Identifier: GPL-3.0-or-later
// Thread-local variables in every model that -ftls-model= and visibility give, in mov and add forms.
extern __thread int imported;
__thread int exported = 1;
static __thread long local[4] = {2, 3};
static __thread long zero;

__attribute__((noinline)) int *address_of_imported(void)
{
	return &imported;
}

__attribute__((noinline)) int read_all(int value)
{
	zero += value;
	return imported + exported + (int)local[1] + (int)local[value & 3] + (int)zero;
}

__attribute__((noinline)) void write_all(int value)
{
	imported = value;
	exported += value;
	local[0] = local[1] + value;
}
