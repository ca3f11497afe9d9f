#!/bin/sh
# Writes the Lua scripts named as arguments as a C file: of each its name, its
# text and the sha1 by which Redis knows it (EVALSHA).  A line
# "--#include FILE" is replaced by that file, from the same directory; lines
# that are nothing but a comment are left out.
set -eu

text() {
	awk -v dir="${1%/*}" '
		function copy(file,	line) {
			while ((got = getline line < file) > 0)
				if (line ~ /^--#include /)
					copy(dir "/" substr(line, 12))
				else if (line !~ /^[ \t]*--/)
					print line
			if (got < 0) {
				print file ": cannot be read" > "/dev/stderr"
				exit 1
			}
			close(file)
		}
		BEGIN { copy(ARGV[1]) }' "$1"
}

echo '/* Made by scripts/embed.sh from scripts/: change it there. */'
echo '#include "store/private.h"'
for file; do
	name=${file##*/}
	name=${name%.lua}
	sha1=$(text "$file" | sha1sum)
	printf '\nconst struct script script_%s = {\n\t"%s",\n\t"%s",\n' "$name" "$name" "${sha1%% *}"
	text "$file" | sed -e 's/[\\"]/\\&/g' -e 's/	/\\t/g' -e 's/^/	"/' -e 's/$/\\n"/'
	echo '};'
done
