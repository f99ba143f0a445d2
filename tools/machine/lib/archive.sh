# shellcheck shell=bash
# Packages of Debian's archive that are looked into rather than installed: of
# another suite, or for another kind of computer. Each directory DIR has an apt of
# its own, that has nothing installed and touches none of ours.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# archive_lacking: why nothing can be fetched here, if so.
archive_lacking() {
	command -v apt-get dpkg-deb >/dev/null || { echo "this needs apt-get and dpkg-deb" && return 1; }
	[[ -e $KEYRING ]] || { echo "no $KEYRING (package debian-archive-keyring)" && return 1; }
	[[ $(archive_mirror) ]] || { echo "this computer's apt knows no mirror of Debian" && return 1; }
}

# The one that this computer's apt uses.
# shellcheck disable=SC2016 # apt expands it
archive_mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Label: Debian' 2>/dev/null | head -n 1
}

# archive_configure DIR ARCHITECTURE SUITE...
archive_configure() {
	local dir=$1 architecture=$2 suite
	shift 2
	mkdir -p "$dir"/{lists,archives}/partial
	: >"$dir/status"
	for suite; do
		echo "deb [signed-by=$KEYRING] $(archive_mirror) $suite main"
	done >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$dir";
		Dir::State::lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir";
		Dir::Cache::archives "$dir/archives";
		APT::Architecture "$architecture";
		APT::Architectures { "$architecture"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
	END
}

# archive_apt DIR ARGUMENT...: apt-get there; what it says is in DIR/apt.log.
archive_apt() {
	local dir=$1
	shift
	APT_CONFIG=$dir/apt.conf apt-get -q "$@" >"$dir/apt.log" 2>&1 </dev/null
}
