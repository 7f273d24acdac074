// SPDX-License-Identifier: GPL-3.0-or-later
// A long-lived user of libxml2: threads parse, validate and query in a loop, while one thread does what it is told.
//
//   xml THREADS
//
// Each line of stdin is a command, its words separated by tabs; the answer goes to stdout and ends with a line "."
// alone. `quit` ends with status 1 when a thread of the loop ever got another answer than the first one.
#include <libxml/HTMLparser.h>
#include <libxml/SAX2.h>
#include <libxml/catalog.h>
#include <libxml/debugXML.h>
#include <libxml/dict.h>
#include <libxml/parser.h>
#include <libxml/pattern.h>
#include <libxml/relaxng.h>
#include <libxml/schematron.h>
#include <libxml/tree.h>
#include <libxml/valid.h>
#include <libxml/xinclude.h>
#include <libxml/xmlreader.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS 6

static atomic_int stop;
static atomic_int deviations;
static atomic_long rounds;

static void say_error(void *context, const char *format, ...)
{
	(void)context;
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stdout, format, arguments);
	va_end(arguments);
}

static void be_silent(void *context, const char *format, ...)
{
	(void)context;
	(void)format;
}

static void dump(xmlDocPtr doc)
{
	xmlChar *text = NULL;
	int size = 0;
	if (!doc) {
		puts("no document");
		return;
	}
	xmlDocDumpMemory(doc, &text, &size);
	fwrite(text, 1, (size_t)size, stdout);
	putchar('\n');
	xmlFree(text);
}

static void parse(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, atoi(word[2]));
	dump(doc);
	xmlFreeDoc(doc);
}

// What lives before a switch and ends behind it.
static xmlDocPtr kept;

static void keep(char **word)
{
	kept = xmlReadFile(word[1], NULL, atoi(word[2]));
	puts(kept ? "kept" : "nothing to keep");
}

static void let_go(char **word)
{
	(void)word;
	dump(kept);
	xmlFreeDoc(kept);
	kept = NULL;
}

static void html(char **word)
{
	htmlDocPtr doc = htmlReadFile(word[1], NULL, atoi(word[2]));
	dump(doc);
	xmlFreeDoc(doc);
}

static void show_object(xmlXPathObjectPtr object)
{
	if (object)
		xmlXPathDebugDumpObject(stdout, object, 0);
	else
		puts("no object");
	xmlXPathFreeObject(object);
}

static void xpath(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, 0);
	xmlXPathContextPtr context = xmlXPathNewContext(doc);
	show_object(xmlXPathEvalExpression(BAD_CAST word[2], context));
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
}

// As EXSLT's dyn:evaluate: an expression evaluated by a function of an expression.
static void evaluate(xmlXPathParserContextPtr parser, int count)
{
	(void)count;
	xmlChar *text = xmlXPathPopString(parser);
	xmlXPathObjectPtr result = xmlXPathEvalExpression(text, parser->context);
	xmlFree(text);
	valuePush(parser, result ? result : xmlXPathNewCString("none"));
}

static void show_depth(xmlXPathParserContextPtr parser, int count)
{
	(void)count;
	valuePush(parser, xmlXPathNewFloat(parser->context->depth));
}

static void nested(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, 0);
	xmlXPathContextPtr context = xmlXPathNewContext(doc);
	xmlXPathRegisterFunc(context, BAD_CAST "evaluate", evaluate);
	xmlXPathRegisterFunc(context, BAD_CAST "depth", show_depth);
	show_object(xmlXPathEvalExpression(BAD_CAST word[2], context));
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
}

static void schema(char **word)
{
	xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(word[1]);
	xmlSchemaSetParserErrors(parser, say_error, say_error, NULL);
	xmlSchemaPtr compiled = xmlSchemaParse(parser);
	xmlSchemaFreeParserCtxt(parser);
	if (!compiled) {
		puts("no schema");
		return;
	}
	xmlDocPtr doc = xmlReadFile(word[2], NULL, 0);
	xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(compiled);
	xmlSchemaSetValidErrors(valid, say_error, say_error, NULL);
	printf("valid: %d\n", xmlSchemaValidateDoc(valid, doc));
	xmlSchemaFreeValidCtxt(valid);
	xmlSchemaFree(compiled);
	xmlFreeDoc(doc);
}

static void relaxng(char **word)
{
	xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt(word[1]);
	xmlRelaxNGSetParserErrors(parser, say_error, say_error, NULL);
	xmlRelaxNGPtr compiled = xmlRelaxNGParse(parser);
	xmlRelaxNGFreeParserCtxt(parser);
	if (!compiled) {
		puts("no schema");
		return;
	}
	xmlDocPtr doc = xmlReadFile(word[2], NULL, 0);
	xmlRelaxNGValidCtxtPtr valid = xmlRelaxNGNewValidCtxt(compiled);
	xmlRelaxNGSetValidErrors(valid, say_error, say_error, NULL);
	printf("valid: %d\n", xmlRelaxNGValidateDoc(valid, doc));
	xmlRelaxNGFreeValidCtxt(valid);
	xmlRelaxNGFree(compiled);
	xmlFreeDoc(doc);
}

static void schematron(char **word)
{
	xmlSchematronParserCtxtPtr parser = xmlSchematronNewParserCtxt(word[1]);
	xmlSchematronPtr compiled = xmlSchematronParse(parser);
	xmlSchematronFreeParserCtxt(parser);
	if (!compiled) {
		puts("no schema");
		return;
	}
	xmlDocPtr doc = xmlReadFile(word[2], NULL, 0);
	xmlSchematronValidCtxtPtr valid = xmlSchematronNewValidCtxt(compiled, XML_SCHEMATRON_OUT_ERROR);
	printf("valid: %d\n", xmlSchematronValidateDoc(valid, doc));
	dump(doc);
	xmlSchematronFreeValidCtxt(valid);
	xmlSchematronFree(compiled);
	xmlFreeDoc(doc);
}

static void reader(char **word)
{
	xmlTextReaderPtr text = xmlReaderForFile(word[1], NULL, atoi(word[2]));
	int status, nodes = 0;
	if (!text) {
		puts("no reader");
		return;
	}
	while ((status = xmlTextReaderRead(text)) == 1) {
		const xmlChar *name = xmlTextReaderConstName(text);
		if (nodes++ < 200)
			printf("%d %d %s\n", xmlTextReaderDepth(text), xmlTextReaderNodeType(text),
			       name ? (const char *)name : "-");
	}
	printf("ended %d, valid %d, %d nodes\n", status, xmlTextReaderIsValid(text), nodes);
	xmlFreeTextReader(text);
}

static void xinclude(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, XML_PARSE_XINCLUDE);
	printf("included: %d\n", doc ? xmlXIncludeProcess(doc) : -2);
	dump(doc);
	xmlFreeDoc(doc);
}

static void match(xmlPatternPtr pattern, xmlNodePtr node)
{
	for (; node; node = node->next) {
		if (xmlPatternMatch(pattern, node) == 1)
			printf("match %s\n", (const char *)node->name);
		if (node->type == XML_ELEMENT_NODE)
			match(pattern, node->children);
	}
}

static void pattern(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, 0);
	xmlPatternPtr compiled = xmlPatterncompile(BAD_CAST word[2], NULL, atoi(word[3]), NULL);
	if (compiled) {
		match(compiled, xmlDocGetRootElement(doc));
		printf("depths %d to %d\n", xmlPatternMinDepth(compiled), xmlPatternMaxDepth(compiled));
		xmlStreamCtxtPtr stream = xmlPatternGetStreamCtxt(compiled);
		printf("stream: %s\n", stream ? "yes" : "no");
		if (stream) {
			printf("root %d\n", xmlStreamPush(stream, NULL, NULL));
			printf("step %d\n", xmlStreamPush(stream, BAD_CAST "child", NULL));
			xmlFreeStreamCtxt(stream);
		}
	} else {
		puts("no pattern");
	}
	xmlFreePattern(compiled);
	xmlFreeDoc(doc);
}

static int elements;

static void count_start(void *context, const xmlChar *name, const xmlChar **attributes)
{
	(void)context;
	(void)attributes;
	printf("start %s\n", (const char *)name);
	elements++;
}

// Handlers of the first SAX version, given by the caller, with the option that asks for that version.
static void sax1(char **word)
{
	xmlSAXHandler handler;
	memset(&handler, 0, sizeof handler);
	handler.startElement = count_start;
	handler.initialized = 1;
	elements = 0;
	xmlParserCtxtPtr parser = xmlNewParserCtxt();
	*parser->sax = handler;
	parser->userData = NULL;
	xmlDocPtr doc = xmlCtxtReadFile(parser, word[1], NULL, atoi(word[2]));
	printf("%d elements\n", elements);
	xmlFreeDoc(doc);
	xmlFreeParserCtxt(parser);
}

static void sax_defaults(char **word)
{
	xmlSAXHandler handler;
	memset(&handler, 0, sizeof handler);
	printf("%d ", xmlSAXVersion(&handler, atoi(word[1])));
	printf("%d %d %d %d\n", handler.startElement != NULL, handler.endElement != NULL,
	       handler.startElementNs != NULL, handler.initialized != 0);
}

// A push parser whose options come when its context is there already.
static void push(char **word)
{
	char part[64];
	FILE *file = fopen(word[1], "r");
	xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(NULL, NULL, NULL, 0, word[1]);
	xmlCtxtUseOptions(parser, atoi(word[2]));
	size_t size;
	while (file && (size = fread(part, 1, sizeof part, file)))
		xmlParseChunk(parser, part, (int)size, 0);
	printf("parsed %d\n", xmlParseChunk(parser, part, 0, 1));
	dump(parser->myDoc);
	xmlFreeDoc(parser->myDoc);
	xmlFreeParserCtxt(parser);
	if (file)
		fclose(file);
}

static void catalog(char **word)
{
	xmlCatalogPtr loaded = xmlLoadACatalog(word[1]);
	if (!loaded) {
		puts("no catalog");
		return;
	}
	xmlChar *found = xmlACatalogResolveURI(loaded, BAD_CAST word[2]);
	printf("URI: %s\n", found ? (char *)found : "none");
	xmlFree(found);
	found = xmlACatalogResolveSystem(loaded, BAD_CAST word[2]);
	printf("system: %s\n", found ? (char *)found : "none");
	xmlFree(found);
	xmlACatalogDump(loaded, stdout);
	xmlFreeCatalog(loaded);
}

static FILE *script;

static char *next_line(char *prompt)
{
	char *line = NULL;
	size_t size = 0;
	printf("%s", prompt);
	ssize_t length = getline(&line, &size, script);
	if (length < 0) {
		free(line);
		return NULL;
	}
	if (length > 0 && line[length - 1] == '\n')
		line[length - 1] = 0;
	return line;
}

static void shell(char **word)
{
	script = fopen(word[2], "r");
	xmlDocPtr doc = xmlReadFile(word[1], NULL, 0);
	if (script && doc)
		xmlShell(doc, word[1], next_line, stdout);
	else
		puts("no script or no document");
	if (script)
		fclose(script);
	xmlFreeDoc(doc);
}

static void valid(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, XML_PARSE_DTDLOAD);
	xmlValidCtxtPtr context = xmlNewValidCtxt();
	context->error = say_error;
	context->warning = say_error;
	printf("valid: %d\n", doc ? xmlValidateDocument(context, doc) : -1);
	xmlFreeValidCtxt(context);
	xmlFreeDoc(doc);
}

// An element without a name, as it is left behind when memory ran out, named in a message.
static void nameless(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, XML_PARSE_DTDLOAD);
	xmlNodePtr root = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlValidCtxtPtr context = xmlNewValidCtxt();
	context->error = say_error;
	if (root && root->children) {
		const xmlChar *name = root->children->name;
		root->children->name = NULL;
		printf("valid: %d\n", xmlValidateOneElement(context, doc, root));
		root->children->name = name;
	}
	xmlFreeValidCtxt(context);
	xmlFreeDoc(doc);
}

// How many large lines the library's shell does not give back.
static void leak(char **word)
{
	size_t before = mallinfo2().hblks;
	shell(word);
	printf("lines kept: %zd\n", (ssize_t)(mallinfo2().hblks - before));
}

static void qualified(char **word)
{
	xmlChar memory[16];
	xmlChar *name = xmlBuildQName(BAD_CAST word[1], BAD_CAST word[2], memory, atoi(word[3]));
	printf("%s\n", name ? (char *)name : "none");
	if (name && name != memory && name != BAD_CAST word[1])
		xmlFree(name);
}

static void copy(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, 0);
	xmlDocPtr twin = doc ? xmlCopyDoc(doc, 1) : NULL;
	dump(twin);
	xmlFreeDoc(twin);
	xmlFreeDoc(doc);
}

// The same empty string, followed by different bytes: one key or two?
static void dictionary(char **word)
{
	(void)word;
	int different = 0;
	xmlDictPtr dict = xmlDictCreate();
	const xmlChar *first = xmlDictLookup(dict, BAD_CAST "", 0);
	for (int byte = 1; byte < 256; byte++) {
		xmlChar text[2] = {(xmlChar)byte, 0};
		different += xmlDictLookup(dict, text, 0) != first;
	}
	printf("empty strings with another key: %s\n", different ? "yes" : "none");
	xmlDictFree(dict);
}

static void prefixes(char **word)
{
	(void)word;
	xmlDictPtr dict = xmlDictCreate();
	for (int i = 0; i < 300; i++) {
		char name[16];
		snprintf(name, sizeof name, "name%d", i);
		xmlDictQLookup(dict, BAD_CAST(i % 2 ? "p" : NULL), BAD_CAST name);
	}
	printf("%d names\n", xmlDictSize(dict));
	xmlDictFree(dict);
}

// An entity that shares a dictionary's string with something else; what the document says of it afterwards.
static void entity(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, XML_PARSE_NOENT);
	dump(doc);
	xmlEntityPtr found = doc ? xmlGetDocEntity(doc, BAD_CAST word[2]) : NULL;
	if (found)
		printf("entity %s, in the dictionary: %d %d\n", (const char *)found->name,
		       doc->dict && found->content ? xmlDictOwns(doc->dict, found->content) : -1,
		       doc->dict && found->SystemID ? xmlDictOwns(doc->dict, found->SystemID) : -1);
	xmlFreeDoc(doc);
}

// An attribute marked from outside in the upper bits of its type, as libxslt does, and then freed: does the document
// still lead to it?
static void marked(char **word)
{
	xmlDocPtr doc = xmlReadFile(word[1], NULL, XML_PARSE_DTDATTR | XML_PARSE_DTDLOAD);
	xmlNodePtr root = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlAttrPtr attribute = root ? root->properties : NULL;
	if (attribute) {
		printf("type %d, found %d\n", (int)attribute->atype, xmlGetID(doc, BAD_CAST word[2]) != NULL);
		attribute->atype = (xmlAttributeType)((unsigned)attribute->atype | 1u << 27);
		xmlRemoveProp(attribute);
		printf("found %d\n", xmlGetID(doc, BAD_CAST word[2]) != NULL);
		// What dangles must not be followed when the table is freed.
		fflush(stdout);
	}
	xmlFreeDoc(doc);
}

static const struct {
	const char *name;
	void (*run)(char **word);
	int words;
} commands[] = {
	{"parse", parse, 3},
	{"keep", keep, 3},
	{"let-go", let_go, 1},
	{"html", html, 3},
	{"xpath", xpath, 3},
	{"nested", nested, 3},
	{"schema", schema, 3},
	{"relaxng", relaxng, 3},
	{"schematron", schematron, 3},
	{"reader", reader, 3},
	{"xinclude", xinclude, 2},
	{"pattern", pattern, 4},
	{"sax1", sax1, 3},
	{"sax-defaults", sax_defaults, 2},
	{"push", push, 3},
	{"catalog", catalog, 3},
	{"shell", shell, 3},
	{"valid", valid, 2},
	{"nameless", nameless, 2},
	{"leak", leak, 3},
	{"qualified", qualified, 4},
	{"copy", copy, 2},
	{"dictionary", dictionary, 1},
	{"prefixes", prefixes, 1},
	{"entity", entity, 3},
	{"marked", marked, 3},
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

static const char ordinary[] =
	"<?xml version='1.0'?>\n<list xmlns:p='urn:p'><item n='1'>one</item><item n='2' p:q='z'>two &amp; "
	"three</item><!-- note --><p:item><![CDATA[raw < text]]></p:item></list>\n";

// One round: parse, query, copy, write out. The same every time.
static char *work(void)
{
	xmlDocPtr doc = xmlReadMemory(ordinary, sizeof ordinary - 1, "ordinary.xml", NULL, 0);
	xmlDocPtr twin = xmlCopyDoc(doc, 1);
	xmlXPathContextPtr context = xmlXPathNewContext(twin);
	xmlXPathObjectPtr count = xmlXPathEvalExpression(BAD_CAST "count(//item[@n > 0])", context);
	xmlChar *text = NULL;
	int size = 0;
	char *result = NULL;
	xmlDocDumpMemory(twin, &text, &size);
	if (asprintf(&result, "%.0f %s", count ? count->floatval : -1.0, (char *)text) < 0)
		result = NULL;
	xmlFree(text);
	xmlXPathFreeObject(count);
	xmlXPathFreeContext(context);
	xmlFreeDoc(twin);
	xmlFreeDoc(doc);
	return result;
}

static void *loop(void *unused)
{
	(void)unused;
	xmlSetGenericErrorFunc(NULL, be_silent);
	char *first = work();
	while (!stop) {
		char *now = work();
		if (!first || !now || strcmp(first, now))
			deviations++;
		free(now);
		rounds++;
		// Room for the others: what counts is that somebody is always in there.
		usleep(200);
	}
	free(first);
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
	// Large blocks are counted by themselves, see leak().
	mallopt(M_MMAP_THRESHOLD, 512 * 1024);
	xmlInitParser();
	xmlLoadCatalog("/nonexistent");
	xmlSetGenericErrorFunc(NULL, say_error);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, loop, NULL))
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
