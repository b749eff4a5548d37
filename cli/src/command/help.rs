//! `abide --help`: one screen, examples first.

/// The text.
pub(crate) const TEXT: &str = "\
abide: SSH that lasts exactly as long as you say

  abide host                      a shell that survives outages, sleep, roaming
  abide user@host make -j8        a command that survives them
  rsync -e abide big/ host:big/   under rsync, scp -S abide, sftp -S abide, git

Sessions
  abide [options] [ssh's flags] [user@]host [command]
  abide ls [host] [--json]        list sessions
  abide attach [host] [session]   attach; -d detaches all other clients
  abide detach [host] session     detach its clients; it goes on
  abide end [host] session        end it
  abide log [host] [session]      what it printed; -n LINES, --plain
  abide ssh ...                   the explicit form, for a host called `ls`

Options, before ssh's own flags
  --name NAME                     call the session NAME
  --no-udp                        let ssh's own connection carry everything
  --udp-ports LOW-HIGH            UDP ports for the keeper (default 60000-61000)
  --predict WHEN                  keys shown ahead: adaptive, always, never
  --output HOW                    too much for the path: smart, exact, latest

In a session, at the start of a line
  ~. leave, end it   ~d detach   ~s scrollback   ~^Z suspend   ~? help   ~~ a ~

For every other ssh client: ~/.ssh/config, in the host's block
  ProxyCommand abide proxy %h %p  VS Code, Ansible, plain ssh survive outages

Timeouts of ssh and sshd, and tunnels
  abide timeouts show host        what is set, what it will do; chart, verify
  abide timeouts set|undo|log     change them: diff, backup, proof, undo
  abide tunnel -L ... host        supervised; `abide autossh`: a drop-in

More
  abide compare host              ssh, mosh, autossh, abide: who does best here
  abide demo                      see it on this machine, with the cable pulled
  abide completions SHELL | man   completions for bash, zsh ...; the manual page

ssh does all authentication: ssh_config, agents, jump hosts, certificates and
prompts behave as ever. Exit status: the remote command's own, or 255.
";
