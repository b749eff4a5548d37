# What runs on a server (or here, for this machine's sshd) while its sshd's settings are changed: looks,
# checks, applies, puts back. POSIX sh and the tools that are everywhere. Only functions stand here; what
# is sent after them sets A_* and calls `main VERB`, so that a text cut off on its way does nothing.
#
# A_TOKEN marks our own lines. A_SSHD, A_CONFIG, A_PID_FILE, A_RELOAD may be empty. A_TARGET is the file
# to change; payload_before, payload_after, payload_script and payload_expect print what was sent along.
LC_ALL=C
export LC_ALL
umask 077

say() {
    printf 'abide:%s:%s\n' "$A_TOKEN" "$*" 2>/dev/null || :
}

# Prints a file so that every byte can be had back: each line is marked, and an x ends the last one.
show() {
    say "begin $1"
    { cat "$2" && echo x; } 2>/dev/null | sed "s/^/abide:$A_TOKEN:|/"
    say "end $1"
}

# Prints what was sent along, which ends in an x that is not part of it.
exact() {
    body=$(cat)
    printf %s "${body%x}"
}

find_sshd() {
    for sshd in "$A_SSHD" /usr/sbin/sshd /usr/local/sbin/sshd /usr/bin/sshd /sbin/sshd \
        /run/current-system/sw/bin/sshd; do
        [ -n "$sshd" ] && [ -x "$sshd" ] && return 0
    done
    sshd=
    return 1
}

# The file behind links.
real() {
    if [ -L "$1" ]; then readlink -f "$1"; else printf '%s\n' "$1"; fi
}

# For whom `sshd -T` is asked: who was named, else the person who is here.
connection() {
    if [ -n "${A_ASKER:-}" ]; then
        printf '%s' "$A_ASKER"
        return
    fi
    set -- $A_CONNECTION
    printf 'user=%s,host=%s,addr=%s,laddr=%s,lport=%s' \
        "$A_LOGIN" "${1:-127.0.0.1}" "${1:-127.0.0.1}" "${3:-127.0.0.1}" "${4:-22}"
}

effective() {
    "$sshd" -T -f "$1" -C "$(connection)" </dev/null
}

# How sshd is made to read its files again: sets R_KIND and R_WHAT. Never a restart.
reload_way() {
    R_KIND=none R_WHAT=
    if [ -n "$A_RELOAD" ]; then
        R_KIND=command R_WHAT=$A_RELOAD
        return
    fi
    if [ -z "$A_PID_FILE" ] && [ "$A_MAIN" = /etc/ssh/sshd_config ] && [ -d /run/systemd/system ]; then
        for unit in ssh sshd; do
            if systemctl is-active --quiet "$unit.service"; then
                R_KIND=unit R_WHAT=$unit.service
                return
            fi
        done
        for unit in ssh sshd; do
            if systemctl is-active --quiet "$unit.socket"; then
                R_KIND=socket R_WHAT=$unit.socket
                return
            fi
        done
    fi
    R_WHAT=$A_PID_FILE
    if [ -z "$R_WHAT" ]; then
        R_WHAT=$(effective "$A_MAIN" 2>/dev/null | sed -n 's/^[Pp][Ii][Dd][Ff][Ii][Ll][Ee] //p')
    fi
    case $R_WHAT in
    '' | none) R_WHAT= ;;
    *) listener && R_KIND=pid ;;
    esac
}

# The listener of the pid file, if it lives and is an sshd.
listener() {
    pid=$(cat "$R_WHAT" 2>/dev/null) || return 1
    case $pid in '' | *[!0-9]*) return 1 ;; esac
    kill -0 "$pid" 2>/dev/null || return 1
    [ ! -r "/proc/$pid/comm" ] || grep -q sshd "/proc/$pid/comm"
}

reload() {
    case $R_KIND in
    command) sh -c "$R_WHAT" </dev/null ;;
    unit) systemctl reload "$R_WHAT" </dev/null ;;
    socket) : ;;
    pid) listener && kill -HUP "$pid" ;;
    *) return 1 ;;
    esac
}

# After putting back: a listener that did not survive is started again.
reload_or_start() {
    reload && return 0
    case $R_KIND in
    unit) systemctl start "$R_WHAT" </dev/null ;;
    pid) listener || "$sshd" -f "$A_MAIN" </dev/null >/dev/null 2>&1 ;;
    *) return 1 ;;
    esac
}

# Prints a file and what its Include lines lead to; sshd goes 16 deep.
tell_file() {
    [ "$2" -le 16 ] && [ -f "$1" ] || return 0
    if [ ! -r "$1" ]; then
        say "unreadable $1"
        return 0
    fi
    show "file $1" "$1"
    sed -n 's/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]*//p' "$1" | tr -d '"' |
        while read -r patterns; do
            for pattern in $patterns; do
                case $pattern in /*) ;; *) pattern=/etc/ssh/$pattern ;; esac
                for found in $pattern; do tell_file "$found" $(($2 + 1)); done
            done
        done
}

look() {
    say "uid $(id -u)"
    say "login $A_LOGIN"
    say "connection $A_CONNECTION"
    say "system $(sed -n 's/^ID\(_LIKE\)\{0,1\}=//p' /etc/os-release 2>/dev/null | tr -d '"' | tr '\n' ' ')"
    if ! find_sshd; then
        say "no-sshd"
        return 1
    fi
    say "sshd $sshd"
    say "version $("$sshd" -V 2>&1 </dev/null | sed -n '/OpenSSH_/{s/.*\(OpenSSH_[^ ,]*\).*/\1/p;q;}')"
    say "main $A_MAIN"
    if [ ! -r "$A_MAIN" ]; then
        say "unreadable $A_MAIN"
        return 1
    fi
    { [ -w "$A_MAIN" ] && [ -w "$(dirname "$A_MAIN")" ]; } || say "unwritable $A_MAIN"
    tell_file "$A_MAIN" 0
    if said=$(effective "$A_MAIN" 2>&1); then
        printf '%s\n' "$said" | sed "s/^/abide:$A_TOKEN:set /"
    else
        say "broken $(printf '%s' "$said" | tr '\n' ' ')"
    fi
    reload_way
    say "reload $R_KIND $R_WHAT"
}

# Whether a file holds what was sent along; `absent` for none.
holds() {
    if [ "$2" = absent ]; then [ ! -e "$1" ]; else cmp -s "$3" "$1"; fi
}

sync_path() {
    sync "$1" 2>/dev/null || sync
}

# Puts a content in the target's place at one stroke, like the old file in owner, mode and label. The
# fresh file's name is one that no Include pattern of sshd_config.d/*.conf finds.
place() {
    fresh=$(dirname "$target")/.abide-$A_TOKEN
    rm -f "$fresh"
    if [ -e "$target" ]; then
        cp -a "$target" "$fresh" 2>/dev/null || cp -p "$target" "$fresh" || return 1
    fi
    cat "$1" >"$fresh" && sync_path "$fresh" && cmp -s "$1" "$fresh" && holds "$target" "$2" "$3" &&
        mv -f "$fresh" "$target" && sync_path "$(dirname "$target")"
}

# The old file gets a second name first: to put it back then takes no space on a disk that is full.
put_new() {
    {
        [ ! -e "$target" ] || ln "$target" "$old" || cp -a "$target" "$old" || return 1
        if [ "$A_AFTER" = absent ]; then
            holds "$target" "$A_BEFORE" "$work/before" && unlink_target
        else
            place "$work/after" "$A_BEFORE" "$work/before"
        fi
    } 2>"$work/said"
}

unlink_target() {
    rm -f "$target" && sync_path "$(dirname "$target")"
}

# The old content again. What is neither the old nor the new one is somebody else's: it stays.
put_back() {
    holds "$target" "$A_BEFORE" "$work/before" && return 0
    holds "$target" "$A_AFTER" "$work/after" || return 1
    if [ "$A_BEFORE" = absent ]; then
        unlink_target
    elif cmp -s "$work/before" "$old"; then
        mv -f "$old" "$target" && sync_path "$(dirname "$target")"
    else
        place "$work/before" "$A_AFTER" "$work/after"
    fi
}

tidy() {
    rm -f "$(dirname "$target")/.abide-$A_TOKEN" "$old"
}

# What may have to be written down later is here from the start, for the same reason.
prepare() {
    for word in refused confirmed rolled-back conflict; do
        printf '%s\n' "$word" >"$work/$word" || return 1
    done
    : >"$work/open" && : >"$work/asked"
}

# Whoever moves this file decides: a confirmation in the same moment as the end of the time loses or
# wins whole.
decide() {
    mv "$work/open" "$work/decided" 2>/dev/null
}

outcome() {
    mv -f "$work/$1" "$work/outcome"
}

put_back_now() {
    mv "$work/asked" "$work/no" 2>/dev/null
}

refuse() {
    decide
    outcome refused
    tidy
    say "refused $1"
    [ ! -s "$work/said" ] || show "said" "$work/said"
    return 1
}

# Old folders go, the newest ten stay: each has the content that was before.
forget() {
    ls -t "$1" | sed 1,10d | while read -r old; do
        case $old in *[!0-9a-f]* | '') ;; *) [ ! -e "$1/$old/outcome" ] || rm -rf "${1:?}/$old" ;; esac
    done
}

open_work() {
    base=$(dirname "$A_MAIN")/.abide
    work=$base/$A_TOKEN
    target=$(real "$A_TARGET")
    old=$(dirname "$target")/.abide-$A_TOKEN.old
}

# What sshd would say of the new file, before anything is changed. A drop-in is read first, as the first
# value wins.
check() {
    open_work
    find_sshd
    # Nothing to read yet where a file goes: the whole is asked about when it is gone.
    [ "$A_AFTER" = present ] || { say "valid"; return 0; }
    mkdir -p "$work" || { say "refused no-work"; return 1; }
    payload_after >"$work/after" && {
        if [ "$target" = "$(real "$A_MAIN")" ]; then
            cat "$work/after"
        else
            printf 'Include "%s"\n' "$work/after" && cat "$A_MAIN"
        fi
    } >"$work/check" || { say "refused full"; rm -rf "$work"; return 1; }
    if said=$("$sshd" -t -f "$work/check" 2>&1 </dev/null); then
        say "valid"
    else
        printf '%s\n' "$said" >"$work/said"
        say "refused invalid"
        show "said" "$work/said"
        rm -rf "$work"
        return 1
    fi
    rm -rf "$work"
}

apply() {
    trap '' HUP INT PIPE
    open_work
    find_sshd
    reload_way
    [ "$R_KIND" != none ] || { say "refused no-reload"; return 1; }
    mkdir -p "$base" && forget "$base" && mkdir "$work" || { say "refused no-work"; return 1; }
    { payload_before >"$work/before" && payload_after >"$work/after" &&
        payload_expect >"$work/expect" && payload_script >"$work/script.sh" && prepare; } 2>"$work/said" ||
        { say "refused full"; rm -rf "$work"; return 1; }
    holds "$target" "$A_BEFORE" "$work/before" || { refuse changed; return 1; }
    [ ! -e "$target" ] || [ -n "$(find "$target" -prune \( -perm -200 -o -perm -020 -o -perm -002 \))" ] ||
        { refuse read-only; return 1; }
    watcher || { refuse no-watcher; return 1; }
    if ! put_new; then
        if holds "$target" "$A_BEFORE" "$work/before"; then refuse not-written; else refuse changed; fi
        return 1
    fi
    if ! "$sshd" -t -f "$A_MAIN" 2>"$work/said" </dev/null; then
        put_back
        refuse invalid
        return 1
    fi
    if ! expected; then
        put_back
        refuse no-effect
        return 1
    fi
    if [ -e "$work/decided" ]; then
        put_back
        refuse no-time
        return 1
    fi
    say "placed"
    if ! reload >"$work/said" 2>&1; then
        put_back_now
        say "not-reloaded"
        [ ! -s "$work/said" ] || show "said" "$work/said"
        await
        return 1
    fi
    say "applied"
    if read -r answer; then
        if [ "$answer" = keep ]; then
            confirm
            return
        fi
        put_back_now
        await
    fi
}

# Every line that was sent along must be what `sshd -T` prints.
expected() {
    effective "$A_MAIN" >"$work/effective" 2>"$work/said" || return 1
    while read -r line; do
        grep -qixF -e "$line" "$work/effective" || {
            echo "sshd -T does not print: $line" >"$work/said"
            return 1
        }
    done <"$work/expect"
}

# Starts the watcher where the end of this login does not end it, and waits until it is there.
watcher() {
    chmod 700 "$work/script.sh"
    unit=abide-settings-$A_TOKEN
    if [ "$(id -u)" = 0 ] && [ -d /run/systemd/system ] && command -v systemd-run >/dev/null &&
        systemd-run --quiet --collect --unit="$unit" sh "$work/script.sh" </dev/null >/dev/null 2>&1; then
        :
    elif command -v setsid >/dev/null; then
        setsid sh "$work/script.sh" </dev/null >/dev/null 2>&1 &
    else
        nohup sh "$work/script.sh" </dev/null >/dev/null 2>&1 &
    fi
    tries=0
    while [ ! -s "$work/armed" ]; do
        [ "$tries" -lt 50 ] || return 1
        tries=$((tries + 1))
        sleep 0.1 2>/dev/null || sleep 1
    done
}

# The watcher: puts the old content back unless somebody decides otherwise in time. A machine that shuts
# down ends the waiting.
watch() {
    trap '' HUP INT PIPE
    stop=
    trap 'stop=1' TERM
    open_work
    find_sshd
    reload_way
    echo "$$" >"$work/armed"
    waited=0
    while [ "$waited" -lt "$A_WITHIN" ] && [ -z "$stop" ] && [ ! -e "$work/no" ]; do
        [ ! -e "$work/decided" ] || exit 0
        sleep 1
        waited=$((waited + 1))
    done
    decide || exit 0
    if put_back; then
        "$sshd" -t -f "$A_MAIN" </dev/null && reload_or_start
        outcome rolled-back
    else
        outcome conflict
    fi
    tidy
}

await() {
    waited=0
    while [ ! -s "$work/outcome" ]; do
        [ "$waited" -le $((A_WITHIN + 15)) ] || { say "outcome unknown"; return 1; }
        sleep 1
        waited=$((waited + 1))
    done
    say "outcome $(cat "$work/outcome")"
}

# Sent through a fresh login: that it arrives is the proof.
confirm() {
    open_work
    if decide; then
        outcome confirmed
        tidy
    fi
    say "outcome $(cat "$work/outcome" 2>/dev/null)"
}

main() {
    A_MAIN=${A_CONFIG:-/etc/ssh/sshd_config}
    "$1"
    say "done $1 $?"
}
