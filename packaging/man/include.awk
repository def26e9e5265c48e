# SPDX-License-Identifier: Apache-2.0
# Puts the lines of FILE where "<!-- include FILE -->" stands.
/^<!-- include .* -->$/ {
	while ((status = (getline line < $3)) > 0)
		print line
	if (status < 0) {
		print "page: there is no " $3 > "/dev/stderr"
		exit 1
	}
	next
}
{ print }
