# Looks at all that decides how an environment is made here, with nothing but the shell's own commands where it can be:
# images without Python have little else.
printf 'machine %s\n' "$(uname -m 2>/dev/null)"
libc=none
for file in /lib/ld-musl-*.so.1; do if [ -e "$file" ]; then libc=musl; fi; done
for file in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*; do if [ -e "$file" ]; then libc=glibc; fi; done
printf 'libc %s\n' "$libc"
printf 'libcVersion %s\n' "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
for name in libGL.so.1 libglib-2.0.so.0; do
  for file in /usr/lib/$name /usr/lib64/$name /usr/lib/*-linux-*/$name /lib/*-linux-*/$name /usr/local/lib/$name; do
    if [ -e "$file" ]; then printf 'library %s\n' "$name"; break; fi
  done
done
for folder in /usr/lib/python3*/*-packages /usr/lib64/python3*/*-packages /usr/local/lib/python3*/*-packages \
  /usr/local/lib64/python3*/*-packages /opt/*/lib/python3*/*-packages; do
  if [ -d "$folder" ]; then
    printf 'folder %s\n' "$folder"
    for file in "$folder"/*.dist-info "$folder"/*.egg-info "$folder"/*.egg-link; do
      if [ -e "$file" ]; then printf 'package %s\n' "${file##*/}"; fi
    done
  fi
done
(
  set -f
  IFS='
'
  for name in $SURVEY_PROGRAMS; do
    if command -v "$name" >/dev/null 2>&1; then printf 'program %s\n' "$name"; fi
  done
  for file in $SURVEY_PATHS; do if [ -e "$file" ]; then printf 'path %s\n' "$file"; fi; done
  for folder in $SURVEY_FOLDERS; do
    if [ -d "$folder" ] && [ -w "$folder" ]; then printf 'writable %s\n' "$folder"; fi
  done
  for file in $SURVEY_TEXTS; do
    if [ -r "$file" ] && [ -f "$file" ]; then
      printf 'text %s\n' "$file"
      while IFS= read -r line || [ -n "$line" ]; do printf '|%s\n' "$line"; done <"$file"
    fi
  done
)
unset SURVEY_PROGRAMS SURVEY_PATHS SURVEY_FOLDERS SURVEY_TEXTS
printf '== programs\n'

