# SPDX-License-Identifier: MIT
# A payload with every relocation that linking knows, in each region, and one section that is not loaded.
	.text
	.globl	body
	.type	body, @function
body:
	endbr64
	call	outside
	movl	outside_data(%rip), %eax
	leaq	table(%rip), %rdx
	addl	$7, counter(%rip)
	jmp	*slot(%rip)
	.size	body, . - body

	.section .text.prologue, "ax", @progbits
	.globl	prologue
	.type	prologue, @function
prologue:
	pushq	%rbp
	jmp	outside + 1
	.size	prologue, . - prologue

	.section .text.absolute, "ax", @progbits
	.globl	absolute
	.type	absolute, @function
absolute:
	movl	$outside, %eax
	movq	$outside_data + 4, %rax
	ret
	.size	absolute, . - absolute

	.section .text.thread, "ax", @progbits
	.globl	thread
	.type	thread, @function
thread:
	movq	%fs:0, %rax
	.reloc	., R_X86_64_TPOFF32, offset32
	.long	0
	.reloc	., R_X86_64_DTPOFF32, offset32
	.long	0
	.reloc	., R_X86_64_TPOFF64, offset64
	.quad	0
	.reloc	., R_X86_64_DTPOFF64, offset64
	.quad	0
	.reloc	., R_X86_64_NONE
	ret
	.size	thread, . - thread

	.section .rodata, "a", @progbits
	.balign	32
	.type	table, @object
table:
	.quad	body, table + 8, outside_data - 4, weak
	.long	outside - .
	.quad	outside - .
	.size	table, . - table

	.data
	.balign	16
	.type	counter, @object
	.globl	counter
counter:
	.quad	3, body + 4, nowhere
	.size	counter, . - counter

	.bss
	.balign	64
	.type	zeros, @object
zeros:
	.zero	100
	.size	zeros, . - zeros

	.weak	weak
	.section .note.GNU-stack, "", @progbits
