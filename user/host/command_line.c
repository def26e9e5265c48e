// SPDX-License-Identifier: Apache-2.0
#include "user/host/command_line.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "user/base/text.h"
#include "user/base/util.h"

#define MORE " ..."
#define OPTION_MAX 32

/* The arguments not looked at yet. */
struct arguments {
	const char *at;
	size_t left;
};

/* What an interpreter runs, besides its first plain argument. */
struct interpreter {
	const char *name;    /* followed by nothing, or by a version: "python3.11" */
	const char *module;  /* the option that a module or archive follows; NULL: none */
	const char *inline_; /* letters of options whose argument is the program itself */
	const char *valued;  /* options that a value follows, each between spaces; NULL: none */
};

static const struct interpreter interpreters[] = {
	{ "python", "-m", "c", " -W -X " },
	{ "perl", NULL, "eE", NULL },
	{ "ruby", NULL, "e", " -I -r " },
	{ "node", NULL, "ep", " -r --require " },
	{ "php", "-f", "rBRE", " -c -d " },
	{ "bash", NULL, "cs", " -o -O " },
	{ "dash", NULL, "cs", " -o " },
	{ "sh", NULL, "cs", " -o " },
	{ "java", "-jar", "", " -cp -classpath --class-path -p --module-path " },
};

/* The next one, unterminated if it was cut. */
static bool next(struct arguments *arguments, const char **ret, size_t *ret_length)
{
	size_t length = strnlen(arguments->at, arguments->left);
	size_t step = length < arguments->left ? length + 1 : length;

	if (!arguments->left)
		return false;
	*ret = arguments->at;
	*ret_length = length;
	arguments->at += step;
	arguments->left -= step;
	return true;
}

static const char *last_part(const char *path, size_t *length)
{
	const char *slash = memrchr(path, '/', *length);

	if (!slash || slash + 1 == path + *length)
		return path;
	*length -= (size_t)(slash + 1 - path);
	return slash + 1;
}

static bool add(char ret[COMMAND_LINE_MAX], const char *s, size_t length)
{
	size_t used = strlen(ret);
	bool first = !used;

	if (used + !first + length + strlen(MORE) >= COMMAND_LINE_MAX)
		return false;
	snprintf(ret + used, COMMAND_LINE_MAX - used, "%s%.*s", first ? "" : " ", (int)length, s);
	return true;
}

static void add_more(char ret[COMMAND_LINE_MAX])
{
	size_t used = strlen(ret);

	snprintf(ret + used, COMMAND_LINE_MAX - used, "%s", used ? MORE : &MORE[1]);
}

static const struct interpreter *find_interpreter(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(interpreters); i++) {
		size_t n = strlen(interpreters[i].name);

		if (length < n || strncmp(name, interpreters[i].name, n) != 0)
			continue;
		while (n < length && (isdigit((unsigned char)name[n]) || name[n] == '.'))
			n++;
		if (n == length)
			return &interpreters[i];
	}
	return NULL;
}

static bool is_word(const char *argument, size_t length, const char *word)
{
	return word && strlen(word) == length && !memcmp(argument, word, length);
}

static bool takes_value(const struct interpreter *interpreter, const char *option, size_t length)
{
	const char *at = interpreter->valued;
	const char *found;

	while (at && (found = memmem(at, strlen(at), option, length))) {
		if (found[-1] == ' ' && found[length] == ' ')
			return true;
		at = found + 1;
	}
	return false;
}

static bool begins_inline(const char *option, size_t length)
{
	static const char *const names[] = { "--eval", "--print", "--run", "--process" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (length >= strlen(names[i]) && !memcmp(option, names[i], strlen(names[i])))
			return true;
	return length == 2; /* "--": whatever follows */
}

/* "-c", "-lc": what follows is a program, not the name of one. */
static bool is_inline(const struct interpreter *interpreter, const char *option, size_t length)
{
	if (option[1] == '-')
		return begins_inline(option, length);
	for (size_t i = 1; i < length; i++)
		if (strchr(interpreter->inline_, option[i]) && isalpha((unsigned char)option[i]))
			return true;
	return false;
}

/* A file or module has a name without anything that a program or an address would need. */
static bool is_name(const char *argument, size_t length)
{
	if (!length || argument[0] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)argument[i]) && !strchr("._/-+@", argument[i]))
			return false;
	return true;
}

/* False: it is not known what it runs, and nothing of the rest may be shown. */
static bool show_script(char ret[COMMAND_LINE_MAX], const struct interpreter *interpreter,
			struct arguments *arguments)
{
	const char *argument;
	size_t length;

	while (next(arguments, &argument, &length)) {
		bool names = is_word(argument, length, interpreter->module);

		if (names && (!add(ret, argument, length) || !next(arguments, &argument, &length)))
			return false;
		if (names || length == 0 || argument[0] != '-') {
			if (!is_name(argument, length))
				return false;
			argument = interpreter->module && names && argument[0] != '/'
					   ? argument
					   : last_part(argument, &length);
			return add(ret, argument, length);
		}
		if (length == 1 || is_inline(interpreter, argument, length))
			return false;
		if (takes_value(interpreter, argument, length))
			next(arguments, &argument, &length);
	}
	return false;
}

/* "--listen" of "--listen=..."; 0: it is no such option. A value could only look like one if it
 * began with two dashes and had nothing but small letters in it. */
static size_t option_length(const char *argument, size_t length)
{
	size_t n = 2;

	if (length < 3 || argument[0] != '-' || argument[1] != '-')
		return 0;
	while (n < length && (islower((unsigned char)argument[n]) || argument[n] == '-'))
		n++;
	if (n < 4 || n > OPTION_MAX || argument[2] == '-' || argument[n - 1] == '-')
		return 0;
	return n == length || argument[n] == '=' ? n : 0;
}

/* Options whose value must never be taken for an option. */
static bool is_delicate(const char *option, size_t length)
{
	static const char *const words[] = { "pass", "pwd",  "secret", "token", "key",
					     "auth", "cred", "user",   "login", "cookie" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (memmem(option, length, words[i], strlen(words[i])))
			return true;
	return false;
}

/* Also after a short option its value follows, perhaps. */
static void show_options(char ret[COMMAND_LINE_MAX], struct arguments *arguments)
{
	bool left_out = false;
	bool room = true;
	bool hide = false; /* the next one, whatever it looks like */
	const char *argument;
	size_t length;

	while (room && next(arguments, &argument, &length)) {
		size_t n = hide ? 0 : option_length(argument, length);

		if (is_word(argument, length, "--") && !hide) {
			left_out |= arguments->left > 0;
			break;
		}
		hide = !hide && ((n && n == length && is_delicate(argument, n)) ||
				 (!n && length == 2 && argument[0] == '-'));
		left_out |= n != length;
		if (n)
			room = add(ret, argument, n);
	}
	if (left_out || !room)
		add_more(ret);
}

/* "nginx: worker process": a title that the program wrote over its arguments. Its first word is
 * its name. A login shell has a dash before its. */
static size_t program_length(const char *argument, size_t length)
{
	const char *space = memchr(argument, ' ', length);

	return space ? (size_t)(space - argument) : length;
}

void command_line_show(char ret[COMMAND_LINE_MAX], const char *arguments, size_t size)
{
	struct arguments rest = { arguments, size };
	const struct interpreter *interpreter;
	const char *program = "";
	size_t length = 0;
	size_t whole = 0;
	size_t shown;

	ret[0] = '\0';
	while (rest.left && !whole) /* a title may be followed by nothing but zeros */
		next(&rest, &program, &whole);
	if (!whole)
		return;
	length = program_length(program, whole);
	shown = length;
	program = last_part(program, &shown);
	if (shown > COMMAND_PATH_MAX - 1)
		shown = COMMAND_PATH_MAX - 1;
	add(ret, program, shown);
	interpreter = find_interpreter(program, shown);
	if (length != whole || (interpreter && !show_script(ret, interpreter, &rest)))
		add_more(ret);
	else
		show_options(ret, &rest);
	text_printable(ret, COMMAND_LINE_MAX, ret);
}

void command_path_show(char ret[COMMAND_PATH_MAX], const char *path)
{
	size_t length = strlen(path);
	const char *from = path;
	char copy[COMMAND_PATH_MAX];

	if (length >= sizeof(copy)) {
		from = path + length - (sizeof(copy) - 1 - 3);
		from += strcspn(from, "/");
	}
	if (from != path && !*from)
		from = path + length - (sizeof(copy) - 1 - 3);
	snprintf(copy, sizeof(copy), "%s%s", from == path ? "" : "...", from);
	text_printable(ret, COMMAND_PATH_MAX, copy);
}
