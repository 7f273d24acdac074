// SPDX-License-Identifier: GPL-3.0-or-later
// A long-lived user of libtiff: threads write and read images in a loop, while one thread does what it is told.
//
//   tiff THREADS
//
// Each line of stdin is a command, its words separated by tabs; the answer goes to stdout and ends with a line "."
// alone. `quit` ends with status 1 when a thread of the loop ever read another image than it wrote.
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#define WORDS 8

static atomic_int stop;
static atomic_int deviations;
static atomic_long rounds;
static __thread int silent;

static void say(const char *module, const char *format, va_list arguments)
{
	if (silent)
		return;
	printf("%s: ", module ? module : "-");
	vprintf(format, arguments);
	putchar('\n');
}

static uint64_t sum_of(const void *data, size_t size)
{
	const unsigned char *byte = data;
	uint64_t sum = 14695981039346656037u;
	for (size_t i = 0; i < size; i++)
		sum = (sum ^ byte[i]) * 1099511628211u;
	return sum;
}

static void show_directory(TIFF *tiff)
{
	uint32_t width = 0, height = 0;
	uint16_t bits = 0, samples = 0;
	TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
	TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
	TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
	TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
	printf("%ux%u, %u bits, %u samples\n", width, height, bits, samples);
}

static void info(char **word)
{
	TIFF *tiff = TIFFOpen(word[1], "r");
	if (!tiff) {
		puts("cannot be opened");
		return;
	}
	do
		show_directory(tiff);
	while (TIFFReadDirectory(tiff));
	TIFFSetDirectory(tiff, 0);
	TIFFPrintDirectory(tiff, stdout, 0);
	TIFFClose(tiff);
}

// Each strip as often as told: a second reading must end as the first does, or with a message.
static void strips(char **word)
{
	TIFF *tiff = TIFFOpen(word[1], "r");
	if (!tiff) {
		puts("cannot be opened");
		return;
	}
	tmsize_t size = TIFFStripSize(tiff);
	unsigned char *data = calloc(1, (size_t)size + 1);
	for (uint32_t strip = 0; strip < TIFFNumberOfStrips(tiff) && strip < 8; strip++)
		for (int time = 0; time < atoi(word[2]); time++) {
			memset(data, 0, (size_t)size);
			tmsize_t got = TIFFReadEncodedStrip(tiff, strip, data, size);
			printf("strip %u: %ld, %016lx\n", strip, (long)got,
			       got > 0 ? (unsigned long)sum_of(data, (size_t)got) : 0ul);
		}
	free(data);
	TIFFClose(tiff);
}

static void scanlines(char **word)
{
	TIFF *tiff = TIFFOpen(word[1], "r");
	uint32_t height = 0;
	if (!tiff) {
		puts("cannot be opened");
		return;
	}
	TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
	unsigned char *line = calloc(1, (size_t)TIFFScanlineSize(tiff) + 1);
	for (uint32_t row = 0; row < height && row < 8; row++) {
		int status = TIFFReadScanline(tiff, line, row, 0);
		printf("row %u: %d, %016lx\n", row, status,
		       status > 0 ? (unsigned long)sum_of(line, (size_t)TIFFScanlineSize(tiff)) : 0ul);
	}
	free(line);
	TIFFClose(tiff);
}

// A raster of the told size, whatever the image's is, with a margin around it that must stay as it is.
static void rgba(char **word)
{
	TIFF *tiff = TIFFOpen(word[1], "r");
	uint32_t width = (uint32_t)atoi(word[2]), height = (uint32_t)atoi(word[3]);
	size_t margin = 65536, pixels = (size_t)width * height;
	if (!tiff) {
		puts("cannot be opened");
		return;
	}
	uint32_t *memory = malloc((pixels + 2 * margin) * sizeof *memory);
	memset(memory, 0x5a, (pixels + 2 * margin) * sizeof *memory);
	int status = TIFFReadRGBAImageOriented(tiff, width, height, memory + margin, atoi(word[4]), 0);
	size_t touched = 0;
	for (size_t i = 0; i < margin; i++)
		touched += (memory[i] != 0x5a5a5a5a) + (memory[margin + pixels + i] != 0x5a5a5a5a);
	printf("status %d, %016lx, touched outside: %zu\n", status,
	       (unsigned long)sum_of(memory + margin, pixels * sizeof *memory), touched);
	free(memory);
	TIFFClose(tiff);
}

static void rgba_part(char **word, int (*read)(TIFF *, uint32_t, uint32_t, uint32_t *))
{
	TIFF *tiff = TIFFOpen(word[1], "r");
	static uint32_t raster[1024 * 1024];
	memset(raster, 0, sizeof raster);
	if (!tiff) {
		puts("cannot be opened");
		return;
	}
	int status =
		read(tiff, (uint32_t)strtoul(word[2], NULL, 0), (uint32_t)strtoul(word[3], NULL, 0), raster);
	printf("status %d, %016lx\n", status, (unsigned long)sum_of(raster, sizeof raster));
	TIFFClose(tiff);
}

static int read_strip(TIFF *tiff, uint32_t column, uint32_t row, uint32_t *raster)
{
	(void)column;
	return TIFFReadRGBAStrip(tiff, row, raster);
}

static void rgba_strip(char **word)
{
	rgba_part(word, read_strip);
}

static void rgba_tile(char **word)
{
	rgba_part(word, TIFFReadRGBATile);
}

// LogLuv from floats, one of which may be no number.
static void logluv(char **word)
{
	float pixel[3 * 16];
	TIFF *tiff = TIFFOpen(word[1], "w");
	if (!tiff) {
		puts("cannot be written");
		return;
	}
	for (int i = 0; i < 48; i++)
		pixel[i] = 0.25f + 0.01f * (float)i;
	if (!strcmp(word[2], "nan"))
		pixel[3] = pixel[4] = pixel[5] = NAN;
	TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 16);
	TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
	TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
	TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_LOGLUV);
	TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	TIFFSetField(tiff, TIFFTAG_COMPRESSION, atoi(word[3]));
	TIFFSetField(tiff, TIFFTAG_SGILOGDATAFMT, SGILOGDATAFMT_FLOAT);
	// Without noise, or no two runs would write the same.
	TIFFSetField(tiff, TIFFTAG_SGILOGENCODE, SGILOGENCODE_NODITHER);
	TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 1);
	printf("written %d\n", TIFFWriteScanline(tiff, pixel, 0, 0));
	TIFFClose(tiff);
	FILE *file = fopen(word[1], "rb");
	unsigned char bytes[4096];
	size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
	printf("%zu bytes, %016lx\n", size, (unsigned long)sum_of(bytes, size));
	if (file)
		fclose(file);
}

static void inknames(char **word)
{
	TIFF *tiff = TIFFOpen(word[1], "w");
	if (!tiff) {
		puts("cannot be written");
		return;
	}
	TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, atoi(word[2]));
	printf("set %d\n", TIFFSetField(tiff, TIFFTAG_INKNAMES, atoi(word[3]), "one\0two\0three"));
	uint16_t count = 0;
	TIFFGetField(tiff, TIFFTAG_NUMBEROFINKS, &count);
	printf("inks %u\n", count);
	printf("set %d\n", TIFFSetField(tiff, TIFFTAG_INKNAMES, 0, NULL));
	TIFFCleanup(tiff);
	unlink(word[1]);
}

static const struct {
	const char *name;
	void (*run)(char **word);
	int words;
} commands[] = {
	{"info", info, 2},     {"strips", strips, 3},         {"scanlines", scanlines, 2},
	{"rgba", rgba, 5},     {"rgba-strip", rgba_strip, 4}, {"rgba-tile", rgba_tile, 4},
	{"logluv", logluv, 4}, {"inknames", inknames, 4},
};

static void obey(char *line)
{
	char *word[WORDS] = {0}, *rest = line;
	int count = 0;
	while (count < WORDS && (word[count] = strsep(&rest, "\t")))
		count++;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (!strcmp(commands[i].name, word[0]) && commands[i].words <= count) {
			commands[i].run(word);
			return;
		}
	}
	printf("unknown command: %s with %d words\n", word[0], count);
}

static int write_and_read(const char *path, unsigned seed)
{
	unsigned char line[96], back[96];
	int equal = 1;
	TIFF *tiff = TIFFOpen(path, "w");
	if (!tiff)
		return 0;
	TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 32);
	TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 8);
	TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
	TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
	TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
	TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	TIFFSetField(tiff, TIFFTAG_COMPRESSION, seed % 2 ? COMPRESSION_LZW : COMPRESSION_PACKBITS);
	for (unsigned row = 0; row < 8; row++) {
		for (unsigned i = 0; i < sizeof line; i++)
			line[i] = (unsigned char)(seed + row * i);
		equal &= TIFFWriteScanline(tiff, line, row, 0) == 1;
	}
	TIFFClose(tiff);
	tiff = TIFFOpen(path, "r");
	for (unsigned row = 0; tiff && row < 8; row++) {
		for (unsigned i = 0; i < sizeof line; i++)
			line[i] = (unsigned char)(seed + row * i);
		equal &= TIFFReadScanline(tiff, back, row, 0) == 1 && !memcmp(line, back, sizeof line);
	}
	if (tiff)
		TIFFClose(tiff);
	return equal;
}

static void *loop(void *number)
{
	char path[64];
	snprintf(path, sizeof path, "thread-%d.tif", (int)(intptr_t)number);
	silent = 1;
	for (unsigned seed = 1; !stop; seed++) {
		if (!write_and_read(path, seed))
			deviations++;
		rounds++;
		usleep(500);
	}
	unlink(path);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t thread[16];
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	if (count < 0 || count > 16)
		return 3;
	TIFFSetErrorHandler(say);
	TIFFSetWarningHandler(say);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, loop, (void *)(intptr_t)i))
			return 3;
	while ((length = getline(&line, &size, stdin)) > 0) {
		line[length - 1] = 0;
		if (!strcmp(line, "quit"))
			break;
		obey(line);
		fputs("\n.\n", stdout);
		fflush(stdout);
	}
	stop = 1;
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	printf("%ld rounds, %d deviations\n.\n", (long)rounds, (int)deviations);
	free(line);
	return deviations ? 1 : 0;
}
