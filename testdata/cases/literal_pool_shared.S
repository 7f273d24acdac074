// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers and addresses of three functions in one pool behind them: who reads what did not change is the same, though more was
// put into the pool in front of it.
// where: aarch64
// expect: changed f; changed k; maybe refuse no-function-sections
// reason f: =0x1122334455667788 =0x1122334455667799
// reason k: =use =other
	.text
	.globl f
	.type f, %function
f:
#ifdef NEW
	ldr x0, =0x1122334455667799
	ldr x1, =0x1111111122222222
#else
	ldr x0, =0x1122334455667788
	nop
#endif
	ret
	.size f, .-f
	.globl g
	.type g, %function
g:
	ldr x0, =0x1122334455667755
	ldr w1, =0x12345678
	ret
	.size g, .-g
	.globl h
	.type h, %function
h:
	ldr x0, =use
	ldr w1, =0x12345678
	ldr x2, =0x1122334455667755
	ret
	.size h, .-h
	.globl k
	.type k, %function
k:
#ifdef NEW
	ldr x0, =other
#else
	ldr x0, =use
#endif
	ret
	.size k, .-k
	.ltorg
