// SPDX-License-Identifier: GPL-3.0-or-later
// hp-apply: repairs running processes with a package, tells what is in them, takes it back.
#include "tools/hp-apply.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static struct entry make_entry(pid_t pid, const struct process *process)
{
	struct entry entry = {.pid = pid};

	if (process) {
		snprintf(entry.comm, sizeof(entry.comm), "%s", process->comm);
		snprintf(entry.unit, sizeof(entry.unit), "%s", process->unit);
		snprintf(entry.container, sizeof(entry.container), "%s", process->container);
	}
	return entry;
}

static struct process *open_mapped(pid_t pid)
{
	struct process *process = process_open(pid);

	if (process && (process_open_memory(process) || process_read_maps(process))) {
		process_close(process);
		return NULL;
	}
	return process;
}

// A live process that belongs to somebody else, as opposed to one that has ended.
static bool not_permitted(pid_t pid)
{
	struct process *process = process_open(pid);
	int error = process ? process_open_memory(process) : 0;
	char path[32];

	if (!error && process)
		error = process_read_maps(process);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!process && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS)) // hidden from us: proc(5), hidepid
		error = -errno;
	process_close(process);
	return error == -EACCES || error == -EPERM;
}

// CAP_SYS_PTRACE, capabilities(7): what is hidden from its holder has rights above his own (the init of a container),
// and is not his to patch.
static bool may_trace(void)
{
	static const unsigned capability = 19;
	unsigned long long effective = 0;
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "CapEff: %llx", &effective);
	if (file)
		fclose(file);
	return effective >> capability & 1;
}

// Of processes that nobody named: how many could not be looked at. Whoever could have looked as root has not been told
// everything, which is a failure.
static int report_unseen(const struct report *report)
{
	if (!report->unseen)
		return STATUS_DONE;
	fprintf(stderr,
		"hp-apply: %zu process%s could not be looked at: not permitted%s [target-permission]\n",
		report->unseen, report->unseen == 1 ? "" : "es", may_trace() ? "" : "; root can");
	return may_trace() ? STATUS_DONE : STATUS_REFUSED;
}

static bool seen(const struct report *report, pid_t pid)
{
	for (size_t i = 0; i < report->entries.count; i++) {
		if (report->entries.at[i].pid == pid)
			return true;
	}
	return false;
}

static struct apply_options make_options(const struct request *request)
{
	return (struct apply_options){
		.timeout = request->timeout,
		.max_pause = request->max_pause,
		.check = request->check,
		.symbols = request->symbols,
	};
}

static char *printable(const char *text)
{
	char *copy = xstrdup(text);

	for (char *at = copy; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	}
	return copy;
}

static void note_old_files(struct report *report, const struct process *process, const struct patch *patch)
{
	for (size_t i = 0; i < process->image_count; i++) {
		const struct image *image = &process->images[i];
		uint8_t id[BUILD_ID_MAX];
		size_t size = 0;
		char hex[2 * BUILD_ID_MAX + 1];
		bool known = false, ours = false;

		for (size_t j = 0; j < hp_target_count(patch->package); j++) {
			const struct hp_target *target = hp_target(patch->package, j);

			ours |= target->build_id_size == image->build_id_size &&
				!memcmp(target->build_id, image->build_id, image->build_id_size);
		}
		for (size_t j = 0; j < report->old_files.count; j++)
			known |= !strcmp(report->old_files.at[j].path, image->path);
		if (!ours || known || !disk_build_id(process, image, id, &size) ||
		    size != image->build_id_size || memcmp(id, image->build_id, size))
			continue;
		sodium_bin2hex(hex, sizeof(hex), id, size);
		*vec_push(&report->old_files) = (struct old_file){printable(image->path), xstrdup(hex)};
	}
}

// Children that were forked before the switch run on with the old code when they are not among the processes patched.
static void note_children(struct report *report, struct entry *entry, const struct process *process,
			  const struct patch *patch)
{
	size_t count;
	pid_t *threads = process_threads(process, &count);
	VEC(const char *) children = {0};

	for (size_t i = 0; threads && i < count; i++) {
		char name[64], text[4096] = "", *at = text;
		int file;

		snprintf(name, sizeof(name), "task/%d/children", threads[i]);
		file = openat(process->directory, name, O_RDONLY | O_CLOEXEC);
		if (file < 0)
			continue;
		if (read(file, text, sizeof(text) - 1) < 0)
			*text = '\0';
		close(file);
		for (pid_t pid; (pid = (pid_t)strtol(at, &at, 10)) > 0;) {
			struct process *child = seen(report, pid) ? NULL : open_mapped(pid);

			if (child && apply_targets(child, patch))
				*vec_push(&children) =
					arena_printf(entry->result.arena, "%d %s", pid, child->comm);
			process_close(child);
		}
	}
	free(threads);
	entry->result.children = arena_array(entry->result.arena, children.count + 1, sizeof(char *));
	if (children.count)
		memcpy(entry->result.children, children.at, children.count * sizeof(char *));
	entry->result.child_count = children.count;
	free(children.at);
}

static void take_back(struct entry *entry, struct process *process, const struct report *report,
		      const struct apply_options *options)
{
	struct apply_result result = {0};

	apply_revert(process, report->id, options, &result);
	entry->probe = "failed-after";
	entry->result.outcome = OUTCOME_REFUSED;
	entry->result.message =
		result.outcome == OUTCOME_DONE
			? "the probe failed after applying; reverted"
			: arena_printf(entry->result.arena,
				       "the probe failed after applying; taking it back failed: %s",
				       result.message ? result.message : "");
	entry->result.state = result.outcome == OUTCOME_DONE ? "reverted" : "patched";
	arena_free(result.arena);
}

// Build IDs of the package's targets, or of those that PROCESS maps, added to TEXT.
static const char *name_builds(const char *text, const struct patch *patch, const struct process *process)
{
	for (size_t i = 0; i < hp_target_count(patch->package); i++) {
		const struct hp_target *target = hp_target(patch->package, i);
		char hex[2 * BUILD_ID_MAX + 1] = "", *name;
		bool mapped = !process;

		for (size_t j = 0; process && j < process->image_count; j++)
			mapped |=
				process->images[j].build_id_size == target->build_id_size &&
				!memcmp(process->images[j].build_id, target->build_id, target->build_id_size);
		if (!mapped || target->build_id_size > BUILD_ID_MAX)
			continue;
		sodium_bin2hex(hex, sizeof(hex), target->build_id, target->build_id_size);
		name = arena_printf(patch->facts.arena, "%.8s…", hex);
		if (!strstr(text, name))
			text = arena_printf(patch->facts.arena, "%s%s%s", text, *text ? ", " : "", name);
	}
	return text;
}

static void apply_to(struct report *report, struct process *process, struct patch *patch)
{
	const struct request *request = report->request;
	struct apply_options options = make_options(request);
	struct entry entry = make_entry(process->pid, process);

	report->build_ids = name_builds(report->build_ids, patch, process);
	if (request->probe && !request->check && !run_probe(request->probe, process->pid, report->id)) {
		entry.probe = "failed-before";
		entry.result = (struct apply_result){
			.arena = arena_new(),
			.outcome = OUTCOME_REFUSED,
			.state = "refused",
			.message = "the probe fails already before applying; nothing changed",
		};
	} else {
		apply_patch(process, patch, &options, &entry.result);
		if (request->probe && !request->check && entry.result.outcome == OUTCOME_DONE) {
			bool works = run_probe(request->probe, process->pid, report->id);

			entry.probe = works ? "ok" : "failed-after";
			if (!works && !strcmp(entry.result.state, "patched"))
				take_back(&entry, process, report, &options);
		}
	}
	if (entry.result.outcome == OUTCOME_DONE)
		note_old_files(report, process, patch);
	log_entry(report, &entry);
	*vec_push(&report->entries) = entry;
}

static void add_missing(struct report *report, pid_t pid)
{
	struct process *process = process_open(pid);
	struct entry entry = make_entry(pid, process);

	entry.result =
		(struct apply_result){.arena = arena_new(), .outcome = OUTCOME_REFUSED, .state = "refused"};
	entry.result.message = process ? "its memory cannot be read: not permitted" : "no such process";
	entry.result.code = process ? "target-permission" : NULL;
	if (process && process->tracer) {
		entry.result.code = "target-traced";
		entry.result.message = "another process is tracing it";
	}
	process_close(process);
	log_entry(report, &entry);
	*vec_push(&report->entries) = entry;
}

// Processes may start, or fork children, while others are patched: looked for again until none is new.
static size_t apply_round(struct report *report, struct patch *patch)
{
	size_t count, fresh = 0;
	pid_t *pids = process_list(&count);

	report->unseen = 0;
	for (size_t i = 0; i < count; i++) {
		struct process *process;

		if (seen(report, pids[i]))
			continue;
		process = open_mapped(pids[i]);
		report->unseen += !process && not_permitted(pids[i]);
		if (process && apply_targets(process, patch)) {
			apply_to(report, process, patch);
			fresh++;
		}
		process_close(process);
	}
	free(pids);
	return fresh;
}

static void apply_named(struct report *report, struct patch *patch)
{
	for (size_t i = 0; i < report->request->pids.count; i++) {
		pid_t pid = report->request->pids.at[i];
		struct process *process = seen(report, pid) ? NULL : open_mapped(pid);

		if (process && (apply_targets(process, patch) || !report->request->if_present))
			apply_to(report, process, patch);
		else if (!process && !seen(report, pid) &&
			 !(report->request->if_present && !process_open(pid)))
			add_missing(report, pid);
		process_close(process);
	}
	for (size_t i = 0; i < report->entries.count; i++) {
		struct entry *entry = &report->entries.at[i];
		struct process *process =
			entry->result.outcome == OUTCOME_DONE ? open_mapped(entry->pid) : NULL;

		if (process)
			note_children(report, entry, process, patch);
		process_close(process);
	}
}

static int apply_package(struct report *report, struct patch *patch)
{
	static const unsigned rounds = 5;

	if (report->request->pids.count)
		apply_named(report, patch);
	else
		for (unsigned i = 0; i < rounds && apply_round(report, patch); i++)
			;
	if (report->entries.count || report->request->if_present)
		return STATUS_DONE;
	fprintf(stderr, "hp-apply: %s: no process maps %s [image-not-found]\n", report->request->package,
		name_builds("", patch, NULL));
	return STATUS_REFUSED;
}

// ---- list, verify, revert -------------------------------------------------------------------------------------------

// The mapped images in which PATCH is in force.
static size_t count_active(const struct patch_state *state, const struct patch *patch)
{
	size_t count = 0;

	for (size_t i = 0; i < state->package_count; i++) {
		const struct active_package *package = &state->packages[i];

		for (size_t j = 0;
		     !memcmp(package->digest, patch->digest, HP_HASH_SIZE) && j < package->image_count; j++)
			count += package->images[j].state == IMAGE_ACTIVE ||
				 package->images[j].state == IMAGE_CHANGED; // which is said already
	}
	return count;
}

// "/usr/lib/libx.so (deleted)" is named libx.so.
static bool named_so(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	size_t length = strlen(name);

	path = slash ? slash + 1 : path;
	return length && !strncmp(path, name, length) &&
	       (!path[length] || !strcmp(path + length, " (deleted)"));
}

// Which code does a process run of what the package is for: the old, the patched, or (after a restart with a new file)
// that of another build?
static void note_code(struct entry *entry, const struct process *process, const struct patch *patch)
{
	size_t wanted = apply_targets(process, patch), active = count_active(&entry->state, patch);

	if (wanted) {
		entry->code = !active ? "old" : active < wanted ? "partly" : "patched";
		return;
	}
	for (size_t i = 0; i < hp_target_count(patch->package); i++) {
		for (size_t j = 0; j < process->image_count && !entry->code; j++) {
			const struct image *image = &process->images[j];
			char hex[2 * BUILD_ID_MAX + 1] = "";

			if (!named_so(image->path, hp_target(patch->package, i)->name))
				continue;
			sodium_bin2hex(hex, sizeof(hex), image->build_id, image->build_id_size);
			snprintf(entry->build, sizeof(entry->build), "%.8s…", hex);
			entry->code = "other";
		}
	}
}

static void add_state(struct report *report, struct process *process, bool named)
{
	struct entry entry = make_entry(process->pid, process);

	entry.has_state = apply_state(process, &entry.state, &entry.error);
	if (report->listed && entry.has_state)
		note_code(&entry, process, report->listed);
	if (report->listed && !entry.code && !named && !entry.error)
		entry.has_state = false;
	if (entry.code || (entry.has_state && (entry.state.patched || named)) || entry.error)
		*vec_push(&report->entries) = entry;
	else
		arena_free(entry.state.arena);
}

static bool has_package(const struct patch_state *state, const char *id)
{
	for (size_t i = 0; i < state->package_count; i++) {
		if (!strcmp(state->packages[i].id, id))
			return true;
	}
	return false;
}

static void revert_in(struct report *report, struct process *process, bool named)
{
	struct apply_options options = make_options(report->request);
	struct entry entry = make_entry(process->pid, process);
	struct patch_state state;
	const char *message;
	bool patched = apply_state(process, &state, &message) && state.patched;
	bool known = !report->id || has_package(&state, report->id);

	arena_free(state.arena);
	if (!named && (!patched || !known) && !message)
		return;
	apply_revert(process, report->id, &options, &entry.result);
	if (!known && entry.result.outcome == OUTCOME_DONE)
		entry.result.message = arena_printf(entry.result.arena, "it has no package %s", report->id);
	log_entry(report, &entry);
	*vec_push(&report->entries) = entry;
}

static void look_at(struct report *report, struct process *process, bool named)
{
	if (report->request->action == ACTION_LIST || report->request->action == ACTION_VERIFY)
		add_state(report, process, named);
	else
		revert_in(report, process, named);
}

static void look_at_all(struct report *report)
{
	size_t count = report->request->pids.count;
	pid_t *all = count ? NULL : process_list(&count);
	const pid_t *pids = all ? all : report->request->pids.at;

	for (size_t i = 0; i < count; i++) {
		struct process *process = open_mapped(pids[i]);

		if (process)
			look_at(report, process, all == NULL);
		else if (!all && !report->request->if_present)
			add_missing(report, pids[i]);
		else if (all)
			report->unseen += not_permitted(pids[i]);
		process_close(process);
	}
	free(all);
}

// --revert: some process must have, or have had, the package.
static int check_known(const struct report *report)
{
	for (size_t i = 0; i < report->entries.count; i++) {
		const struct apply_result *result = &report->entries.at[i].result;

		if (result->outcome != OUTCOME_DONE || !result->message)
			return STATUS_DONE;
	}
	if (report->request->if_present)
		return STATUS_DONE;
	fprintf(stderr, "hp-apply: no process has package %s\n", report->id);
	return STATUS_REFUSED;
}

// --verify with a package: it must be active in every process that maps one of its targets.
static int check_active(struct report *report, const struct patch *patch)
{
	size_t count = report->request->pids.count;
	pid_t *all = count ? NULL : process_list(&count);
	const pid_t *pids = all ? all : report->request->pids.at;
	int status = STATUS_DONE;

	for (size_t i = 0; i < count; i++) {
		struct process *process = open_mapped(pids[i]);
		size_t wanted = process ? apply_targets(process, patch) : 0, active = 0;

		for (size_t j = 0; wanted && j < report->entries.count; j++) {
			if (report->entries.at[j].pid == pids[i])
				active += count_active(&report->entries.at[j].state, patch);
		}
		if (active < wanted) {
			fprintf(stderr, "hp-apply: %d %s: %s is not active", pids[i], process->comm,
				patch->facts.id);
			if (active)
				fprintf(stderr, " in %zu of %zu images; apply it again", wanted - active,
					wanted);
			fprintf(stderr, "\n");
			status = STATUS_REFUSED;
		}
		process_close(process);
	}
	free(all);
	return status;
}

static int run(struct report *report, struct patch *patch)
{
	int status = STATUS_DONE, worst, unseen;

	if (report->request->action == ACTION_APPLY) {
		status = apply_package(report, patch);
	} else {
		report->listed = report->request->action == ACTION_LIST ? patch : NULL;
		look_at_all(report);
		if (patch && report->request->action == ACTION_VERIFY)
			status = check_active(report, patch);
		else if (report->request->action == ACTION_REVERT)
			status = check_known(report);
	}
	if (report->request->json)
		report_json(report);
	else
		report_print(report);
	unseen = report_unseen(report);
	if (unseen > status)
		status = unseen;
	worst = report_status(report);
	return worst > status ? worst : status;
}

// The kernel is a target like any process: --list and --verify show it, too, and --revert takes back what has the id.
static int run_kernel(struct report *report, struct patch *patch)
{
	const struct request *request = report->request;
	int status = STATUS_DONE;

	if (patch)
		return request->action == ACTION_VERIFY ? verify_kernel(request, patch)
							: apply_kernel(request, patch);
	if (request->action == ACTION_LIST || request->action == ACTION_VERIFY)
		status = list_kernel(report);
	else if (revert_kernel(report, &status) && report->id)
		return status;
	return -1 - status;
}

// Is the running kernel meant? Never when processes are named.
static bool concerns_kernel(const struct request *request, const struct patch *patch)
{
	if (request->pids.count)
		return false;
	return !patch || is_for_kernel(patch->package);
}

static int run_all(struct report *report, struct patch *patch)
{
	int kernel = concerns_kernel(report->request, patch) ? run_kernel(report, patch) : -1, status;

	if (kernel >= 0)
		return kernel;
	status = run(report, patch);
	kernel = -1 - kernel;
	return kernel > status ? kernel : status;
}

static int open_package(const struct request *request, struct patch **patch, char **signature)
{
	char *message = NULL;
	int status = patch_open(request->package, patch, &message);

	if (status) {
		fprintf(stderr, "hp-apply: %s: %s [%s]\n", request->package, message, hp_status_text(status));
		free(message);
		return STATUS_USAGE;
	}
	return request->action == ACTION_APPLY ? check_trust(request, *patch, signature) : 0;
}

static void free_report(struct report *report)
{
	for (size_t i = 0; i < report->entries.count; i++) {
		if (report->entries.at[i].result.arena)
			arena_free(report->entries.at[i].result.arena);
		if (report->entries.at[i].state.arena)
			arena_free(report->entries.at[i].state.arena);
	}
	for (size_t i = 0; i < report->old_files.count; i++) {
		free(report->old_files.at[i].path);
		free(report->old_files.at[i].build_id);
	}
	free(report->entries.at);
	free(report->old_files.at);
}

int main(int argc, char **argv)
{
	struct request request;
	struct report report = {.request = &request, .build_ids = ""};
	struct patch *patch = NULL;
	char *signature = NULL;
	int status = parse_options(argc, argv, &request);

	if (status < 0 && sodium_init() < 0) {
		fprintf(stderr, "hp-apply: libsodium cannot be initialised\n");
		status = STATUS_USAGE;
	}
	if (status < 0) {
		status = request.package ? open_package(&request, &patch, &signature) : 0;
		report.id = patch ? patch->facts.id : request.revert;
		report.facts = patch ? &patch->facts : NULL;
		report.signature = signature;
		openlog("hp-apply", LOG_PID, LOG_DAEMON);
		if (!status)
			status = run_all(&report, patch);
		if (!finish_output("hp-apply") && status < STATUS_REFUSED)
			status = STATUS_REFUSED;
	}
	free_report(&report);
	patch_close(patch);
	free(signature);
	free(request.pids.at);
	return status;
}
