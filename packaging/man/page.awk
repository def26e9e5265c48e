# SPDX-License-Identifier: Apache-2.0
# Markdown to man(7); see page beside this file.

function fail(why) {
	print "page: " why ": " $0 > "/dev/stderr"
	failed = 1
	exit 1
}

# --- words

function escape(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text
}

# A line that begins with . or ' would be a request.
function say(line) {
	if (line ~ /^[.']/)
		line = "\\&" line
	print line
}

# What a link says here: another manual page, or the file beside the package's other documents.
function link(text, to) {
	if (to ~ /^#/ || to ~ /^https?:/)
		return text
	sub(/#.*/, "", to)
	if (to in pages)
		return pages[to] == page_name() ? text : pages[to]
	return text " (" to ")"
}

function page_name() {
	return "\\fB" page "\\fR(" sections[page] ")"
}

function links(text,    before, inside, at) {
	before = ""
	while (match(text, /\[[^]]+\]\([^)]+\)/)) {
		inside = substr(text, RSTART + 1, RLENGTH - 2)
		at = index(inside, "](")
		before = before substr(text, 1, RSTART - 1) link(substr(inside, 1, at - 1), substr(inside, at + 2))
		text = substr(text, RSTART + RLENGTH)
	}
	return before text
}

# **WORDS** or *WORDS*, not what only looks like it: a space must be outside.
function emphasis(text, mark, font,    pattern, before, size) {
	pattern = mark == "**" ? "\\*\\*[^* ][^*]*\\*\\*" : "\\*[^* ][^*]*\\*"
	size = length(mark)
	before = ""
	while (match(text, pattern)) {
		before = before substr(text, 1, RSTART - 1) font \
			 substr(text, RSTART + size, RLENGTH - 2 * size) "\\fR"
		text = substr(text, RSTART + RLENGTH)
	}
	return before text
}

# Code is taken as it is: nothing in it means anything.
function inline(text,    parts, count, i, result) {
	count = split(text, parts, "`")
	if (count % 2 == 0)
		fail("a ` without its other half")
	result = ""
	for (i = 1; i <= count; i++)
		if (i % 2 == 0)
			result = result "\\fB" escape(parts[i]) "\\fR"
		else
			result = result emphasis(emphasis(links(escape(parts[i])), "**", "\\fB"), "*", "\\fI")
	return result
}

# --- blocks

function flush() {
	if (paragraph != "")
		say(inline(paragraph))
	paragraph = ""
}

function end_table() {
	in_table = 0
}

function heading(level, text) {
	flush()
	end_table()
	in_list = 0
	if (level == 1)
		print ".SH " toupper(inline(text))
	else if (level == 2)
		print ".SS " inline(text)
	else
		print ".PP\n\\fB" inline(text) "\\fR\n.br"
	fresh = 1
}

function cells(line, ret,    count, i) {
	sub(/^\| */, "", line)
	sub(/ *\|$/, "", line)
	count = split(line, ret, / *\| */)
	for (i = 1; i <= count; i++)
		gsub(/^ +| +$/, "", ret[i])
	return count
}

# The first column is what the row is about; one that says what it means comes before the others.
function row(line,    cell, count, i, other) {
	count = cells(line, cell)
	if (count != columns)
		fail("a row of " count " cells below " columns)
	print ".TP"
	say("\\fB" inline(cell[1]) "\\fR")
	if (columns == 2 || title[columns] ~ /^(means|does|why)$/)
		say(inline(cell[columns] == "" ? "\\&" : cell[columns]))
	else
		other = 1
	for (i = 2; i <= columns; i++) {
		if ((i == columns && !other) || columns == 2 || cell[i] == "")
			continue
		if (i > 2 || !other)
			print ".br"
		say(title[i] ": " inline(cell[i]))
	}
}

function table(line) {
	if (in_table == 0) {
		flush()
		columns = cells(line, title)
		in_table = 1
	} else if (in_table == 1) {
		if (line !~ /^[|: -]+$/)
			fail("a table without a line below its titles")
		in_table = 2
	} else {
		row(line)
	}
}

BEGIN {
	sections["portgauge"] = 1
	sections["portgauge.yml"] = 5
	sections["portgauge-metrics"] = 7
	pages["commands.md"] = "\\fBportgauge\\fR(1)"
	pages["configuration.md"] = "\\fBportgauge.yml\\fR(5)"
	pages["metrics.md"] = "\\fBportgauge\\-metrics\\fR(7)"
	if (!(page in sections)) {
		print "page: " page " has no section in page.awk" > "/dev/stderr"
		exit 1
	}
}

/^```/ {
	flush()
	print in_code ? ".EE\n.RE" : (fresh ? "" : ".PP\n") ".RS 4\n.EX"
	in_code = !in_code
	fresh = 0
	next
}
in_code { say(escape($0)); next }
/^<!-- SPDX/ { next }
/^</ || /!\[/ || /^    / { fail("cannot be said in a manual page") }
/^#+ / { text = $0; sub(/^#+ /, "", text); heading(index($0, " ") - 1, text); next }
/^\|/ { table($0); next }
/^$/ { flush(); end_table(); gap = !fresh; next }
/^(-|[0-9]+\.) / {
	flush()
	end_table()
	mark = $1 == "-" ? "\\(bu 2" : $1 " 4"
	print ".IP " mark
	paragraph = $0
	sub(/^[^ ]+ /, "", paragraph)
	in_list = 1
	gap = 0
	next
}
/^  / && in_list { sub(/^ +/, ""); paragraph = paragraph " " $0; next }
{
	if (paragraph == "" && !fresh)
		print ".PP"
	in_list = 0
	fresh = 0
	paragraph = paragraph (paragraph == "" ? "" : " ") $0
}

END {
	if (failed)
		exit 1
	if (in_code)
		fail("code without an end")
	flush()
}
