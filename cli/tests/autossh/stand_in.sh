#!/bin/sh
# Stands in for ssh: notes when it was started and with what, then does what the plan says for this
# start. The plan has one word for each start, the last of them for all that follow:
#   SECONDS:STATUS   live so long, then exit so
#   SECONDS:sSIGNAL  live so long, then die of a signal
#   deaf             live on through SIGTERM
count=$(($(wc -l <"$STAND_IN_LOG") + 1))
line=$(date +%s.%N)
for word in "$@"; do line="$line|$word"; done
echo "$line" >>"$STAND_IN_LOG"
set -- $STAND_IN_PLAN
while [ "$count" -gt 1 ] && [ $# -gt 1 ]; do
    shift
    count=$((count - 1))
done
case $1 in
deaf) trap '' TERM; exec sleep 60 ;;
esac
span=${1%%:*}
end=${1#*:}
[ "$span" = 0 ] || sleep "$span"
case $end in
s*) kill -"${end#s}" $$ ;;
*) exit "$end" ;;
esac
