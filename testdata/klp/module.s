# SPDX-License-Identifier: GPL-3.0-or-later
# What kbuild leaves of a livepatch: symbols of the kernel, of a module, one that waits for another module, one from C.
	.section .text.changed,"ax",@progbits
	.globl	hp_new_0_0
	.type	hp_new_0_0,@function
hp_new_0_0:
	call	__fentry__
	call	".klp.sym.vmlinux.static_one,2"
	movq	".klp.sym.vmlinux.counter,0"(%rip), %rax
	call	".klp.sym.other.helper,1"
	call	".klp.sym.other.helper,1#waiting"
	movq	$hp_vmlinux_init_uts_ns, %rdi
	jmp	printk
	.size	hp_new_0_0, .-hp_new_0_0
	.data
	.quad	".klp.sym.vmlinux.counter,0", hp_new_0_0
