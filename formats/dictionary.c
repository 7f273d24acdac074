// SPDX-License-Identifier: MIT
// The preset dictionary of deflated chunks (doc/hp-format.md, "Dictionary"): what most packages have in common. Each
// word ends with a NUL, the last one too. It can never change: streams name it by its Adler-32.
#include "formats/package.h"

// clang-format off
static const char words[] =
	"\"severity\":\"\",\"url\":\"\",\"title\":\"\"\0"
	"\"requires\":[\"\"],\"supersedes\":[\"\"]\0"
	"\"uncovered\":[{\"image\":\"\",\"reason\":\"\"}],\"overridden\":[{\"code\":\"\",\"object\":\"\",\"symbol\":\"\",\"message\":\"\"}]\0"
	"{\"schema\":1,\"id\":\"KB\",\"fixes\":[\"CVE-20\0"
	"\"],\"targets\":[{\"image\":\"lib\",\"paths\":\"\",\"build_id\":\"\",\"replaced\":[\"\"],\"new_functions\":[\"\"],\"new_data\":[\"\"]}]\0"
	",\"appliers\":[{\"applier\":\"process\",\"possible\":true},{\"applier\":\"libcare\",\"possible\":true}\0"
	",{\"applier\":\"upatch\",\"possible\":true},{\"applier\":\"libpulp\",\"possible\":false,\"reason\":\"image has no entry padding\"}\0"
	",{\"applier\":\"klp\",\"possible\":false,\"reason\":\"not a kernel\"},{\"applier\":\"xen\",\"possible\":false,\"reason\":\"not a hypervisor\"}]\0"
	",\"tool\":{\"name\":\"hp-build\",\"version\":\"0.1.0\"}}\0"
	".rela.text.\0"
	".rela.rodata\0"
	".rela.data.rel.ro\0"
	".rodata.str1.1\0"
	".rodata.str1.8\0"
	".rodata.cst\0"
	".hp.got\0"
	".hp.plt\0"
	".hp.prologue\0"
	".rela.hp.got\0"
	".rela.hp.plt\0"
	".rela.hp.prologue\0"
	".rela.eh_frame\0"
	".symtab\0"
	".strtab\0"
	".shstrtab\0"
	"hp.prologue.\0"
	"hp.old.\0"
	".interp\0"
	".note.gnu.property\0"
	".note.gnu.build-id\0"
	".note.ABI-tag\0"
	".gnu.hash\0"
	".dynsym\0"
	".dynstr\0"
	".gnu.version\0"
	".gnu.version_r\0"
	".rela.dyn\0"
	".rela.plt\0"
	".init\0"
	".plt\0"
	".plt.got\0"
	".plt.sec\0"
	".text\0"
	".fini\0"
	".rodata\0"
	".eh_frame_hdr\0"
	".eh_frame\0"
	".gcc_except_table\0"
	".tdata\0"
	".tbss\0"
	".init_array\0"
	".fini_array\0"
	".data.rel.ro\0"
	".dynamic\0"
	".got\0"
	".got.plt\0"
	".data\0"
	".bss\0";
// clang-format on

const uint8_t *get_dictionary(size_t *size)
{
	*size = sizeof(words) - 1; // without the NUL that C adds
	return (const uint8_t *)words;
}
