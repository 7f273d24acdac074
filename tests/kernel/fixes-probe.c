// SPDX-License-Identifier: GPL-3.0-or-later
//
// Runs in the guest: asks the kernel for what a real fix changes. One question per call, one line as answer: "done", a number, or
// the name of an error.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_alg.h>
#include <linux/if_xdp.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534, PAGE = 4096 };

static int answer(long result)
{
	puts(result < 0 ? strerrorname_np(errno) : "done");
	return 0;
}

static int write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);
	ssize_t written = file < 0 ? -1 : write(file, text, strlen(text));

	return written < 0 ? -1 : close(file);
}

// kernel/sys.c: an auxiliary vector of one entry; what of the old one is left behind it, in bytes.
static int auxiliary_vector(void)
{
	unsigned long entry[2] = {6 /* AT_PAGESZ */, PAGE};
	char bytes[PAGE];
	int file;

	if (prctl(PR_SET_MM, PR_SET_MM_AUXV, entry, sizeof(entry), 0))
		return answer(-1);
	file = open("/proc/self/auxv", O_RDONLY);
	printf("%zd\n", read(file, bytes, sizeof(bytes)));
	return 0;
}

// ipc/util.c: a queue is wanted at the last place, which an earlier one has. Those made stay: the old code cannot take back what it
// put behind the last place, and warns when it has to.
static int message_queue(void)
{
	int got = -1;

	for (int i = 0; i < 2; i++)
		if (!write_text("/proc/sys/kernel/msg_next_id", "32767"))
			got = msgget(IPC_PRIVATE, 0600);
	return answer(got);
}

// net/ipv4/arp.c: a device name without its end.
static int neighbour(const char *device)
{
	struct arpreq request = {.arp_flags = ATF_COM | ATF_PERM};
	struct sockaddr_in *address = (void *)&request.arp_pa;

	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(0x0a090807);
	request.arp_ha.sa_family = ARPHRD_ETHER;
	memset(request.arp_dev, 'x', sizeof(request.arp_dev));
	memcpy(request.arp_dev, device, strnlen(device, sizeof(request.arp_dev)));
	return answer(ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSARP, &request));
}

static int open_cipher(const char *name)
{
	struct sockaddr_alg address = {.salg_family = AF_ALG, .salg_type = "aead"};
	int file = socket(AF_ALG, SOCK_SEQPACKET, 0);

	snprintf((char *)address.salg_name, sizeof(address.salg_name), "%s", name);
	return file < 0 || bind(file, (void *)&address, sizeof(address)) ? -1 : file;
}

// crypto/ccm.c: what /proc/crypto says of the algorithm made by this name.
static int longest_tag(const char *name)
{
	char line[256], wanted[256];
	FILE *list;
	unsigned size;
	int mine = 0;

	if (open_cipher(name) < 0)
		return answer(-1);
	snprintf(wanted, sizeof(wanted), "name         : %s\n", name);
	list = fopen("/proc/crypto", "r");
	while (list && fgets(line, sizeof(line), list)) {
		if (!strncmp(line, "name ", 5))
			mine = !strcmp(line, wanted);
		if (mine && sscanf(line, "maxauthsize : %u", &size) == 1)
			printf("%u\n", size);
	}
	return !list;
}

// crypto/af_alg.c: more associated data than an int counts.
static int associated_data(void)
{
	char room[CMSG_SPACE(sizeof(__u32)) * 2] = "";
	struct msghdr message = {.msg_control = room, .msg_controllen = sizeof(room)};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	int cipher = open_cipher("authenc(hmac(sha1),ctr(aes))"), operation;

	if (cipher < 0)
		return answer(-1);
	// The key's form is that of netlink (crypto/authenc.h): an attribute with the second key's length, then both keys.
	if (setsockopt(cipher, SOL_ALG, ALG_SET_KEY, (unsigned char[8 + 20 + 16]){8, 0, 1, 0, 0, 0, 0, 16},
		       8 + 20 + 16))
		return answer(-1);
	operation = accept(cipher, NULL, 0);
	*control = (struct cmsghdr){CMSG_LEN(sizeof(__u32)), SOL_ALG, ALG_SET_OP};
	control = CMSG_NXTHDR(&message, control);
	*control = (struct cmsghdr){CMSG_LEN(sizeof(__u32)), SOL_ALG, ALG_SET_AEAD_ASSOCLEN};
	memcpy(CMSG_DATA(control), &(__u32){0x80000000u}, sizeof(__u32));
	return answer(sendmsg(operation, &message, MSG_MORE));
}

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

// kernel/bpf/local_storage.c: the key after the only one.
static int next_storage_key(const char *group)
{
	union bpf_attr map = {.map_type = BPF_MAP_TYPE_CGROUP_STORAGE,
			      .key_size = sizeof(struct bpf_cgroup_storage_key),
			      .value_size = 8};
	struct bpf_cgroup_storage_key first, next;
	int maps = bpf(BPF_MAP_CREATE, &map);
	struct bpf_insn code[] = {
		{.code = BPF_LD | BPF_IMM | BPF_DW,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = maps},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_local_storage},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr program = {.prog_type = BPF_PROG_TYPE_CGROUP_SKB,
				  .insns = (__u64)(unsigned long)code,
				  .insn_cnt = sizeof(code) / sizeof(*code),
				  .license = (__u64)(unsigned long)"GPL",
				  .expected_attach_type = BPF_CGROUP_INET_EGRESS};
	union bpf_attr attach = {.target_fd = (__u32)open(group, O_RDONLY | O_DIRECTORY),
				 .attach_bpf_fd = (__u32)bpf(BPF_PROG_LOAD, &program),
				 .attach_type = BPF_CGROUP_INET_EGRESS};
	union bpf_attr get = {.map_fd = (__u32)maps, .next_key = (__u64)(unsigned long)&first};
	int result;

	if (bpf(BPF_PROG_ATTACH, &attach) || bpf(BPF_MAP_GET_NEXT_KEY, &get)) {
		printf("no storage: ");
		return answer(-1);
	}
	get.key = (__u64)(unsigned long)&first;
	get.next_key = (__u64)(unsigned long)&next;
	result = bpf(BPF_MAP_GET_NEXT_KEY, &get);
	answer(result);
	return bpf(BPF_PROG_DETACH, &attach);
}

// net/core/sock_map.c: a UDP socket that is bound to nothing.
static int socket_in_map(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4, .max_entries = 1};
	__u32 key = 0, value = (__u32)socket(AF_INET, SOCK_DGRAM, 0);
	union bpf_attr update = {.map_fd = (__u32)bpf(BPF_MAP_CREATE, &map),
				 .key = (__u64)(unsigned long)&key,
				 .value = (__u64)(unsigned long)&value};

	return answer(bpf(BPF_MAP_UPDATE_ELEM, &update));
}

// fs/isofs/export.c: a volume of 20 blocks in an image of 40, with a directory entry at block 30.
static int write_volume(const char *path)
{
	static unsigned char image[40 * 2048];
	unsigned char *volume = image + 16 * 2048, *root = volume + 156, *stray = image + 30 * 2048;

	memcpy(volume, "\1CD001\1", 7);
	memcpy(volume + 80, (unsigned char[]){20, 0, 0, 0, 0, 0, 0, 20}, 8);
	memcpy(volume + 120, (unsigned char[]){1, 0, 0, 1, 1, 0, 0, 1, 0, 8, 8, 0}, 12);
	memcpy(root, (unsigned char[]){34, 0, 18, 0, 0, 0, 0, 0, 0, 18, 0, 8, 0, 0, 0, 0, 8, 0}, 18);
	root[25] = 2; // a directory
	memcpy(root + 28, (unsigned char[]){1, 0, 0, 1, 1, 0}, 6);
	memcpy(image + 17 * 2048, "\377CD001\1", 7);
	memcpy(image + 18 * 2048, root, 34);
	memcpy(image + 18 * 2048 + 34, root, 34);
	image[18 * 2048 + 34 + 33] = 1; // the parent
	memcpy(stray, root, 34);
	stray[25] = 0; // a file
	return answer(write(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), image, sizeof(image)));
}

static int open_outside_volume(const char *mounted)
{
	struct {
		struct file_handle head;
		unsigned block;
		unsigned short offset, parent_offset;
		unsigned generation;
	} handle = {.head = {.handle_bytes = 12, .handle_type = 1}, .block = 30};

	return answer(open_by_handle_at(open(mounted, O_RDONLY | O_DIRECTORY), &handle.head, O_RDONLY));
}

// net/ipv4/ip_options.c: a source route by somebody without rights.
static int source_route(void)
{
	static const unsigned char options[] = {131, 7, 4, 127, 0, 0, 1, 0};

	if (setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	return answer(
		setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_OPTIONS, options, sizeof(options)));
}

// net/ipv4/raw.c: a header that says it is four bytes long.
static int short_header(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct iphdr packet[2] = {{.version = 4, .ihl = 1, .ttl = 1, .daddr = htonl(INADDR_LOOPBACK)}};

	return answer(sendto(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), packet, sizeof(packet), 0, (void *)&to,
			     sizeof(to)));
}

// fs/proc/generic.c: how many links /proc/net of a new name space has.
static int links_of_directory(void)
{
	struct stat facts;

	if (unshare(CLONE_NEWNET) || stat("/proc/self/net", &facts))
		return 1;
	printf("%lu\n", (unsigned long)facts.st_nlink);
	return 0;
}

// kernel/time/namespace.c: minus one nanosecond.
static int clock_offset(void)
{
	if (unshare(CLONE_NEWTIME))
		return answer(-1);
	return answer(write_text("/proc/self/timens_offsets", "monotonic 0 18446744073709551615"));
}

// net/xdp/xdp_umem.c: so much headroom that no packet has room behind it.
static int packet_memory(void)
{
	void *memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xdp_umem_reg area = {(__u64)(unsigned long)memory, 16 * PAGE, PAGE, 3700, 0};

	return answer(setsockopt(socket(AF_XDP, SOCK_RAW, 0), SOL_XDP, XDP_UMEM_REG, &area, sizeof(area)));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*ask)(void);
	} plain[] = {{"auxv", auxiliary_vector},    {"queue", message_queue}, {"assoclen", associated_data},
		     {"sockmap", socket_in_map},    {"route", source_route},  {"header", short_header},
		     {"links", links_of_directory}, {"offset", clock_offset}, {"umem", packet_memory}};
	static const struct {
		const char *name;
		int (*ask)(const char *);
	} with_name[] = {{"neighbour", neighbour},
			 {"tag", longest_tag},
			 {"storage", next_storage_key},
			 {"volume", write_volume},
			 {"handle", open_outside_volume}};

	for (size_t i = 0; argc == 2 && i < sizeof(plain) / sizeof(*plain); i++)
		if (!strcmp(argv[1], plain[i].name))
			return plain[i].ask();
	for (size_t i = 0; argc == 3 && i < sizeof(with_name) / sizeof(*with_name); i++)
		if (!strcmp(argv[1], with_name[i].name))
			return with_name[i].ask(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "cipher"))
		return answer(open_cipher(argv[2]));
	return 2;
}
