// SPDX-License-Identifier: GPL-3.0-or-later
// Where thread.c imports from.
__thread int imported = 77;
