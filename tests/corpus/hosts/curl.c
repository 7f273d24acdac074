// SPDX-License-Identifier: GPL-3.0-or-later
// A long-lived user of libcurl: threads fetch one address in a loop, while one thread does what it is told.
//
//   curl THREADS URL
//
// Each line of stdin is a command, `get URL OPTION=VALUE...`, its words separated by tabs; the answer goes to stdout and
// ends with a line "." alone. `quit` ends with status 1 when a thread of the loop ever got another answer than the first.
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS 24

static atomic_int stop;
static atomic_int deviations;
static atomic_long rounds;
static const char *address;

struct body {
	uint64_t sum;
	size_t size;
	size_t headers;
	char start[200];
};

static size_t take(char *data, size_t size, size_t count, void *into)
{
	struct body *body = into;
	for (size_t i = 0; i < size * count; i++) {
		body->sum = (body->sum ^ (unsigned char)data[i]) * 1099511628211u;
		if (body->size < sizeof body->start - 1)
			body->start[body->size] = data[i];
		body->size++;
	}
	return size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *into)
{
	struct body *body = into;
	(void)data;
	body->headers++;
	return size * count;
}

// One easy handle for all commands, as a program has that keeps its connections and cookies.
static CURL *handle;

static const struct {
	const char *name;
	CURLoption option;
	int number;
} settings[] = {
	{"cookiejar", CURLOPT_COOKIEJAR, 0},
	{"cookiefile", CURLOPT_COOKIEFILE, 0},
	{"cookielist", CURLOPT_COOKIELIST, 0},
	{"netrc", CURLOPT_NETRC, 1},
	{"netrcfile", CURLOPT_NETRC_FILE, 0},
	{"proxy", CURLOPT_PROXY, 0},
	{"proxyuser", CURLOPT_PROXYUSERPWD, 0},
	{"protocols", CURLOPT_PROTOCOLS_STR, 0},
	{"redirects", CURLOPT_REDIR_PROTOCOLS_STR, 0},
	{"hsts", CURLOPT_HSTS, 0},
	{"hstson", CURLOPT_HSTS_CTRL, 1},
	{"altsvc", CURLOPT_ALTSVC, 0},
	{"altsvcon", CURLOPT_ALTSVC_CTRL, 1},
	{"certinfo", CURLOPT_CERTINFO, 1},
	{"cafile", CURLOPT_CAINFO, 0},
	{"verify", CURLOPT_SSL_VERIFYPEER, 1},
	{"verifyhost", CURLOPT_SSL_VERIFYHOST, 1},
	{"verifystatus", CURLOPT_SSL_VERIFYSTATUS, 1},
	{"user", CURLOPT_USERPWD, 0},
	{"bearer", CURLOPT_XOAUTH2_BEARER, 0},
	{"auth", CURLOPT_HTTPAUTH, 1},
	{"follow", CURLOPT_FOLLOWLOCATION, 1},
	{"version", CURLOPT_HTTP_VERSION, 1},
	{"sha256", CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, 0},
	{"key", CURLOPT_SSH_PRIVATE_KEYFILE, 0},
	{"publickey", CURLOPT_SSH_PUBLIC_KEYFILE, 0},
	{"range", CURLOPT_RANGE, 0},
	{"post", CURLOPT_COPYPOSTFIELDS, 0},
	{"options", CURLOPT_LOGIN_OPTIONS, 0},
	{"account", CURLOPT_FTP_ACCOUNT, 0},
	{"mailfrom", CURLOPT_MAIL_FROM, 0},
	{"connectonly", CURLOPT_CONNECT_ONLY, 1},
	{"fresh", CURLOPT_FRESH_CONNECT, 1},
	{"nobody", CURLOPT_NOBODY, 1},
	{"delegation", CURLOPT_GSSAPI_DELEGATION, 1},
	{"timeout", CURLOPT_TIMEOUT_MS, 1},
};

static struct curl_slist *lists;

static void set(const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		if (!strcmp(settings[i].name, name)) {
			CURLcode code =
				settings[i].number
					? curl_easy_setopt(handle, settings[i].option, strtol(value, NULL, 0))
					: curl_easy_setopt(handle, settings[i].option, value);
			if (code)
				printf("%s: %d\n", name, code);
			return;
		}
	lists = curl_slist_append(NULL, value);
	if (!strcmp(name, "resolve"))
		curl_easy_setopt(handle, CURLOPT_RESOLVE, lists);
	else if (!strcmp(name, "telnet"))
		curl_easy_setopt(handle, CURLOPT_TELNETOPTIONS, lists);
	else if (!strcmp(name, "header"))
		curl_easy_setopt(handle, CURLOPT_HTTPHEADER, lists);
	else
		printf("unknown option: %s\n", name);
}

static void show_certificates(void)
{
	struct curl_certinfo *info = NULL;
	if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &info) || !info)
		return;
	for (int i = 0; i < info->num_of_certs; i++)
		for (struct curl_slist *line = info->certinfo[i]; line; line = line->next)
			if (!strstr(line->data, "Cert:") && strlen(line->data) < 200)
				puts(line->data);
}

static void show_cookies(void)
{
	struct curl_slist *cookies = NULL;
	if (curl_easy_getinfo(handle, CURLINFO_COOKIELIST, &cookies))
		return;
	for (struct curl_slist *line = cookies; line; line = line->next)
		printf("cookie: %s\n", line->data);
	curl_slist_free_all(cookies);
}

// A websocket's frame, the way there and back.
static void echo(const char *text)
{
	char back[256];
	size_t sent = 0, got = 0;
	const struct curl_ws_frame *meta = NULL;
	CURLcode code = curl_ws_send(handle, text, strlen(text), &sent, 0, CURLWS_TEXT);
	printf("sent: %d %zu\n", code, sent);
	for (int i = 0; i < 200; i++) {
		code = curl_ws_recv(handle, back, sizeof back, &got, &meta);
		if (code != CURLE_AGAIN)
			break;
		usleep(10000);
	}
	printf("received: %d %.*s\n", code, code ? 0 : (int)got, back);
}

static void get(char **word, int count)
{
	char error[CURL_ERROR_SIZE] = "";
	struct body body = {0};
	long status = 0, connects = 0;
	const char *frame = NULL;
	// Connections, sessions and cookies stay.
	curl_easy_reset(handle);
	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, &body);
	curl_easy_setopt(handle, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_URL, word[1]);
	for (int i = 2; i < count; i++) {
		char *value = word[i];
		char *name = strsep(&value, "=");
		if (!strcmp(name, "frame"))
			frame = value;
		else
			set(name, value ? value : "");
	}
	CURLcode code = curl_easy_perform(handle);
	curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connects);
	printf("code %d (%s), status %ld, connects %ld\n", code, error, status, connects);
	printf("%zu bytes, %zu headers, %016lx\n%.*s\n", body.size, body.headers, (unsigned long)body.sum,
	       (int)sizeof body.start, body.start);
	show_certificates();
	show_cookies();
	if (frame)
		echo(frame);
}

static void *loop(void *unused)
{
	(void)unused;
	uint64_t first = 0;
	CURL *mine = curl_easy_init();
	while (!stop) {
		struct body body = {0};
		curl_easy_setopt(mine, CURLOPT_URL, address);
		curl_easy_setopt(mine, CURLOPT_WRITEFUNCTION, take);
		curl_easy_setopt(mine, CURLOPT_WRITEDATA, &body);
		curl_easy_setopt(mine, CURLOPT_NOSIGNAL, 1L);
		CURLcode code = curl_easy_perform(mine);
		if (!first)
			first = body.sum;
		if (code || body.sum != first)
			deviations++;
		rounds++;
		usleep(2000);
	}
	curl_easy_cleanup(mine);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t thread[16];
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	if (count < 0 || count > 16 || argc < 3)
		return 3;
	address = argv[2];
	if (getenv("BACKEND"))
		curl_global_sslset(CURLSSLBACKEND_NONE, getenv("BACKEND"), NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	handle = curl_easy_init();
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, loop, NULL))
			return 3;
	while ((length = getline(&line, &size, stdin)) > 0) {
		char *word[WORDS] = {0}, *rest = line;
		int words = 0;
		line[length - 1] = 0;
		if (!strcmp(line, "quit"))
			break;
		while (words < WORDS && (word[words] = strsep(&rest, "\t")))
			words++;
		if (words > 1 && !strcmp(word[0], "get"))
			get(word, words);
		else if (!strcmp(word[0], "forget")) {
			curl_easy_cleanup(handle);
			handle = curl_easy_init();
		} else
			puts("unknown command");
		fputs("\n.\n", stdout);
		fflush(stdout);
	}
	stop = 1;
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	curl_easy_cleanup(handle);
	printf("%ld rounds, %d deviations\n.\n", (long)rounds, (int)deviations);
	free(line);
	return deviations ? 1 : 0;
}
