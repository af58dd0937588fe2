paths=$7
own() { ( PATH=$PATH:$paths; exec "$@" ); }
folder=
for place in /dev/shm /tmp "$6"; do
  if ( umask 077; own mkdir "$place/$1" ) 2>/dev/null; then folder=$place/$1; break; fi
done
[ -n "$folder" ] || { echo "no folder in the container can be written to" >&2; exit 1; }
printf '%s\n' "$2" > "$folder/report"
printf '%s\n' "$3" > "$folder/check"
shell=$(PATH=$PATH:$paths; command -v "$5" || echo /bin/sh)
{
  script=0 broken=
  "$shell" -c "$4" "$shell" "$folder" 2>&1
  code=$?
  [ ! -e "$folder/script" ] || read -r script < "$folder/script"
  [ ! -e "$folder/broken" ] || read -r broken < "$folder/broken"
  printf '\n%s %s %s %s\n' "$1" "$script" "$code" "$broken"
  [ ! -e "$folder/environment" ] || own cat "$folder/environment"
  printf '\n%s\n' "$1"
  own rm -rf "$folder"
} | own cat
