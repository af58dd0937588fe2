# Lists programs by name, then their real paths, then their stamps. Names follow as the arguments of the shell.
set -f
IFS=:
dirs=$PATH
root=${PYENV_ROOT:-$HOME/.pyenv}
list=
count=0
add() {
  [ -f "$2" ] && [ -x "$2" ] || return 0
  printf '%s %s\n' "$1" "$2"
}
shim() {
  versions=$PYENV_VERSION
  if [ -z "$versions" ] && [ -r "$1/version" ]; then
    while read -r line || [ -n "$line" ]; do versions=$versions$line:; done <"$1/version"
  fi
  for version in $versions; do
    if [ "$version" = system ]; then continue; fi
    add p "$1/versions/$version/bin/$2"
  done
}
search() {
  for name in "$@"; do
    case $name in
      */*) add p "$name"; continue ;;
    esac
    for dir in $dirs; do
      case $dir in
        */shims) if [ -d "${dir%/shims}/versions" ]; then shim "${dir%/shims}" "$name"; continue; fi ;;
      esac
      case $name in
        *'['*)
          set +f
          for program in "${dir:-.}"/$name; do add p "$program"; done
          set -f ;;
        *) add p "${dir:-.}/$name" ;;
      esac
    done
  done
  set +f
  for program in "$root"/versions/*/bin/python \
    "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/uv/python}"/*/bin/python3 \
    "${CONDA_PREFIX:-/nonexistent}"/bin/python "$HOME"/*conda*/bin/python "$HOME"/*conda*/envs/*/bin/python \
    "$HOME"/*forge*/bin/python "$HOME"/*forge*/envs/*/bin/python "$HOME"/*mamba*/envs/*/bin/python \
    /opt/*conda*/bin/python /opt/*conda*/envs/*/bin/python /opt/*forge*/bin/python; do
    add o "$program"
  done
}
found=$(search "$@")
if [ -z "$found" ]; then exit 0; fi
printf '%s\n--\n' "$found"
set -f
IFS='
'
set --
for line in $found; do set -- "$@" "${line#? }"; done
count() { counted=$#; }
reals=$(readlink -f "$@" 2>/dev/null)
count $reals
if [ "$counted" -eq $# ]; then
  printf '%s\n' "$reals"
else # this readlink takes one at a time
  for program in "$@"; do readlink -f "$program" 2>/dev/null || printf '%s\n' "$program"; done
fi
printf -- '--\n'
stat -L -c '%Y-%s' "$@" 2>/dev/null || stat -L -f '%m-%z' "$@" 2>/dev/null || true
