// SPDX-License-Identifier: GPL-3.0-or-later
// Every mapping is made by the target itself (remote.c) and is never unmapped: threads, callbacks and saved
// contexts may point into it for ever.
#include "apply/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "apply/remote.h"
#include "apply/space.h"
#include "apply/task.h"

enum { PAGE = 4096, REGION_MIN = 1 << 16, STUB_SLOTS = (CONTROL_RECORDS - CONTROL_STUBS) / STUB_SIZE };

// Where the stub of the next call goes: in the control block when there is one, else behind some image's code.
static uint64_t find_stub(struct session *session)
{
	uint8_t stub[STUB_SIZE];
	uint64_t *left = NULL, place;
	size_t count = 0;

	for (size_t i = 0; session->control && i < STUB_SLOTS; i++) {
		uint64_t at = session->control->address + CONTROL_STUBS + i * STUB_SIZE;

		if (!process_read(session->process, at, stub, sizeof(stub)) && !stub[0] &&
		    !memcmp(stub, stub + 1, STUB_SIZE - 1))
			return at;
	}
	place = stub_place(session->process, &left, &count);
	free(left);
	return place;
}

uint64_t *memory_used_stubs(const struct session *session, size_t *count)
{
	uint8_t stub[STUB_SIZE];
	uint64_t *list = NULL;

	*count = 0;
	stub_place(session->process, &list, count);
	list = xrealloc(list, (*count + STUB_SLOTS) * sizeof(*list));
	for (size_t i = 0; session->control && i < STUB_SLOTS; i++) {
		uint64_t at = session->control->address + CONTROL_STUBS + i * STUB_SIZE;

		if (!process_read(session->process, at, stub, sizeof(stub)) && stub_is(stub))
			list[(*count)++] = at;
	}
	return list;
}

void memory_clear_stubs(const struct session *session, const uint64_t *stubs, size_t count)
{
	static const uint8_t zero[STUB_SIZE];

	for (size_t i = 0; i < count; i++)
		process_write(session->process, stubs[i], zero, sizeof(zero));
}

static int map_there(struct session *session, uint64_t address, uint64_t size, uint32_t protection)
{
	struct remote_map map = {.address = address, .size = size, .protection = (int)protection};
	int error;

	map.stub = find_stub(session);
	if (!map.stub)
		return session_refuse(
			session, "no-space-near",
			"no free bytes behind the code of any of its images for the remote call");
	error = remote_mmap(session->process, &map, session->deadline);
	if (error && map.code)
		return session_refuse(session, map.code, "%s; nothing changed", map.message);
	if (error && error != -EEXIST && error != -EAGAIN)
		return session_fail(session, error, "mapping memory in it");
	session->mapped += error ? 0 : size;
	return error;
}

int memory_ensure_control(struct session *session)
{
	const char *message = NULL;
	uint64_t address = session->control ? 0 : control_find_blank(session->process);

	if (session->control)
		return 0;
	while (!address) {
		int error;

		if (process_read_maps(session->process))
			return session_fail(session, -ESRCH, "reading its maps");
		address = space_low(session->process, CONTROL_SIZE);
		if (!address)
			return session_refuse(session, "no-space-near", "no free page below 2 GiB");
		error = map_there(session, address, CONTROL_SIZE, PROT_READ | PROT_EXEC);
		if (error == -1)
			return -1;
		if (error && monotonic_ns() >= session->deadline)
			return session_fail(session, -EAGAIN, "mapping memory in it");
		if (error)
			address = 0;
	}
	if (process_read_maps(session->process) || control_create(session->process, address))
		return session_fail(session, -EIO, "writing the control block");
	session->control = control_find(session->process, &message);
	if (!session->control)
		return session_refuse(session, "target-modified", "its control block cannot be read back");
	return 0;
}

uint32_t memory_ensure_image(struct session *session, const struct image *image)
{
	uint32_t index = session_image(session, image);
	struct control_image record = {
		.base = image->base,
		.bias = image->bias,
		.start = image->start,
		.end = image->end,
		.build_id_size = (uint32_t)image->build_id_size,
		.name = image->path,
	};
	int error;

	if (index != CONTROL_NONE)
		return index;
	memcpy(record.build_id, image->build_id, image->build_id_size);
	error = control_add_image(session->control, &record);
	if (error) {
		session_fail(session, error, "writing the control block");
		return CONTROL_NONE;
	}
	return (uint32_t)(session->control->images.count - 1);
}

// A region beside an image that was unmapped and is there again serves again.
static bool is_near(const struct control *control, const struct control_region *region, uint32_t index)
{
	const struct control_image *image = &control->images.at[index],
				   *its = &control->images.at[region->image];

	return image->start == its->start && image->end == its->end;
}

static bool has_room(const struct control *control, const struct control_region *region, uint32_t index,
		     uint32_t protection, uint64_t size, uint64_t align, uint64_t *address)
{
	uint64_t at = (region->used + align - 1) & ~(align - 1);

	if (!is_near(control, region, index) || region->protection != protection || !region->mapped ||
	    at > region->size || size > region->size - at)
		return false;
	*address = region->address + at;
	return true;
}

// Recorded before it is mapped, so that the next applier finds it when this one dies in between.
static int map_region(struct session *session, uint32_t index, uint32_t protection, uint64_t size)
{
	for (unsigned attempt = 0;; attempt++) {
		const struct image *image;
		struct control_region region = {.image = index, .protection = protection, .size = size};
		int error;

		if (process_read_maps(session->process))
			return session_fail(session, -ESRCH, "reading its maps");
		image = session_live_image(session, index);
		region.address = image ? space_near(session->process, image, size, attempt % 8) : 0;
		if (!region.address)
			return session_refuse(session, "no-space-near",
					      "no free %" PRIu64 " KiB within 2 GiB of its image",
					      size >> 10);
		error = control_add_region(session->control, &region);
		if (error)
			return session_fail(session, error, "writing the control block");
		error = map_there(session, region.address, size, protection);
		if (error == -1)
			return -1;
		if (!error)
			break;
		if (monotonic_ns() >= session->deadline)
			return session_fail(session, -EAGAIN, "mapping memory in it");
	}
	if (process_read_maps(session->process) ||
	    control_mark_region(session->control,
				&session->control->regions.at[session->control->regions.count - 1]))
		return session_fail(session, -EIO, "writing to new memory");
	return 0;
}

uint64_t memory_region_size(uint64_t size, uint64_t align)
{
	return ((size + align + CONTROL_REGION_MARK + PAGE - 1) & ~(uint64_t)(PAGE - 1)) + REGION_MIN - PAGE;
}

int memory_reserve(struct session *session, uint32_t index, uint32_t protection, uint64_t size,
		   uint64_t align, uint64_t *address)
{
	for (size_t i = 0; i < session->control->regions.count; i++) {
		if (has_room(session->control, &session->control->regions.at[i], index, protection, size,
			     align, address))
			return 0;
	}
	if (map_region(session, index, protection, memory_region_size(size, align)))
		return -1;
	if (has_room(session->control, &session->control->regions.at[session->control->regions.count - 1],
		     index, protection, size, align, address))
		return 0;
	return session_refuse(session, "no-space-near", "a new region has no room");
}
