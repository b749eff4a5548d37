# What is run on a server (or here, for this machine's sshd) to see its settings. Reads only; POSIX sh
# and the tools that are everywhere. Sent whole to `sh -s`: a text cut off on its way does nothing, as
# only functions stand here and what calls `report` is the last line.
#
# A_TOKEN marks our own lines. A_CONFIG may be empty; A_CONNECTION and A_LOGIN say for whom.
LC_ALL=C
export LC_ALL

say() {
    printf 'abide:%s:%s\n' "$A_TOKEN" "$*" 2>/dev/null || :
}

# Each line of a file with its name, as `KEY FILE` and then the lines, marked.
show() {
    say "begin $1"
    sed "s/^/abide:$A_TOKEN:|/" "$1" 2>/dev/null
    # A last line without its end would run into ours.
    echo
    say "end $1"
}

# The listener that this login came through, else the oldest one: its program and its flags stand in
# its title, `sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups`.
listener() {
    title=
    pid=$$ depth=0
    while [ "${pid:-0}" -gt 1 ] && [ "$depth" -lt 32 ]; do
        is_listener "$pid" && return 0
        pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
        depth=$((depth + 1))
    done
    [ -z "$A_CONNECTION" ] || return 1
    is_listener "$(cat /run/sshd.pid 2>/dev/null)"
}

is_listener() {
    [ -n "$1" ] && [ -r "/proc/$1/cmdline" ] || return 1
    title=$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null)
    case $title in
    'sshd: '*' [listener]'*)
        title=${title#sshd: }
        title=${title%% \[listener\]*}
        return 0
        ;;
    esac
    title=
    return 1
}

# Sets `sshd`, `config` and `flags` (the -o of its command line).
find_sshd() {
    sshd= config=$A_CONFIG flags=
    if [ -z "$config" ] && listener; then
        set -- $title
        sshd=$1
        shift
        while [ $# -gt 0 ]; do
            case $1 in
            -f) config=$2 ;;
            -f?*) config=${1#-f} ;;
            -o) flags="$flags -o $2" ;;
            -o?*) flags="$flags -o ${1#-o}" ;;
            esac
            shift
        done
        [ -z "$flags" ] || say "flags$flags"
    fi
    : "${config:=/etc/ssh/sshd_config}"
    [ -x "$sshd" ] && return 0
    for sshd in /usr/sbin/sshd /usr/local/sbin/sshd /usr/bin/sshd /sbin/sshd \
        /run/current-system/sw/bin/sshd; do
        [ -x "$sshd" ] && return 0
    done
    sshd=
    return 1
}

# For whom `sshd -T` is asked: the person who is here.
connection() {
    set -- $A_CONNECTION
    printf 'user=%s,host=%s,addr=%s,laddr=%s,lport=%s' \
        "$A_LOGIN" "${1:-127.0.0.1}" "${1:-127.0.0.1}" "${3:-127.0.0.1}" "${4:-22}"
}

# Asks sshd, as ourselves, then as root where nobody need be asked.
effective() {
    pid_file=
    # sshd would wait for whoever writes into a pipe.
    if [ -p "$config" ]; then
        say "refused $config is a pipe, not a file"
        return 0
    fi
    for way in "" "sudo -n"; do
        [ -z "$way" ] || command -v sudo >/dev/null || continue
        if printed=$($way "$sshd" -T -f "$config" -C "$(connection)" $flags 2>&1 </dev/null); then
            say "how ${way:+$way }sshd -T"
            printf '%s\n' "$printed" | sed "s/^/abide:$A_TOKEN:set /"
            # Written when sshd starts and when it reads its files again.
            pid_file=$(printf '%s\n' "$printed" | sed -n 's/^[Pp][Ii][Dd][Ff][Ii][Ll][Ee] //p')
            return 0
        fi
        [ -n "$way" ] || why=$printed
    done
    say "refused $(printf '%s' "$why" | tail -n 1)"
    # `FILE line 3: Bad configuration option: X`, or `FILE: No such file or directory`.
    bad=$(printf '%s\n' "$why" | grep -E -m 1 -e '^[^ ].* line [0-9]+: ' -e "^$config: " |
        tr -d '\r')
    [ -z "$bad" ] || case $bad in *'Permission denied'*) ;; *) say "bad $bad" ;; esac
}

# A file of sshd's and what its Include lines lead to; sshd goes 16 deep.
tell_file() {
    [ "$2" -le 16 ] && [ -f "$1" ] || return 0
    if [ ! -r "$1" ]; then
        say "unreadable $1"
        return 0
    fi
    show "$1"
    [ ! -f "$pid_file" ] || [ -z "$(find "$1" -newer "$pid_file" 2>/dev/null)" ] || say "newer $1"
    sed -n 's/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]*//p' "$1" | tr -d '"' |
        while read -r patterns; do
            for pattern in $patterns; do
                case $pattern in /*) ;; *) pattern=/etc/ssh/$pattern ;; esac
                for found in $pattern; do tell_file "$found" $(($2 + 1)); done
            done
        done
}

kernel() {
    [ -d /proc/sys/net/ipv4 ] && say "linux"
    for file in /proc/sys/net/ipv4/tcp_keepalive_time /proc/sys/net/ipv4/tcp_keepalive_intvl \
        /proc/sys/net/ipv4/tcp_keepalive_probes /proc/sys/net/ipv4/tcp_retries2 \
        /proc/sys/net/ipv4/tcp_syn_retries /proc/sys/net/ipv4/tcp_syn_linear_timeouts \
        /proc/sys/net/ipv4/tcp_rto_max_ms \
        /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established; do
        [ -r "$file" ] && say "kernel ${file##*/} $(cat "$file")"
    done
}

# Lines that set the shell's TMOUT, in the files that a login shell reads.
shell_timeout() {
    home=$(cd 2>/dev/null && pwd)
    for file in /etc/profile /etc/profile.d/*.sh /etc/bash.bashrc /etc/bashrc /etc/environment \
        /etc/zsh/zshenv /etc/zsh/zprofile /etc/zsh/zshrc /etc/zshrc /etc/zprofile \
        "$home/.profile" "$home/.bash_profile" "$home/.bash_login" "$home/.bashrc" \
        "$home/.zshenv" "$home/.zprofile" "$home/.zshrc"; do
        [ -f "$file" ] || continue
        if [ ! -r "$file" ]; then
            say "tmout-unreadable $file"
            continue
        fi
        grep -nE '(^|[^A-Za-z0-9_#$])TMOUT=' /dev/null "$file" 2>/dev/null |
            grep -vE '^[^:]*:[0-9]*:[[:space:]]*#' | sed "s/^/abide:$A_TOKEN:tmout /"
    done
    say "tmout-searched"
}

# logind's files, in the order in which systemd reads them: of a setting the last one counts.
idle_stop() {
    if [ ! -d /run/systemd/seats ] && [ ! -d /run/systemd/system ]; then
        say "logind-absent"
        return 0
    fi
    for file in /usr/lib/systemd/logind.conf /run/systemd/logind.conf /etc/systemd/logind.conf \
        /usr/lib/systemd/logind.conf.d/*.conf /run/systemd/logind.conf.d/*.conf \
        /etc/systemd/logind.conf.d/*.conf; do
        [ -r "$file" ] || continue
        grep -nE '^[[:space:]]*StopIdleSessionSec[[:space:]]*=' /dev/null "$file" 2>/dev/null |
            sed "s/^/abide:$A_TOKEN:logind /"
    done
    say "logind-searched"
}

report() {
    say "login $A_LOGIN"
    say "connection $A_CONNECTION"
    say "uid $(id -u)"
    kernel
    shell_timeout
    idle_stop
    if find_sshd; then
        say "config $config"
        say "version $("$sshd" -V 2>&1 </dev/null | sed -n '/OpenSSH_/{s/.*\(OpenSSH_[^ ,]*\).*/\1/p;q;}')"
        effective
        tell_file "$config" 0
    else
        say "no-sshd"
    fi
    say "done"
}
