// SPDX-License-Identifier: GPL-3.0-or-later
// A number behind the code of f, where the assembler puts what `ldr =` loads: it lies in no symbol.
// where: aarch64
// expect: changed f; maybe refuse no-function-sections f
// reason f: 0x1122334455667788 0x1122334455667799
	.text
	.globl f
	.type f, %function
f:
#ifdef NEW
	ldr x0, =0x1122334455667799
#else
	ldr x0, =0x1122334455667788
#endif
	ret
	.size f, .-f
	.ltorg
	.balign 16
	.globl g
	.type g, %function
g:
	ldr x0, =0x1122334455667755
	ret
	.size g, .-g
