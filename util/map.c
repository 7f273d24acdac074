// SPDX-License-Identifier: GPL-3.0-or-later
// Hash maps with open addressing and linear probing, at most three quarters full.
#include "util/util.h"

#include <stdlib.h>
#include <string.h>

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed)
{
	const uint8_t *byte = data;
	uint64_t hash = seed ^ 0x9e3779b97f4a7c15u ^ size, word;

	for (; size >= 8; byte += 8, size -= 8) {
		memcpy(&word, byte, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	for (word = 0; size; size--)
		word = word << 8 | *byte++;
	hash = (hash ^ word) * 0xc4ceb9fe1a85ec53u;
	return hash ^ hash >> 29;
}

struct strslot {
	const char *key;
	void *value;
};

struct strmap {
	struct strslot *slots;
	size_t count, room;
};

static struct strslot *find_string(const struct strmap *map, const char *key)
{
	size_t i = hash_bytes(key, strlen(key), 0) & (map->room - 1);

	while (map->slots[i].key && strcmp(map->slots[i].key, key))
		i = (i + 1) & (map->room - 1);
	return &map->slots[i];
}

struct strmap *strmap_new(void)
{
	struct strmap *map = xalloc(sizeof(*map));

	*map = (struct strmap){.room = 16};
	map->slots = calloc(map->room, sizeof(*map->slots));
	if (!map->slots)
		abort();
	return map;
}

void strmap_free(struct strmap *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map);
}

void **strmap_put(struct strmap *map, const char *key)
{
	struct strslot *slot;

	if ((map->count + 1) * 4 > map->room * 3) {
		struct strmap larger = {.room = map->room * 2};

		larger.slots = calloc(larger.room, sizeof(*larger.slots));
		if (!larger.slots)
			abort();
		for (size_t i = 0; i < map->room; i++)
			if (map->slots[i].key)
				*find_string(&larger, map->slots[i].key) = map->slots[i];
		free(map->slots);
		map->slots = larger.slots;
		map->room = larger.room;
	}
	slot = find_string(map, key);
	if (!slot->key) {
		slot->key = key;
		map->count++;
	}
	return &slot->value;
}

void *strmap_get(const struct strmap *map, const char *key)
{
	return find_string(map, key)->value;
}

size_t strmap_count(const struct strmap *map)
{
	return map->count;
}

struct intslot {
	uint64_t key;
	void *value;
	bool used;
};

struct intmap {
	struct intslot *slots;
	size_t count, room;
};

static struct intslot *find_integer(const struct intmap *map, uint64_t key)
{
	size_t i = hash_bytes(&key, sizeof(key), 0) & (map->room - 1);

	while (map->slots[i].used && map->slots[i].key != key)
		i = (i + 1) & (map->room - 1);
	return &map->slots[i];
}

struct intmap *intmap_new(void)
{
	struct intmap *map = xalloc(sizeof(*map));

	*map = (struct intmap){.room = 16};
	map->slots = calloc(map->room, sizeof(*map->slots));
	if (!map->slots)
		abort();
	return map;
}

void intmap_free(struct intmap *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map);
}

void **intmap_put(struct intmap *map, uint64_t key)
{
	struct intslot *slot;

	if ((map->count + 1) * 4 > map->room * 3) {
		struct intmap larger = {.room = map->room * 2};

		larger.slots = calloc(larger.room, sizeof(*larger.slots));
		if (!larger.slots)
			abort();
		for (size_t i = 0; i < map->room; i++)
			if (map->slots[i].used)
				*find_integer(&larger, map->slots[i].key) = map->slots[i];
		free(map->slots);
		map->slots = larger.slots;
		map->room = larger.room;
	}
	slot = find_integer(map, key);
	if (!slot->used) {
		*slot = (struct intslot){.key = key, .used = true};
		map->count++;
	}
	return &slot->value;
}

void *intmap_get(const struct intmap *map, uint64_t key)
{
	return find_integer(map, key)->value;
}
