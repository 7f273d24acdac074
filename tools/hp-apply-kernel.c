// SPDX-License-Identifier: GPL-3.0-or-later
// hp-apply for the running Linux kernel: load the module that is in the package, wait until every task has gone over, say
// which do not, look whether it is so, take it back. Nothing is compiled here.
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "apply/kernel.h"
#include "tools/hp-apply.h"

enum { TASKS_NAMED = 8, STEP_MS = 50, UNLOAD_TRIES = 100 };

/* One run against the kernel. */
struct kernel_run {
	const struct request *request;
	struct arena *arena;
	struct kernel kernel;
	const char *id, *state, *code, *message, *probe;
	size_t functions, verified, waiting;
	const char *waits_for; /* modules that are not loaded */
	double seconds;
	struct kernel_task tasks[TASKS_NAMED];
	size_t task_count;
	int status;
};

bool is_for_kernel(const struct hp_package *package)
{
	for (size_t i = 0; i < hp_target_count(package); i++) {
		uint32_t kind = hp_target(package, i)->kind;

		if (kind != HP_TARGET_LINUX && kind != HP_TARGET_LINUX_MODULE)
			return false;
	}
	return hp_target_count(package) > 0;
}

static int refuse(struct kernel_run *run, int status, const char *code, const char *message)
{
	run->state = status == STATUS_BUSY ? "busy" : "refused";
	run->code = code;
	run->message = message;
	return run->status = status;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
}

// Progress on a terminal: how many tasks have still to go over, and the first of them.
static void show_waiting(const struct kernel_run *run, int wanted)
{
	struct kernel_task first[TASKS_NAMED];
	size_t count;

	if (!isatty(STDERR_FILENO) || run->request->json)
		return;
	count = kernel_tasks(wanted, first, TASKS_NAMED);
	if (count)
		fprintf(stderr, "\r\033[Kwaiting for %zu%s task%s, %s %d in %s", count,
			count == TASKS_NAMED ? "+" : "", count == 1 ? "" : "s", first[0].comm, first[0].tid,
			*first[0].at ? first[0].at : "user space");
}

// Waits for the end of a transition to WANTED; false: not in time.
static bool wait_settled(struct kernel_run *run, const char *module, int wanted, double timeout)
{
	double start = now(), shown = start;
	int settled;

	while (!(settled = kernel_settled(module)) && now() - start < timeout) {
		rest();
		if (now() - shown > 1) {
			show_waiting(run, wanted);
			shown = now();
		}
	}
	if (isatty(STDERR_FILENO) && shown > start)
		fputs("\r\033[K", stderr);
	run->seconds += now() - start;
	return settled != 0;
}

// A disabled patch leaves the kernel's list as its transition ends; the module can be unloaded a moment later.
static int unload(const char *module)
{
	int status = -EBUSY;

	for (unsigned i = 0; i < UNLOAD_TRIES && status && status != -ENOENT; i++) {
		status = kernel_unload(module);
		if (status)
			rest();
	}
	return status == -ENOENT ? 0 : status;
}

static struct kernel_patch *find_patch(struct kernel_run *run, const char *id)
{
	size_t count;
	struct kernel_patch *patches = kernel_patches(run->arena, &count);

	for (size_t i = 0; i < count; i++)
		if (patches[i].id && !strcmp(patches[i].id, id))
			return &patches[i];
	return NULL;
}

static const char *hex_of(struct arena *arena, const uint8_t *bytes, size_t size)
{
	char *hex = arena_alloc(arena, 2 * size + 1);

	sodium_bin2hex(hex, 2 * size + 1, bytes, size);
	return hex;
}

static int check_kernel(struct kernel_run *run, const struct hp_package *package, struct klp_embedded *module)
{
	const struct kernel *kernel = &run->kernel;
	bool any;

	if (!kernel->livepatch)
		return refuse(run, STATUS_REFUSED, "no-livepatch",
			      "this kernel has no support for livepatches (CONFIG_LIVEPATCH); it has to be "
			      "rebooted "
			      "into a repaired one");
	for (size_t i = 0; i < hp_target_count(package); i++) {
		const struct hp_target *target = hp_target(package, i);

		if (target->kind == HP_TARGET_LINUX &&
		    (target->build_id_size != kernel->build_id_size ||
		     memcmp(target->build_id, kernel->build_id, kernel->build_id_size) != 0))
			return refuse(
				run, STATUS_REFUSED, "image-not-found",
				arena_printf(run->arena,
					     "made for the kernel with build ID %.8s…, but %s is %.8s…",
					     hex_of(run->arena, target->build_id, target->build_id_size),
					     kernel->release,
					     hex_of(run->arena, kernel->build_id, kernel->build_id_size)));
	}
	if (!kernel_find_module(kernel, package, module, &any))
		return refuse(run, STATUS_REFUSED, "module-missing",
			      any ? "the module in the package is for another build of the kernel; export it "
				    "for this one"
				  : "there is no module in the package: hp-export --format=klp --embed puts "
				    "it there, "
				    "where the kernel's headers are");
	if (geteuid())
		return refuse(run, STATUS_REFUSED, "target-permission", "only root may load modules");
	return 0;
}

static bool is_veto(const char *said)
{
	return said && strstr(said, "pre-patch callback failed");
}

// Why the loader refused; SAID by the kernel's log, or NULL.
static const char *explain_load(struct kernel_run *run, int error, const char *said)
{
	const char *why = strerror(error);

	if (is_veto(said))
		why = "a hook of the package, which runs before, does not allow it here";
	else if (error == EKEYREJECTED || error == ENOKEY)
		why = "the kernel takes only signed modules, and this one is signed by no key it trusts";
	else if (error == ENOEXEC)
		why = "the module is for another build of the kernel";
	else if (error == EPERM)
		why = "the kernel is locked down, or root may not load modules here";
	else if (error == EBUSY)
		why = "another livepatch is in transition";
	if (!said)
		return arena_printf(run->arena,
				    "the kernel does not load the module: %s; dmesg has the details", why);
	return arena_printf(run->arena, "the kernel does not load the module: %s. Its log says: %s", why,
			    said);
}

static const char *load_code(int error, const char *said)
{
	if (is_veto(said))
		return "hook-refused";
	switch (error) {
	case EKEYREJECTED:
	case ENOKEY:
	case EPERM:
		return "target-permission";
	case ENOEXEC:
		return "image-mismatch";
	case EBUSY:
		return "busy";
	default: // the loader, or the module itself, found something else than it was made for
		return "target-modified";
	}
}

static bool is_complete(const struct kernel_patch *patch)
{
	return patch->enabled && !patch->transition;
}

// Everything the patch was to change says that it is, or waits for its module.
static void verify(struct kernel_run *run)
{
	const struct kernel_patch *patch = find_patch(run, run->id);

	run->functions = patch ? patch->functions : 0;
	run->waiting = patch ? patch->waiting : 0;
	run->waits_for = patch ? patch->waits_for : "";
	run->verified = patch && is_complete(patch) ? patch->functions - patch->waiting : 0;
}

// The transition has not ended: turned round, it ends as soon as the tasks that went over have come back.
static int give_up(struct kernel_run *run, const char *module)
{
	run->task_count = kernel_tasks(1, run->tasks, TASKS_NAMED);
	if (kernel_disable(module) || !wait_settled(run, module, 0, 60) || unload(module)) {
		run->state = "in-transition";
		run->code = "busy";
		run->message = "tasks did not go over in time, and the way back is not finished either";
		return run->status = STATUS_REFUSED;
	}
	return refuse(run, STATUS_BUSY, "busy",
		      "tasks did not go over in time; taken back, nothing changed. Retry when they are less "
		      "busy, or with a "
		      "longer --timeout");
}

// Patches that this one replaced are out of use: their modules can go. The kernel disables them before it says that
// the transition is over, and takes them from its list only afterwards (klp_complete_transition() and the work that
// klp_free_replaced_patches_async() queues, kernel/livepatch/transition.c and core.c).
static void unload_replaced(struct kernel_run *run, struct kernel_patch *before, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (before[i].id && strcmp(before[i].id, run->id) != 0 &&
		    kernel_enabled(before[i].module) <= 0)
			unload(before[i].module);
	}
}

static int load(struct kernel_run *run, const struct klp_embedded *module)
{
	size_t count;
	struct kernel_patch *before = kernel_patches(run->arena, &count);
	int log = kernel_log_open(), status = kernel_load(module);
	const char *said;

	if (status == -EEXIST) { // left disabled by somebody
		unload(module->name);
		status = kernel_load(module);
	}
	said = kernel_log_close(log, run->arena, module->name);
	if (status)
		return refuse(run, status == -EBUSY && !is_veto(said) ? STATUS_BUSY : STATUS_REFUSED,
			      load_code(-status, said), explain_load(run, -status, said));
	if (!wait_settled(run, module->name, 1, run->request->timeout))
		return give_up(run, module->name);
	verify(run);
	if (!run->functions || run->verified + run->waiting != run->functions)
		return refuse(run, STATUS_REFUSED, "target-modified",
			      "the kernel does not show the patch as active");
	unload_replaced(run, before, count);
	run->state = "patched";
	return STATUS_DONE;
}

static int take_back(struct kernel_run *run, const struct kernel_patch *patch)
{
	int status = kernel_disable(patch->module);

	if (status)
		return refuse(run, status == -EBUSY ? STATUS_BUSY : STATUS_REFUSED,
			      status == -EBUSY ? "busy" : "target-permission",
			      arena_printf(run->arena, "it cannot be disabled: %s", strerror(-status)));
	if (!wait_settled(run, patch->module, 0, run->request->timeout)) {
		run->task_count = kernel_tasks(0, run->tasks, TASKS_NAMED);
		return refuse(
			run, STATUS_BUSY, "busy",
			"tasks did not go back in time; the kernel goes on with it, look again with --list");
	}
	status = unload(patch->module);
	run->state = "reverted";
	if (status)
		run->message = arena_printf(run->arena, "its module stays loaded: %s", strerror(-status));
	return STATUS_DONE;
}

// Is the same module active already? Another one of that id must not be taken for it.
static bool is_active(struct kernel_run *run, const struct klp_embedded *module)
{
	const struct kernel_patch *patch = find_patch(run, run->id);
	uint8_t id[KERNEL_BUILD_ID_MAX];
	size_t size = module_build_id(module->module, module->module_size, id);

	if (!patch)
		return false;
	if (size != patch->build_id_size || memcmp(id, patch->build_id, size) != 0) {
		refuse(run, STATUS_REFUSED, "target-modified",
		       "a package of this id with other contents is active; revert it first, or give this "
		       "one another id");
		return true;
	}
	verify(run);
	run->state = patch->transition ? "in-transition" : "already-active";
	run->status = patch->transition ? STATUS_BUSY : STATUS_DONE;
	return true;
}

static int apply(struct kernel_run *run, const struct patch *patch)
{
	const char *probe = run->request->probe;
	struct klp_embedded module;

	if (check_kernel(run, patch->package, &module) || is_active(run, &module))
		return run->status;
	if (run->request->check) {
		run->state = "would-patch";
		return STATUS_DONE;
	}
	if (probe && !run_probe(probe, 0, run->id)) {
		run->probe = "failed-before";
		return refuse(run, STATUS_REFUSED, NULL,
			      "the probe fails already before applying; nothing changed");
	}
	if (load(run, &module) || !probe)
		return run->status;
	run->probe = run_probe(probe, 0, run->id) ? "ok" : "failed-after";
	if (strcmp(run->probe, "ok") != 0) {
		const struct kernel_patch *active = find_patch(run, run->id);

		if (active && !take_back(run, active))
			run->message = "the probe failed after applying; reverted";
		run->status = STATUS_REFUSED;
	}
	return run->status;
}

// ---- saying --------------------------------------------------------------------------------------------------------

static void print_tasks(const struct kernel_run *run)
{
	for (size_t i = 0; i < run->task_count; i++) {
		const struct kernel_task *task = &run->tasks[i];

		printf("    held up by %d %s, in %s%s%s\n", task->tid, task->comm,
		       *task->at ? task->at : "user space", *task->stack ? ": " : "", task->stack);
	}
}

static void print_run(const struct kernel_run *run)
{
	printf("  kernel %s  ", run->kernel.release);
	if (run->status == STATUS_DONE)
		printf("%s", run->state);
	else
		printf("NOT changed: %s", run->message ? run->message : run->state);
	if (run->code)
		printf(" [%s]", run->code);
	if (run->functions)
		printf(", %zu/%zu verified", run->verified, run->functions);
	if (run->waiting)
		printf(", %zu wait for %s", run->waiting, run->waits_for);
	if (run->seconds > 0)
		printf("   transition took %.1f s", run->seconds);
	if (run->probe)
		printf("   probe %s", run->probe);
	if (run->status == STATUS_DONE && run->message)
		printf("   %s", run->message);
	putchar('\n');
	print_tasks(run);
	if (run->status == STATUS_DONE && !strcmp(run->state, "patched"))
		printf("Undo: hp-apply --revert=%s. A reboot into the old kernel loses the fix.\n", run->id);
}

static json_t *text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *build_id_json(const struct kernel_run *run)
{
	return json_string(hex_of(run->arena, run->kernel.build_id, run->kernel.build_id_size));
}

// Words of a text, as a list.
static json_t *words_json(const char *text)
{
	json_t *list = json_array();

	for (size_t length; text && *(text += strspn(text, " ,")); text += length) {
		length = strcspn(text, " ,");
		json_array_append_new(list, json_stringn(text, length));
	}
	return list;
}

static json_t *tasks_json(const struct kernel_run *run)
{
	json_t *tasks = json_array();

	for (size_t i = 0; i < run->task_count; i++) {
		json_t *task = json_object();

		json_object_set_new(task, "pid", json_integer(run->tasks[i].pid));
		json_object_set_new(task, "tid", json_integer(run->tasks[i].tid));
		json_object_set_new(task, "comm", json_string(run->tasks[i].comm));
		json_object_set_new(task, "at", json_string(run->tasks[i].at));
		json_object_set_new(task, "stack", json_string(run->tasks[i].stack));
		json_array_append_new(tasks, task);
	}
	return tasks;
}

static json_t *kernel_json(const struct kernel_run *run)
{
	json_t *kernel = json_object();

	json_object_set_new(kernel, "release", json_string(run->kernel.release));
	json_object_set_new(kernel, "build_id", build_id_json(run));
	json_object_set_new(kernel, "id", text_json(run->id));
	json_object_set_new(kernel, "state", text_json(run->state));
	json_object_set_new(kernel, "functions", json_integer((json_int_t)run->functions));
	json_object_set_new(kernel, "verified", json_integer((json_int_t)run->verified));
	json_object_set_new(kernel, "waits_for", words_json(run->waits_for));
	json_object_set_new(kernel, "transition_seconds", json_real(run->seconds));
	json_object_set_new(kernel, "held_up_by", tasks_json(run));
	json_object_set_new(kernel, "probe", text_json(run->probe));
	json_object_set_new(kernel, "code", text_json(run->code));
	json_object_set_new(kernel, "message", text_json(run->message));
	return kernel;
}

static void print_json(const struct kernel_run *run)
{
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_integer(1));
	json_object_set_new(root, "kernel", kernel_json(run));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

// Several may be reverted in one run, whose report then has them all; else this is the report.
static int finish_run(struct kernel_run *run, json_t *among)
{
	if (among)
		json_array_append_new(among, kernel_json(run));
	else if (run->request->json)
		print_json(run);
	else
		print_run(run);
	syslog(run->status == STATUS_DONE ? LOG_NOTICE : LOG_WARNING,
	       "action=%s id=%s target=kernel release=%s state=%s functions=%zu code=%s",
	       run->request->action == ACTION_APPLY ? "apply" : "revert", run->id, run->kernel.release,
	       run->state, run->functions, run->code ? run->code : "-");
	return run->status;
}

static struct kernel_run start_run(const struct request *request, const char *id)
{
	struct kernel_run run = {.request = request, .id = id, .state = "", .arena = arena_new()};

	kernel_read(&run.kernel);
	return run;
}

int apply_kernel(const struct request *request, const struct patch *patch)
{
	struct kernel_run run = start_run(request, patch->facts.id);
	int status;

	apply(&run, patch);
	status = finish_run(&run, NULL);
	arena_free(run.arena);
	return status;
}

// ---- what is there already -----------------------------------------------------------------------------------------

static void print_patch(const struct kernel_patch *patch)
{
	const char *state = patch->transition ? "in transition" : patch->enabled ? "active" : "disabled";

	printf("  %-16s %s   %zu function%s of %s", patch->id ? patch->id : patch->module, state,
	       patch->functions, patch->functions == 1 ? "" : "s", patch->objects);
	if (patch->waiting)
		printf(", %zu wait for %s", patch->waiting, patch->waits_for);
	printf("%s%s   %s\n", patch->fixes && *patch->fixes ? "   fixes " : "",
	       patch->fixes ? patch->fixes : "", patch->title ? patch->title : "(not made from a package)");
}

static json_t *patch_json(const struct kernel_run *run, const struct kernel_patch *patch)
{
	json_t *object = json_object();

	json_object_set_new(object, "module", json_string(patch->module));
	json_object_set_new(object, "id", text_json(patch->id));
	json_object_set_new(object, "title", text_json(patch->title));
	json_object_set_new(object, "fixes", words_json(patch->fixes));
	json_object_set_new(object, "state",
			    json_string(patch->transition ? "in-transition"
					: patch->enabled  ? "active"
							  : "disabled"));
	json_object_set_new(object, "functions", json_integer((json_int_t)patch->functions));
	json_object_set_new(object, "objects", words_json(patch->objects));
	json_object_set_new(object, "waits_for", words_json(patch->waits_for));
	json_object_set_new(object, "held_up_by", tasks_json(run));
	return object;
}

static json_t *livepatches_json(const struct kernel_run *run, json_t *patches)
{
	json_t *root = json_object();

	json_object_set_new(root, "release", json_string(run->kernel.release));
	json_object_set_new(root, "build_id", build_id_json(run));
	json_object_set_new(root, "supported", json_boolean(run->kernel.livepatch));
	json_object_set_new(root, "patches", patches);
	return root;
}

int list_kernel(struct report *report)
{
	int status = STATUS_DONE;
	struct kernel_run run = start_run(report->request, NULL);
	size_t count;
	struct kernel_patch *patches = kernel_patches(run.arena, &count);
	json_t *list = json_array();

	if (count && !report->request->json)
		printf("kernel %s\n", run.kernel.release);
	for (size_t i = 0; i < count; i++) {
		if (report->request->action == ACTION_VERIFY && patches[i].id && !is_complete(&patches[i]))
			status = STATUS_REFUSED;
		run.task_count =
			patches[i].transition ? kernel_tasks(patches[i].enabled, run.tasks, TASKS_NAMED) : 0;
		if (report->request->json) {
			json_array_append_new(list, patch_json(&run, &patches[i]));
			continue;
		}
		print_patch(&patches[i]);
		print_tasks(&run);
	}
	if (report->request->json)
		report->livepatches = livepatches_json(&run, list);
	else
		json_decref(list);
	arena_free(run.arena);
	return status;
}

int verify_kernel(const struct request *request, const struct patch *patch)
{
	struct kernel_run run = start_run(request, patch->facts.id);
	struct klp_embedded module;
	int status;

	if (!check_kernel(&run, patch->package, &module) && !is_active(&run, &module))
		refuse(&run, STATUS_REFUSED, NULL, "the package is not active");
	status = finish_run(&run, NULL);
	arena_free(run.arena);
	return status;
}

bool revert_kernel(struct report *report, int *status)
{
	const char *id = report->id;
	struct kernel_run run = start_run(report->request, id);
	size_t count;
	struct kernel_patch *patches = kernel_patches(run.arena, &count);
	bool found = false;

	if (!id && report->request->json)
		report->reverted = json_array();
	// The newest is the only one that can go where several are active without replacing each other.
	for (size_t i = 0; i < count; i++) {
		if (!patches[i].id || (id && strcmp(patches[i].id, id) != 0))
			continue;
		found = true;
		run.id = patches[i].id;
		run.status = STATUS_DONE;
		run.message = run.code = NULL;
		take_back(&run, &patches[i]);
		finish_run(&run, report->reverted);
		*status = run.status > *status ? run.status : *status;
	}
	arena_free(run.arena);
	return found;
}
