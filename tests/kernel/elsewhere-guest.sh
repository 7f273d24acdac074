# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC1091
# Runs in a guest of another build of the kernel: neither the applier nor the module itself may activate the package.
. /common.sh

hp-apply --trust=none /traps.hp >/tmp/said 2>&1
status=$?
sed 's/^/# /' /tmp/said
check package_for_another_build_is_refused [ $status = 2 ]
check its_code_is_image_not_found grep -q '\[image-not-found\]' /tmp/said
insmod /hp_traps.ko >/tmp/said 2>&1
status=$?
sed 's/^/# /' /tmp/said
check module_itself_refuses_another_build [ $status != 0 ]
check module_says_why sh -c 'dmesg | grep "hp_traps" | grep -q "build"'
check nothing_is_active [ -z "$(ls /sys/kernel/livepatch)" ]
