caught=
trap 'caught="$caught 129 "' HUP
trap 'caught="$caught 130 "' INT
trap 'caught="$caught 131 "' QUIT
trap 'caught="$caught 143 "' TERM
status_file=$1 members=$2 lingers=$3
shift 3
exec 3>&2 2>/dev/null
[ -z "$members" ] || echo $$ >"$members"
exec 2<>"$status_file"
(exec 2>&3 3>&-; exec "$@")
code=$?
exec 2>/dev/null
status=$code
if [ "$code" -gt 128 ]; then
  read -r words <"$status_file"
  [ -z "$BASH_VERSION" ] || [ "$code" = 130 ] || words=unknown
  case "$words:$caught" in [!:]* | *" $code "*) status="$code signal" ;; esac
fi
echo "$status" 1<>"$status_file" || exit "$code"
while [ -n "$lingers" ]; do
  left=
  read -r left <"/proc/$$/task/$$/children"
  [ -n "$left" ] || break
  sleep 0.1 || [ $? -gt 128 ] || sleep 1 || break
done
exit "$code"
