# The far end, in the place of the login shell and under its process number: counts aloud ten times
# a second, but while a file says hush, and answers each line that it reads. $1: a directory.
stty -echo
# Reading it always waits: a pause that starts no process.
exec 9<> <(:)
count() {
    n=0
    while :; do
        if [ ! -e "$1/hush" ]; then
            n=$((n + 1))
            echo "line $n."
        elif [ ! -e "$1/count" ]; then
            echo "$n" >"$1/count.part"
            mv "$1/count.part" "$1/count"
        fi
        read -rt 0.1 -u 9
    done
}
count "$1" &
echo "ready $$."
while IFS= read -r word; do
    printf '%s\n' "$word" >>"$1/typed"
    echo "[$word $$]"
done
