// SPDX-License-Identifier: GPL-3.0-or-later
// hp-show, hp-sign and the independent reader on a package with something in every table, from the outside.
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/test_formats.h"

static const char *tools, *out;
static unsigned count, failed;

static void check(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, name);
	failed += !good;
}

// Exit status of a shell command; $BIN and $OUT stand for the tools' folder and the scratch folder.
static int run(const char *command)
{
	int status;

	setenv("BIN", tools, 1);
	setenv("OUT", out, 1);
	fflush(stdout);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_package(const char *name)
{
	struct sample *sample = sample_new();
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", out, name);
	file = fopen(path, "wb");
	NEED(file && fwrite(sample->bytes, 1, sample->size, file) == sample->size && !fclose(file), path);
	sample_free(sample);
}

static bool same_as_reader(void)
{
	return !run("$BIN/hp-show --json $OUT/kb.hp >$OUT/show.json") &&
	       !run("python3 tests/reader/hp_reader.py $OUT/kb.hp >$OUT/reader.json") &&
	       !run("python3 tests/reader/same_json.py $OUT/show.json $OUT/reader.json");
}

static bool key_mode_is(mode_t mode)
{
	struct stat status;
	char path[4096];

	snprintf(path, sizeof(path), "%s/one.key", out);
	return !stat(path, &status) && (status.st_mode & 07777) == mode;
}

static void check_keys(void)
{
	check(!run("$BIN/hp-sign keygen $OUT/one >$OUT/keygen"), "keygen makes a pair of keys");
	check(key_mode_is(0600), "the secret key is for its owner alone");
	check(run("$BIN/hp-sign keygen $OUT/one 2>$OUT/err") == 3 && !run("grep -q 'File exists' $OUT/err"),
	      "keygen never writes over a key");
	check(!run("$BIN/hp-sign keygen $OUT/two >$OUT/keygen"), "a second pair");
	check(!run("cmp -s $OUT/one.pub $OUT/two.pub; test $? = 1"), "two pairs differ");
}

static void check_signing(void)
{
	check(run("$BIN/hp-sign verify $OUT/one.pub $OUT/kb.hp 2>$OUT/err") == 2,
	      "an unsigned package does not verify");
	check(!run("$BIN/hp-sign sign $OUT/one.key $OUT/kb.hp >$OUT/sign"), "sign signs in place");
	check(!run("$BIN/hp-sign verify $OUT/one.pub $OUT/kb.hp >$OUT/verify"), "its signature verifies");
	check(run("$BIN/hp-sign verify $OUT/two.pub $OUT/kb.hp 2>$OUT/err") == 2, "not by another key");
	check(same_as_reader(), "the independent reader says the same of a signed package");
	check(!run("$BIN/hp-sign sign $OUT/two.key $OUT/kb.hp >$OUT/sign"), "a second signature");
	check(!run("$BIN/hp-sign verify $OUT/one.pub $OUT/kb.hp >$OUT/verify") &&
		      !run("$BIN/hp-sign verify $OUT/two.pub $OUT/kb.hp >$OUT/verify"),
	      "both verify");
	check(same_as_reader(), "the independent reader checks both signatures");
	check(!run("test -z \"$(find $OUT -name '*.tmp*' -o -name '.*.hp*')\""), "no temporary file is left");
	check(run("$BIN/hp-sign sign $OUT/one.pub $OUT/kb.hp 2>$OUT/err") == 3, "a public key signs nothing");
	check(run("cp $OUT/kb.hp $OUT/damaged.hp && printf X | dd of=$OUT/damaged.hp bs=1 seek=700 "
		  "conv=notrunc 2>/dev/null; "
		  "$BIN/hp-sign sign $OUT/one.key $OUT/damaged.hp 2>$OUT/err") == 3,
	      "a damaged package is not signed");
	check(run("python3 tests/reader/hp_reader.py $OUT/damaged.hp 2>$OUT/err") == 1,
	      "the independent reader refuses it too");
	check(run("sed 's/1 ..../1 0000/' $OUT/one.key >$OUT/bad.key; $BIN/hp-sign sign $OUT/bad.key "
		  "$OUT/kb.hp 2>$OUT/err") == 3,
	      "a damaged key is not used");
}

static void check_show(void)
{
	check(!run("$BIN/hp-show $OUT/kb.hp >$OUT/text"), "show lists a package");
	check(!run("grep -q 'KB1' $OUT/text && grep -q 'fixes *CVE-1' $OUT/text && grep -q 'serve .*0x1200' "
		   "$OUT/text && "
		   "grep -q 'strlcpy@GLIBC_2.38' $OUT/text && grep -q \"$(cut -d' ' -f2 $OUT/one.pub)\" "
		   "$OUT/text"),
	      "the listing names id, fixes, functions, lookups and signer");
	check(!run("grep -q \"sha256 *$(sha256sum <$OUT/kb.hp | cut -d' ' -f1)\" $OUT/text && grep -q '^  "
		   "contents ' $OUT/text"),
	      "sha256 is what sha256sum says, contents what was signed");
	check(run("$BIN/hp-show $OUT/damaged.hp >$OUT/text 2>$OUT/err") == 3 && !run("test ! -s $OUT/text"),
	      "nothing of a damaged package is shown");
	check(run("$BIN/hp-show $OUT/nothing.hp 2>$OUT/err") == 3 &&
		      !run("grep -qx 'hp-show: .*/nothing.hp: No such file or directory .io.' $OUT/err"),
	      "a missing file is one line with its name");
	check(run("$BIN/hp-show $OUT 2>$OUT/err") == 3, "a folder is no package");
	check(run("$BIN/hp-show 2>$OUT/err") == 3 &&
		      run("$BIN/hp-show --nonsense $OUT/kb.hp 2>$OUT/err") == 3 &&
		      run("$BIN/hp-sign 2>$OUT/err") == 3 && run("$BIN/hp-sign sign 2>$OUT/err") == 3,
	      "bad usage is 3");
	check(!run("$BIN/hp-show --help | grep -q Usage: && $BIN/hp-show --version | grep -q hp-show && "
		   "$BIN/hp-sign --help | grep -q Usage: && $BIN/hp-sign --version | grep -q hp-sign"),
	      "help and version");
	check(run("$BIN/hp-show --json $OUT/kb.hp >/dev/full 2>$OUT/err") == 3, "a full disk is noticed");
}

int main(void)
{
	tools = getenv("HP_BIN");
	out = getenv("HP_TESTS_OUT");
	NEED(tools && out, "HP_BIN and HP_TESTS_OUT");
	write_package("kb.hp");
	check(same_as_reader(), "the independent reader says what hp-show says");
	check(!run("python3 tests/reader/flip_bits.py $OUT/kb.hp"),
	      "the independent reader refuses every flipped bit");
	check_keys();
	check_signing();
	check_show();
	printf("1..%u\n", count);
	return failed != 0;
}
