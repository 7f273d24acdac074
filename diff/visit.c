// SPDX-License-Identifier: GPL-3.0-or-later
// Pairs one after the other, in memory that does not grow with their number: objects let go are loaded again.
#include "diff/model.h"

#include <pthread.h>
#include <stdlib.h>

enum { AHEAD = 8 }; // pairs prepared per thread and not yet shown

bool pair_open(struct diff *diff, struct pair *pair)
{
	struct diags *said; // all of it was said when the pair was compared first

	if (!pair->let_go || pair->new)
		return false;
	said = diags_new();
	pair->old = tree_load(&diff->old_tree, pair->old_input, diff->names, said);
	pair->new = tree_load(&diff->new_tree, pair->new_input, diff->names, said);
	diags_free(said);
	if (!pair->old || !pair->new || pair->old->arch != pair->new->arch) {
		pair_close(pair);
		return false;
	}
	correlate(pair->old, pair->new);
	compare(pair->old, pair->new);
	if (diff->explained)
		explain(pair->old, pair->new);
	return true;
}

void pair_close(struct pair *pair)
{
	object_free(pair->old);
	object_free(pair->new);
	pair->old = pair->new = NULL;
}

struct visit {
	struct diff *diff;
	void *(*prepare)(const struct pair *pair, void *arg);
	void (*show)(const struct pair *pair, void *prepared, void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t shown;
	size_t next, window; // the pair to be shown next; how far behind it others may be prepared
	struct {
		void *prepared;
		bool ready, wanted;
	} * slots; // of `window` pairs, by their number modulo that
	bool failed;
};

static bool prepare_pair(struct visit *visit, struct pair *pair, void **prepared)
{
	bool opened;

	if (pair->status == PAIR_SAME || pair->status == PAIR_FAILED)
		return false;
	opened = pair_open(visit->diff, pair);
	if (pair->let_go && !opened) {
		pthread_mutex_lock(&visit->lock);
		visit->failed = true;
		pthread_mutex_unlock(&visit->lock);
		return false;
	}
	*prepared = visit->prepare(pair, visit->arg);
	if (opened)
		pair_close(pair);
	return true;
}

// The lock is held. Indices are handed out in their order, so that whoever waits here waits for a thread that works.
static void show_ready(struct visit *visit)
{
	while (visit->next < visit->diff->pair_count && visit->slots[visit->next % visit->window].ready) {
		size_t slot = visit->next % visit->window;

		if (visit->slots[slot].wanted)
			visit->show(&visit->diff->pairs[visit->next], visit->slots[slot].prepared,
				    visit->arg);
		visit->slots[slot].ready = false;
		visit->next++;
	}
	pthread_cond_broadcast(&visit->shown);
}

static void visit_pair(size_t i, void *arg)
{
	struct visit *visit = arg;
	void *prepared = NULL;
	bool wanted;

	pthread_mutex_lock(&visit->lock);
	while (i >= visit->next + visit->window)
		pthread_cond_wait(&visit->shown, &visit->lock);
	pthread_mutex_unlock(&visit->lock);
	wanted = prepare_pair(visit, &visit->diff->pairs[i], &prepared);
	pthread_mutex_lock(&visit->lock);
	visit->slots[i % visit->window].prepared = prepared;
	visit->slots[i % visit->window].wanted = wanted;
	visit->slots[i % visit->window].ready = true;
	show_ready(visit);
	pthread_mutex_unlock(&visit->lock);
}

bool diff_visit(struct diff *diff, unsigned jobs, void *(*prepare)(const struct pair *pair, void *arg),
		void (*show)(const struct pair *pair, void *prepared, void *arg), void *arg)
{
	struct visit visit = {.diff = diff,
			      .prepare = prepare,
			      .show = show,
			      .arg = arg,
			      .window = AHEAD * (jobs ? jobs : AHEAD)};

	visit.slots = xalloc(visit.window * sizeof(*visit.slots));
	for (size_t i = 0; i < visit.window; i++)
		visit.slots[i].ready = false;
	pthread_mutex_init(&visit.lock, NULL);
	pthread_cond_init(&visit.shown, NULL);
	parallel_for(diff->pair_count, jobs, visit_pair, &visit);
	pthread_cond_destroy(&visit.shown);
	pthread_mutex_destroy(&visit.lock);
	free(visit.slots);
	return !visit.failed;
}
