// SPDX-License-Identifier: GPL-2.0-only
// A module of the kernel, as one builds it outside of the kernel's tree: two statics of one name change places.
#include <linux/module.h>

static int note(const char *value, const struct kernel_param *parameter)
{
	int x;

	if (kstrtoint(value, 0, &x))
		return -EINVAL;
#ifdef OLD
	if (x > 0) {
		static int count;

		count += x;
		pr_info("plus %d\n", count);
	} else {
		static int count;

		count -= 2 * x;
		pr_info("minus %d\n", count);
	}
#else
	if (x > 1000)
		return -ERANGE;
	if (x <= 0) {
		static int count;

		count -= 2 * x;
		pr_info("minus %d\n", count);
	} else {
		static int count;

		count += x;
		pr_info("plus %d\n", count);
	}
#endif
	return 0;
}

static const struct kernel_param_ops note_operations = {.set = note};
module_param_cb(note, &note_operations, NULL, 0200);
MODULE_LICENSE("GPL");
