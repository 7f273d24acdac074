// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Aligns two listings. Instructions that occur once on both sides are anchors (patience diff: calls, strings and
 * odd constants make good ones); between anchors Myers' shortest edit script (Algorithmica 1, 1986) decides, up to
 * a number of differences behind which the stretch counts as replaced.
 */
#include "diff/explain.h"

#include <stdlib.h>
#include <string.h>

#define EDITS_MAX 600 // in one stretch: memory and time are its square

struct aligner {
	const size_t *old, *new_keys; // numbers that are equal where the keys are
	size_t *match;                // per old instruction: 1 + index of its counterpart, 0 none
	size_t key_count;
	size_t *old_seen, *new_seen, *new_place; // per key, for anchors; zero between uses
};

struct span {
	size_t start, end;
};

// Gives each different key a number.
static void number_keys(struct strmap *map, const struct listing *listing, size_t *numbers, size_t *count)
{
	for (size_t i = 0; i < listing->count; i++) {
		void **place = strmap_put(map, listing->at[i].key);

		if (!*place)
			*place = (void *)++*count;
		numbers[i] = (size_t)*place - 1;
	}
}

/*
 * Myers: furthest[k] is how far the furthest path on diagonal k = x - y gets with d edits. The rows of all d are
 * kept to walk back. false: more than EDITS_MAX edits.
 */
static bool align_shortest(struct aligner *aligner, struct span old, struct span new_span)
{
	long n = (long)(old.end - old.start), m = (long)(new_span.end - new_span.start);
	const size_t *a = aligner->old + old.start, *b = aligner->new_keys + new_span.start;
	long limit = n + m < EDITS_MAX ? n + m : EDITS_MAX, found = -1;
	int *rows = xalloc(sizeof(int) * (size_t)((limit + 1) * (limit + 1) + 2 * limit + 3));

	// row d holds diagonals -d..d at rows[d * d + d + k]
	for (long d = 0; d <= limit && found < 0; d++) {
		int *row = rows + d * d + d, *before = d ? rows + (d - 1) * (d - 1) + (d - 1) : NULL;

		for (long k = -d; k <= d; k += 2) {
			long x = 0, y;

			if (d && (k == -d || (k != d && before[k - 1] < before[k + 1])))
				x = before[k + 1];
			else if (d)
				x = before[k - 1] + 1;
			y = x - k;
			while (x < n && y < m && y >= 0 && a[x] == b[y])
				x++, y++;
			row[k] = (int)x;
			if (x >= n && y >= m) {
				found = d;
				break;
			}
		}
	}
	for (long d = found, x = n, y = m; d >= 0; d--) {
		int *before = d ? rows + (d - 1) * (d - 1) + (d - 1) : NULL;
		long k = x - y, from_k, from_x = 0, from_y = 0;

		if (d) {
			from_k = k == -d || (k != d && before[k - 1] < before[k + 1]) ? k + 1 : k - 1;
			from_x = before[from_k];
			from_y = from_x - from_k;
		}
		while (x > from_x && y > from_y && a[x - 1] == b[y - 1]) {
			x--, y--;
			aligner->match[old.start + (size_t)x] = new_span.start + (size_t)y + 1;
		}
		x = from_x;
		y = from_y;
	}
	free(rows);
	return found >= 0;
}

struct anchor {
	size_t old, new_at;
	size_t before; // 1 + index of the anchor before it in the longest chain, 0 none
};

// Longest chain of anchors that rises on both sides; marks its members as matched. Returns their number.
static size_t match_rising(struct aligner *aligner, struct anchor *anchors, size_t count)
{
	size_t *tops = xalloc((count + 1) * sizeof(*tops)), length = 0, at, chain;

	for (size_t i = 0; i < count; i++) {
		size_t low = 0, high = length;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (anchors[tops[middle]].new_at < anchors[i].new_at)
				low = middle + 1;
			else
				high = middle;
		}
		anchors[i].before = low ? tops[low - 1] + 1 : 0;
		tops[low] = i;
		if (low == length)
			length++;
	}
	for (at = length ? tops[length - 1] + 1 : 0, chain = 0; at; at = anchors[at - 1].before, chain++)
		aligner->match[anchors[at - 1].old] = anchors[at - 1].new_at + 1;
	free(tops);
	return chain;
}

static size_t match_anchors(struct aligner *aligner, struct span old, struct span new_span)
{
	VEC(struct anchor) anchors = {0};
	size_t chain = 0;

	for (size_t i = old.start; i < old.end; i++)
		aligner->old_seen[aligner->old[i]]++;
	for (size_t i = new_span.start; i < new_span.end; i++) {
		aligner->new_seen[aligner->new_keys[i]]++;
		aligner->new_place[aligner->new_keys[i]] = i;
	}
	for (size_t i = old.start; i < old.end; i++) {
		size_t key = aligner->old[i];

		if (aligner->old_seen[key] == 1 && aligner->new_seen[key] == 1)
			*vec_push(&anchors) = (struct anchor){.old = i, .new_at = aligner->new_place[key]};
	}
	for (size_t i = old.start; i < old.end; i++)
		aligner->old_seen[aligner->old[i]] = 0;
	for (size_t i = new_span.start; i < new_span.end; i++)
		aligner->new_seen[aligner->new_keys[i]] = 0;
	if (anchors.count)
		chain = match_rising(aligner, anchors.at, anchors.count);
	free(anchors.at);
	return chain;
}

static void align_stretch(struct aligner *aligner, struct span old, struct span new_span)
{
	while (old.start < old.end && new_span.start < new_span.end &&
	       aligner->old[old.start] == aligner->new_keys[new_span.start])
		aligner->match[old.start++] = ++new_span.start;
	while (old.start < old.end && new_span.start < new_span.end &&
	       aligner->old[old.end - 1] == aligner->new_keys[new_span.end - 1])
		aligner->match[--old.end] = new_span.end--;
	if (old.start < old.end && new_span.start < new_span.end)
		align_shortest(aligner, old, new_span);
}

// The whole: common ends, then anchors, then each stretch between two of them.
static void align_all(struct aligner *aligner, struct span old, struct span new_span)
{
	struct span left = old, right = new_span;

	while (old.start < old.end && new_span.start < new_span.end &&
	       aligner->old[old.start] == aligner->new_keys[new_span.start])
		aligner->match[old.start++] = ++new_span.start;
	while (old.start < old.end && new_span.start < new_span.end &&
	       aligner->old[old.end - 1] == aligner->new_keys[new_span.end - 1])
		aligner->match[--old.end] = new_span.end--;
	if (!match_anchors(aligner, old, new_span)) {
		align_stretch(aligner, old, new_span);
		return;
	}
	left.start = old.start;
	right.start = new_span.start;
	for (size_t i = old.start; i < old.end; i++) {
		size_t match = aligner->match[i];

		if (!match || i < left.start)
			continue;
		left.end = i;
		right.end = match - 1;
		align_stretch(aligner, left, right);
		left.start = i + 1;
		right.start = match;
	}
	left.end = old.end;
	right.end = new_span.end;
	align_stretch(aligner, left, right);
}

// ---- branches -------------------------------------------------------------------------------------

static size_t index_at(const struct listing *listing, uint64_t offset)
{
	size_t low = 0, high = listing->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (listing->at[middle].at < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Branches with equal keys are equal when they lead to counterparts. A target without one (an inserted instruction
 * at the start of what followed) counts as the same when both lie in the same gap between matched instructions.
 */
static bool same_target(const struct listing *old, const struct listing *new_listing, const size_t *match,
			const size_t *gap_end, size_t old_index, size_t new_index)
{
	int64_t from = old->at[old_index].branch, to = new_listing->at[new_index].branch;
	size_t target, counterpart, low, high;

	if (from < 0 || to < 0)
		return from == to;
	target = index_at(old, (uint64_t)from);
	counterpart = index_at(new_listing, (uint64_t)to);
	if (target >= old->count)
		return counterpart >= new_listing->count;
	if (match[target] && match[target] - 1 == counterpart)
		return true;
	high = gap_end[target];
	low = target;
	while (low && !match[low - 1])
		low--;
	return counterpart >= (low ? match[low - 1] : 0) && counterpart <= high;
}

// Per old instruction: index of the first matched new one at or behind it.
static void find_gap_ends(const size_t *match, size_t old_count, size_t new_count, size_t *gap_end)
{
	size_t end = new_count;

	for (size_t i = old_count; i-- > 0;) {
		if (match[i])
			end = match[i] - 1;
		gap_end[i] = end;
	}
}

static struct alignment make_steps(const struct listing *old, const struct listing *new_listing,
				   const size_t *match, const size_t *gap_end, struct arena *arena)
{
	struct alignment result = {
		.steps = arena_array(arena, old->count + new_listing->count + 1, sizeof(struct step))};
	size_t i = 0, j = 0;

	while (i < old->count || j < new_listing->count) {
		if (i < old->count && !match[i]) {
			result.steps[result.count++] = (struct step){'-', i++, j};
		} else if (j < new_listing->count && (i >= old->count || j < match[i] - 1)) {
			result.steps[result.count++] = (struct step){'+', i, j++};
		} else if (same_target(old, new_listing, match, gap_end, i, j)) {
			result.steps[result.count++] = (struct step){' ', i++, j++};
		} else {
			result.steps[result.count++] = (struct step){'-', i++, j};
			result.steps[result.count++] = (struct step){'+', i, j++};
		}
	}
	return result;
}

struct alignment align(const struct listing *old, const struct listing *new_listing, struct arena *arena)
{
	struct strmap *map = strmap_new();
	size_t *old_keys = xalloc((old->count + 1) * sizeof(size_t));
	size_t *new_keys = xalloc((new_listing->count + 1) * sizeof(size_t));
	size_t *match = arena_array(arena, old->count + 1, sizeof(size_t));
	size_t *gap_end = arena_array(arena, old->count + 1, sizeof(size_t));
	struct aligner aligner = {.old = old_keys, .new_keys = new_keys, .match = match};

	number_keys(map, old, old_keys, &aligner.key_count);
	number_keys(map, new_listing, new_keys, &aligner.key_count);
	strmap_free(map);
	aligner.old_seen = arena_array(arena, aligner.key_count + 1, sizeof(size_t));
	aligner.new_seen = arena_array(arena, aligner.key_count + 1, sizeof(size_t));
	aligner.new_place = arena_array(arena, aligner.key_count + 1, sizeof(size_t));
	align_all(&aligner, (struct span){0, old->count}, (struct span){0, new_listing->count});
	free(old_keys);
	free(new_keys);
	find_gap_ends(match, old->count, new_listing->count, gap_end);
	return make_steps(old, new_listing, match, gap_end, arena);
}
