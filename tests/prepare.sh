# For quickstart and runtests, which source it from the top of the tree:
# Debian packages, the private redis-server, the build.  Changes nothing of
# the machine but installing packages of tests/packages that are missing.
# shellcheck shell=sh

packages_of() # PURPOSE...: their lines of tests/packages, "a|b" as it stands
{
	for purpose; do
		awk -v purpose="$purpose" '$1 == purpose { print $2 }' tests/packages
	done
}

package_installed() # NAME
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

packages_missing() # PURPOSE...: what is to be installed, one a line
{
	packages_of "$@" | while read -r choice; do
		# shellcheck disable=SC2046 # a list
		set -- $(echo "$choice" | tr '|' ' ')
		for name; do
			package_installed "$name" && continue 2
		done
		for name; do
			if [ $# = 1 ] || apt-cache show "$name" >/dev/null 2>&1; then
				echo "$name"
				break
			fi
		done
	done
}

packages_install() # PURPOSE...: installs what is missing; status 1 with the reason otherwise
{
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "Missing Debian packages; run this with sudo, or: apt-get install $missing" >&2
		return 1
	fi
	apt_log=$(mktemp) || return 1
	echo "installing, which may take a minute: $missing"
	{
		apt-get update -q || echo "apt-get update failed; going on with the old lists"
		# The lists may have been empty before, so that the choice was blind.
		missing=$(packages_missing "$@" | tr '\n' ' ')
		# shellcheck disable=SC2086 # a list
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
	} >"$apt_log" 2>&1 </dev/null
	status=$?
	[ $status = 0 ] || tail -n 30 "$apt_log" >&2
	rm -f "$apt_log"
	return $status
}

# Debian's redis-server package would start a service.  Its program is in
# redis-tools too, where redis-check-rdb is the very same file and looks at the
# name that it was called by.
redis_prepare() # DIRECTORY: puts it there as redis-server and into PATH when there is none
{
	command -v redis-server >/dev/null && return 0
	mkdir -p "$1" && ln -sf "$(command -v redis-check-rdb)" "$1/redis-server" || return 1
	case $("$1/redis-server" --version 2>&1) in
	"Redis server "*) PATH=$1:$PATH; export PATH ;;
	*)	echo "no redis-server: install Debian's redis-server" >&2
		return 1 ;;
	esac
}

# Out of tree, so that a reader's clone stays clean but for ./configure & co.
tree_configure() # DIRECTORY CONFIGURE-ARGUMENT...
{
	into=$1
	shift
	# make runs it again by itself when configure.ac has changed.
	[ -x configure ] || ./autogen.sh || return 1
	mkdir -p "$into" || return 1
	[ -f "$into/Makefile" ] && return 0
	from=$PWD
	(cd "$into" && "$from/configure" -q "$@")
}
